"""abc-parametrizations and their gauge freedom: scale a weight's multiplier down, its init and learning rate up."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Generic, Literal, NamedTuple, TypeVar

from infwidth.errors import SpecError, nearest
from infwidth.parametrization.rationals import Rational, rational

OptimizerFamily = Literal["sgd", "adam"]
NumberT = TypeVar("NumberT", float, Fraction)

# How the learning rate answers to W -> W/theta: a gradient step moves W by lr * gradient, and the gradient of the
# smaller weight is larger; a step of Adam does not feel the size of the gradient (Yang et al. 2022, Lemma J.1).
_LR_POWER = {"sgd": 2, "adam": 1}


def lr_power(optimizer: str) -> int:
    """Return p such that the gauge change of size theta turns a learning rate lr into theta^p lr (SGD 2, Adam 1)."""
    if optimizer not in _LR_POWER:
        raise SpecError(f"unknown optimizer family '{optimizer}'; it is sgd or adam{nearest(optimizer, _LR_POWER)}")
    return _LR_POWER[optimizer]


class NativeExponents(NamedTuple):
    """Exponents of a net without multipliers: layer l starts with std n^-std[l] and learns at rate n^-lr[l]."""

    std: tuple[Fraction, ...]
    lr: tuple[Fraction, ...]


@dataclass(frozen=True)
class ABC:
    """An abc-parametrization (Yang & Hu 2021) with a learning rate per layer.

    Layer l = 1, …, L+1 (entry l-1 of each tuple) is W = n^-a w with trainable w, entries N(0, n^-2b) at the start,
    and learning rate n^-c. Yang & Hu have one c: then all entries of ``c`` are equal. Raises SpecError unless the
    three have the same length, at least 2.
    """

    a: tuple[Fraction, ...]
    b: tuple[Fraction, ...]
    c: tuple[Fraction, ...]

    def __post_init__(self) -> None:
        lengths = [len(self.a), len(self.b), len(self.c)]
        if min(lengths) < 2 or len(set(lengths)) > 1:
            raise SpecError(
                f"a, b, c have {lengths[0]}, {lengths[1]}, {lengths[2]} entries; each needs one entry per weight"
                " matrix, that is at least two (one hidden layer and the readout)"
            )

    def native(self, optimizer: str = "sgd") -> NativeExponents:
        """Absorb the multipliers: W itself has std n^-(a+b) and learning rate n^-(c+2a) (SGD) or n^-(c+a) (Adam).

        This is the gauge a = 0, hence the same function at all times of training (Yang & Hu 2021, Eq. 5).
        """
        absorbed = transform(self, [-a for a in self.a], optimizer)
        return NativeExponents(std=absorbed.b, lr=absorbed.c)


def transform(abc: ABC, theta: Rational | Sequence[Rational], optimizer: str = "sgd") -> ABC:
    """Change the gauge: (a, b, c) -> (a + theta, b - theta, c - 2 theta), with c - theta for Adam.

    ``theta`` is one number for all layers (Yang & Hu 2021, Eq. 5) or one per layer (Yang et al. 2022, Lemma J.1;
    Karkada 2024). The function computed is unchanged at all times of training without weight decay; see :func:`rescale`
    for weight decay and Adam's eps.
    """
    power = lr_power(optimizer)
    if isinstance(theta, Sequence) and not isinstance(theta, str):
        shifts = [rational(t, "theta") for t in theta]
    else:
        shifts = [rational(theta, "theta")] * len(abc.a)
    if len(shifts) != len(abc.a):
        raise SpecError(f"theta has {len(shifts)} entries for {len(abc.a)} layers; give one per layer or one number")
    return ABC(
        a=tuple(a + t for a, t in zip(abc.a, shifts, strict=True)),
        b=tuple(b - t for b, t in zip(abc.b, shifts, strict=True)),
        c=tuple(c - power * t for c, t in zip(abc.c, shifts, strict=True)),
    )


class Layer(NamedTuple, Generic[NumberT]):
    """The numbers of one layer g·w: multiplier g, std of w, learning rate, weight decay and Adam's eps."""

    multiplier: NumberT
    init_std: NumberT
    lr: NumberT
    weight_decay: NumberT
    eps: NumberT


def rescale(layer: Layer[NumberT], theta: NumberT, optimizer: str = "sgd") -> Layer[NumberT]:
    """Change the gauge of one layer by w -> theta w with g·w unchanged, exactly if the numbers are Fractions.

    SGD (also with momentum): (g, sigma, eta, lambda) -> (g/theta, theta sigma, theta² eta, lambda/theta²), Karkada
    2024 for the first three; the product eta·lambda must stay, so the weight decay has to be moved as well.
    Adam (decoupled weight decay): eta -> theta eta, lambda -> lambda/theta, and eps -> eps/theta like the gradient.
    """
    step = theta ** lr_power(optimizer)
    return Layer(
        multiplier=layer.multiplier / theta,
        init_std=layer.init_std * theta,
        lr=layer.lr * step,
        weight_decay=layer.weight_decay / step,
        eps=layer.eps / theta,
    )
