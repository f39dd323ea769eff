"""Depthwise parametrizations (α, γ), classified in exact arithmetic, and the paper's residual MLPs, trained by Adam.

The nets, of which those that differ in learning rate and seed are stacked into one, are

    x^0 = U ξ,    x^l = x^{l-1} + a (L/L0)^{-α} MS(φ(W^l x^{l-1})),    f = Vᵀ x^L,    MS(y) = y − mean(y),

W at N(0, 1/n), V at N(0, 1/n²), U and V not trained. Adam moves W by η (L/L0)^{-γ} (n0/n) a step (μP in the width).
"""

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from infwidth.parametrization.rationals import Rational, rational

if TYPE_CHECKING:
    import torch

_HALF = Fraction(1, 2)


class DepthVerdict(NamedTuple):
    """What the limit of infinite width, then depth, of a parametrization is."""

    stable_at_start: bool
    """Whether the layers stay of order one at initialisation: α ≥ 1/2."""
    growth: Fraction
    """The power of L of what one step changes in the output, 1 − α − γ: unstable above zero, trivial below."""
    faithful: bool
    """Whether it is stable, nontrivial, and its layers stay apart from one another by no more than their own size."""
    diversity: Fraction | None
    """The feature diversity exponent κ of a faithful one: 1/2 for Depth-μP, 0 for all others."""


def classify_depthwise(alpha: Rational, gamma: Rational) -> DepthVerdict:
    """Return the verdict on (α, γ), exact rationals or such as "1/2" (paper, Section 5: stable at initialisation for
    α ≥ 1/2; stable and nontrivial for α + γ = 1; faithful for α in [1/2, 1]; κ = 1/2 for α = γ = 1/2 only).
    """
    a, g = rational(alpha, "alpha"), rational(gamma, "gamma")
    stable, growth = a >= _HALF, 1 - a - g
    faithful = stable and a <= 1 and growth == 0
    return DepthVerdict(stable, growth, faithful, (_HALF if a == _HALF else Fraction(0)) if faithful else None)


#: The depth and width at which (α, γ) change nothing, as in the paper.
BASE_DEPTH, BASE_WIDTH = 8, 256
#: Adam's, without an ε that would have to shrink with the depth.
_β1, _β2, _ε = 0.9, 0.999, 1e-20


class Batch(NamedTuple):
    """Inputs [P, D] and classes [P]."""

    x: "torch.Tensor"
    y: "torch.Tensor"


class Moment(NamedTuple):
    """A batch seen by the nets before they learn from it."""

    losses: "torch.Tensor"
    """Mean cross-entropy of every net [R]."""
    layers: "torch.Tensor"
    """x^l of l = 0, …, L [L + 1, R, P, n]; changed in place by the next step."""


class Initial(NamedTuple):
    """U [R, D, n], W [L, R, n, n] and V [R, n, k] of R nets."""

    u: "torch.Tensor"
    w: "torch.Tensor"
    v: "torch.Tensor"


def train(
    initial: Initial,
    batches: Iterator[Batch],
    *,
    branch: float,
    lr: Sequence[float],
    activation: str,
) -> Iterator[Moment]:
    """Yield what R stacked nets say of every batch, and train them on it by Adam; ``lr`` has a rate for each net."""
    import torch

    u, w, v = initial
    n_blocks, runs, width, _ = w.shape
    φ, slope = _activation(activation)
    rates = torch.tensor(lr, dtype=w.dtype)[:, None, None]
    first, second, gradient = torch.zeros_like(w), torch.zeros_like(w), torch.empty_like(w)
    for step, (x, y) in enumerate(batches, start=1):
        layers, before = torch.empty(n_blocks + 1, runs, len(x), width), torch.empty(n_blocks, runs, len(x), width)
        torch.matmul(x, u, out=layers[0])
        for block in range(n_blocks):
            torch.bmm(layers[block], w[block].mT, out=before[block])
            after = φ(before[block])
            torch.add(layers[block], after - after.mean(-1, keepdim=True), alpha=branch, out=layers[block + 1])
        log_p = torch.bmm(layers[-1], v).log_softmax(-1)
        answers = y.expand(runs, -1)[..., None]
        yield Moment(-log_p.gather(-1, answers).mean((1, 2)), layers)
        errors = (log_p.exp().scatter_add(-1, answers, -torch.ones_like(log_p[..., :1]))) / len(x)
        back = torch.bmm(errors, v.mT)
        slopes = slope(before)
        for block in reversed(range(n_blocks)):
            centred = (back - back.mean(-1, keepdim=True)).mul_(branch).mul_(slopes[block])
            torch.bmm(centred.mT, layers[block], out=gradient[block])
            back.baddbmm_(centred, w[block])
        first.lerp_(gradient, 1 - _β1)
        second.mul_(_β2).addcmul_(gradient, gradient, value=1 - _β2)
        unit = (second / (1 - _β2**step)).sqrt_().add_(_ε)
        w -= rates / (1 - _β1**step) * first / unit


def _activation(name: str) -> "tuple[Callable[..., torch.Tensor], Callable[..., torch.Tensor]]":
    import torch

    if name == "abs":
        return torch.abs, torch.sign
    return torch.relu, lambda z: (z > 0).to(z.dtype)
