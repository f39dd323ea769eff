"""The losses, as functions of logits [..., k] and labels [...]: means over all examples (and places of a text)."""

from collections.abc import Callable

import torch
from torch.nn import functional as F

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def cross_entropy(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return the mean of −log softmax(f) at the label."""
    return F.cross_entropy(logits.flatten(0, -2), labels.flatten().long())


def mean_squared_error(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return the mean over examples and outputs of (f − y)², y one-hot."""
    return F.mse_loss(logits, F.one_hot(labels.long(), logits.shape[-1]).to(logits.dtype))


def binary_squared_error(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return the mean over examples of (f − y)² for one output and two classes, y = −1 and +1."""
    return F.mse_loss(logits.squeeze(-1), 2.0 * labels.to(logits.dtype) - 1.0)


LOSSES: dict[str, Loss] = {
    "cross_entropy": cross_entropy,
    "mse": mean_squared_error,
    "binary_mse": binary_squared_error,
}


def n_outputs(loss: str, n_classes: int) -> int:
    """Return how many outputs a net needs for a loss: one for two classes told by a sign, else one a class."""
    return 1 if loss == "binary_mse" else n_classes
