"""Residual nets of one shape side by side: those of all learning rates and seeds are one batched product a layer.

With P examples, rows of ξ, a residual net of L blocks is

    x^0 = ξ U,    x^l = x^{l-1} + b B(x^{l-1}),    f = x^L V   or   φ(x^L) V,

whose branch B is one or two layers MS(φ(N(x) W)), or, with the nonlinearity before the weights, MS(φ(N(x))) W.
N is nothing, a layer norm or a batch norm (no gains, no running means), MS(y) = y − mean(y) over neurons.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

#: Adam's; without an ε that would have to shrink with width and depth.
_β1, _β2, _ε = 0.9, 0.999, 1e-20
#: A norm's, of the variance.
_NORM_ε = 1e-5

_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"relu": torch.relu, "abs": torch.abs}


@dataclass(frozen=True)
class Shape:
    """What nets do with their weights.

    Attributes:
        branch: b, what a branch is multiplied by.
        activation: φ.
        norm: N, at the entry of a branch.
        first: whether a layer of a branch is its weights first or its nonlinearity.
        mean_subtraction: whether there is MS.
        readout_of: what V reads, the stream x^L or φ of it.
    """

    branch: float
    activation: Literal["relu", "abs"]
    norm: Literal["none", "layer", "batch"]
    first: Literal["weights", "nonlinearity"]
    mean_subtraction: bool
    readout_of: Literal["stream", "activations"]


class Weights(NamedTuple):
    """U [R, D, n], V [R, n, k] and the layers [R, n, n] of every branch, of R nets."""

    u: Tensor
    branches: list[list[Tensor]]
    v: Tensor


class Rates(NamedTuple):
    """What U, the branches' layers and V learn at, [R, 1, 1] each; ends that do not learn have no rate."""

    u: Tensor | None
    branches: Tensor
    v: Tensor | None


class Moment(NamedTuple):
    """What nets say of a batch before they learn from it."""

    losses: Tensor
    """Mean cross-entropy of every net [R]."""
    growth: Tensor
    """Root mean square of x^L over that of x^0 [R]."""


def train(
    weights: Weights,
    batches: Iterable[tuple[Tensor, Tensor]],
    *,
    shape: Shape,
    rates: Rates,
    optimizer: Literal["sgd", "adam"],
) -> Iterator[Moment]:
    """Yield a moment for every batch (inputs [P, D] and classes [P]), and train the nets on it, in place."""
    learning = [
        (w, rate)
        for w, rate in chain(
            [(weights.u, rates.u)],
            ((layer, rates.branches) for branch in weights.branches for layer in branch),
            [(weights.v, rates.v)],
        )
        if rate is not None
    ]
    parameters = [w.requires_grad_() for w, _ in learning]
    step_ = (_adam if optimizer == "adam" else _sgd)(learning)
    for x, y in batches:
        first, last = _streams(weights, x, shape)
        read = _ACTIVATIONS[shape.activation](last) if shape.readout_of == "activations" else last
        logits = torch.bmm(read, weights.v)
        runs, examples, _ = logits.shape
        losses = cross_entropy(logits.flatten(0, 1), y.repeat(runs), reduction="none").view(runs, examples).mean(1)
        gradients = torch.autograd.grad(losses.sum(), parameters)
        with torch.no_grad():
            yield Moment(losses.detach(), (last.square().mean((1, 2)) / first.square().mean((1, 2))).sqrt())
            step_(gradients)


def _streams(weights: Weights, x: Tensor, shape: Shape) -> tuple[Tensor, Tensor]:
    """Return x^0 and x^L, [R, P, n]."""
    φ = _ACTIVATIONS[shape.activation]
    first = stream = torch.matmul(x, weights.u)
    for layers in weights.branches:
        h = _normed(stream, shape.norm)
        for place, w in enumerate(layers):
            h = φ(torch.bmm(h, w)) if shape.first == "weights" else φ(h)
            if shape.mean_subtraction and (shape.first == "nonlinearity" or place == len(layers) - 1):
                h = h - h.mean(-1, keepdim=True)
            if shape.first == "nonlinearity":
                h = torch.bmm(h, w)
        stream = torch.add(stream, h, alpha=shape.branch)
    return first, stream


def _normed(x: Tensor, norm: str) -> Tensor:
    if norm == "none":
        return x
    axis = -1 if norm == "layer" else 1
    variance, mean = torch.var_mean(x, axis, correction=0, keepdim=True)
    return (x - mean) * (variance + _NORM_ε).rsqrt()


#: What takes the gradients of all that learns, and moves it.
_Step = Callable[[tuple[Tensor, ...]], None]


def _sgd(learning: list[tuple[Tensor, Tensor]]) -> _Step:
    def step_(gradients: tuple[Tensor, ...]) -> None:
        for (w, rate), gradient in zip(learning, gradients, strict=True):
            w.sub_(rate * gradient)

    return step_


def _adam(learning: list[tuple[Tensor, Tensor]]) -> _Step:
    """Adam of nets that differ in their rates, a layer at a time while it is in the cache."""
    firsts, seconds = ([torch.zeros_like(w) for w, _ in learning] for _ in range(2))
    steps = 0

    def step_(gradients: tuple[Tensor, ...]) -> None:
        nonlocal steps
        steps += 1
        unbiased = (1 - _β2**steps) ** 0.5 / (1 - _β1**steps)
        for (w, rate), first, second, gradient in zip(learning, firsts, seconds, gradients, strict=True):
            first.lerp_(gradient, 1 - _β1)
            second.mul_(_β2).addcmul_(gradient, gradient, value=1 - _β2)
            size = second.sqrt().add_(_ε)
            w.sub_(torch.div(first, size, out=size).mul_(unbiased * rate))

    return step_
