"""The losses, as functions of logits [P, k] and labels [P]."""

from collections.abc import Callable

import torch
from torch.nn import functional as F

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def mean_squared_error(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return the mean over examples and outputs of (f − y)², y one-hot."""
    return F.mse_loss(logits, F.one_hot(labels, logits.shape[1]).to(logits.dtype))


LOSSES: dict[str, Loss] = {"cross_entropy": F.cross_entropy, "mse": mean_squared_error}
