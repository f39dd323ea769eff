"""Classifiers of one width and many learning rates side by side: each layer of all of them is one batched product."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, one_hot

from infwidth.activations import Activation

Loss = Literal["cross_entropy", "mse"]


def loss_of_nothing(loss: Loss, n_classes: int) -> float:
    """Return the loss of a net whose outputs are zero on classes: log k, or 1/k, the mean of squares of one-hot y."""
    return math.log(n_classes) if loss == "cross_entropy" else 1 / n_classes


@dataclass
class Classifiers:
    """M MLPs without biases by their effective weights, multipliers absorbed: [M, fan-out, fan-in] a layer.

    ``rates`` is what these learn at, [M] a layer. Examples are columns, [d, B], the same for all nets; ``loss`` is the
    cross-entropy, or the mean over examples and classes of (f − y)², y one-hot.
    """

    weights: list[Tensor]
    rates: list[Tensor]
    activation: Activation
    loss: Loss

    def step(self, x: Tensor, labels: Tensor) -> Tensor:
        """Move by one step of gradient descent on a batch, and return the losses before it, [M]."""
        entering, slopes = self._forward(x)
        losses, δ = self._errors(entering[-1], labels)
        for layer in reversed(range(len(self.weights))):
            weight, rate = self.weights[layer], self.rates[layer][:, None, None]
            before = (weight.mT @ δ).mul_(slopes[layer - 1]) if layer else None
            if before is None:  # one product for all nets: they see the same x
                weight.view(-1, len(x)).addmm_((rate * δ).flatten(0, 1), x.T, alpha=-1)
            else:
                weight.baddbmm_(rate * δ, entering[layer].mT, alpha=-1)
                δ = before
        return losses

    def losses(self, x: Tensor, labels: Tensor) -> Tensor:
        """Return the losses of all nets on a batch, [M]."""
        return self._errors(self._forward(x)[0][-1], labels)[0]

    def only(self, chosen: Tensor) -> "Classifiers":
        """Return the nets of these numbers; they are copies."""
        picked = [w[chosen] for w in self.weights], [rate[chosen] for rate in self.rates]
        return Classifiers(*picked, self.activation, self.loss)

    def _forward(self, x: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """Return what enters every layer, the outputs last, [M, n, B] but for x, and the slopes of the hidden ones."""
        first, *others = self.weights
        entering, slopes = [x], []
        h = (first.view(-1, len(x)) @ x).view(*first.shape[:2], -1)
        for weight in others:
            slopes.append(self.activation.slope(h))
            entering.append(self.activation.value(h))
            h = weight @ entering[-1]
        return [*entering, h], slopes

    def _errors(self, outputs: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the losses [M] of outputs [M, k, B], and their gradients in these."""
        target = one_hot(labels, outputs.shape[1]).T.to(outputs.dtype)
        if self.loss == "mse":
            errors = outputs - target
            return errors.square().mean((1, 2)), errors * (2 / target.numel())
        every = labels.expand(len(outputs), -1)
        losses = cross_entropy(outputs, every, reduction="none").mean(1)
        return losses, (outputs.softmax(1) - target) / len(labels)


def classifiers(
    draws: Sequence[Tensor],
    *,
    scales: Sequence[float],
    rates: Sequence[float],
    lrs: Sequence[float],
    activation: Activation,
    loss: Loss,
) -> Classifiers:
    """Return a net for every learning rate and seed, the seeds of a rate side by side.

    ``draws`` are standard normals [S, fan-out, fan-in] a layer, which every rate starts from; a layer's weights are
    ``scales`` times these, and learn at ``rates`` times the net's own of ``lrs``.
    """
    per_net = torch.tensor(lrs, dtype=draws[0].dtype).repeat_interleave(len(draws[0]))
    weights = [(scale * draw).repeat(len(lrs), 1, 1) for scale, draw in zip(scales, draws, strict=True)]
    return Classifiers(weights, [rate * per_net for rate in rates], activation, loss)
