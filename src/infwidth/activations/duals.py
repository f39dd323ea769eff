r"""Duals of activations: the two Gaussian moments from which every infinite-width kernel is built.

For (u, v) centred Gaussian with variances ``v1``, ``v2`` and covariance ``c``, the dual of φ is the pair
``E[φ(u) φ(v)]`` and ``E[φ′(u) φ′(v)]``. Nothing else about the activation enters a kernel at initialisation.

Near-parallel pairs lose digits in c alone: arccos turns an error of 1e-16 near one into 1e-8. Where this matters
(:meth:`Dual.imprecise`) a caller can give a :class:`Gap`, found without cancellation, and gets all digits back.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: What is left of sixteen digits where a kernel says that it is right.
ACCURACY = 1e-10
_TINY = np.finfo(float).tiny
_EPS = np.finfo(float).eps


class Gap(NamedTuple):
    """How far a covariance is from its bounds ±√(v1 v2): ``below`` = √(v1 v2) - c and ``above`` = √(v1 v2) + c."""

    below: Array
    above: Array


@dataclass(frozen=True)
class Dual(ABC):
    """The dual of √``square`` · φ."""

    square: float = 1.0

    #: Whether imprecise moments are off by 3e-8 at most.
    mild: ClassVar[bool] = False

    @abstractmethod
    def __call__(self, c: Array, v1: Array, v2: Array, gap: Gap | None = None) -> tuple[Array, Array]:
        """Return the two moments for covariances ``c`` and variances ``v1``, ``v2``, broadcast together."""

    def imprecise(self, c: Array, v1: Array, v2: Array, slope: Array) -> Mask | None:
        """Return where the moments, found from rounded ``c`` without a gap, may be off by more than ACCURACY.

        ``slope`` is the second moment found there. None says that there is no such pair.
        """
        return None

    def gap(self, moment: Array, v1: Array, v2: Array, gap: Gap) -> Gap:
        """Return the gap of φ(u) and φ(v), whose covariance is ``moment``, from that of u and v."""
        bound = geometric_mean(self(v1, v1, v1)[0], self(v2, v2, v2)[0])
        return Gap(np.maximum(bound - moment, 0.0), np.maximum(bound + moment, 0.0))


def geometric_mean(v1: Array, v2: Array) -> Array:
    """Return √(v1 v2), which is v to the last digit for v1 = v2 = v, where the product over- or underflows as well."""
    try:
        with np.errstate(over="raise", under="raise"):
            return np.sqrt(v1 * v2)
    except FloatingPointError:
        halves = [np.frexp(v)[1] // 2 for v in (v1, v2)]
        m1, m2 = (np.ldexp(v, -2 * half) for v, half in zip((v1, v2), halves, strict=True))
        return np.ldexp(np.sqrt(m1 * m2), halves[0] + halves[1])


class ReLU(Dual):
    """max(h, 0): the arc-cosine kernels of degrees 1 and 0 (Cho & Saul 2009).

    With θ the angle of the correlation, ``E[φφ] = √(v1 v2) (sin θ + (π - θ) cos θ) / 2π`` and
    ``E[φ′φ′] = (π - θ) / 2π``. Where a variance is zero the angle has no meaning and is taken as π: both moments
    vanish, which is the convention φ′(0) = 0.
    """

    #: Angles below 0.014, and those short of π by less than 0.05, need a gap.
    NEAR: ClassVar[float] = 0.014
    OPPOSITE: ClassVar[float] = 0.05
    mild: ClassVar[bool] = True

    def __call__(self, c: Array, v1: Array, v2: Array, gap: Gap | None = None) -> tuple[Array, Array]:
        """Return the two moments."""
        scale, unit = geometric_mean(v1, v2), 2 * math.pi / self.square
        if gap is not None:
            past = 2 * np.arctan2(np.sqrt(gap.above), np.sqrt(gap.below))  # π - θ
            return scale * _sine_minus(past) / unit, np.where(scale > 0, past, 0.0) / unit
        positive = bool(np.min(v1) > 0 and np.min(v2) > 0)
        # Rounding can carry a cosine past one by a unit in the last place, where arccos is not a number.
        cosine = c / (scale if positive else np.maximum(scale, _TINY))
        cosine = cosine.clip(-1.0, 1.0)
        if not positive:
            cosine = np.where(scale > 0, cosine, -1.0)
        past = math.pi - np.arccos(cosine)
        # sin θ from the cosine: half the time of taking it from θ.
        moment = np.sqrt((1.0 - cosine) * (1.0 + cosine))
        cosine *= past
        moment += cosine
        moment *= scale
        moment /= unit
        past /= unit
        return moment, past

    def imprecise(self, c: Array, v1: Array, v2: Array, slope: Array) -> Mask | None:
        """Return where the angle is near 0 or π."""
        unit = 2 * math.pi / self.square
        near = slope > (math.pi - self.NEAR) / unit
        near |= slope < self.OPPOSITE / unit
        return near if near.any() else None

    def gap(self, moment: Array, v1: Array, v2: Array, gap: Gap) -> Gap:
        """Return the gap of φ(u) and φ(v), free of cancellation."""
        scale, unit = geometric_mean(v1, v2), 2 * math.pi / self.square
        angle = 2 * np.arctan2(np.sqrt(gap.below), np.sqrt(gap.above))
        below = math.pi * gap.below - scale * _sine_minus(angle)
        return Gap(np.maximum(below, 0.0) / unit, math.pi * scale / unit + moment)


def _sine_minus(angle: Array) -> Array:
    """Return sin α - α cos α with all its digits; it is α³/3 for small α."""
    square = np.minimum(angle, 0.5) ** 2
    series = np.zeros_like(square)
    for n in range(8, 0, -1):  # Σ_n (-1)^(n+1) 2n α^(2n+1) / (2n+1)!
        series = series * -square + 2 * n / math.factorial(2 * n + 1)
    return np.where(angle < 0.5, series * square * angle, np.sin(angle) - angle * np.cos(angle))


class Erf(Dual):
    """The error function (Williams 1997).

    With q = (1 + 2 v1)(1 + 2 v2) - 4c² = 1 + 2 v1 + 2 v2 + 4 (√(v1 v2) - c)(√(v1 v2) + c), of which the second
    form loses no digits where c² nearly is v1 v2, ``E[φφ] = (2/π) arctan(2c/√q)`` and, its derivative in ``c`` (Price's
    theorem), ``E[φ′φ′] = (4/π)/√q``.
    """

    def __call__(self, c: Array, v1: Array, v2: Array, gap: Gap | None = None) -> tuple[Array, Array]:
        """Return the two moments."""
        root = self._root(c, v1, v2, gap)
        moment = np.arctan2(2 * c, root)
        moment *= self.square * 2 / math.pi
        return moment, (self.square * 4 / math.pi) / root

    def _root(self, c: Array, v1: Array, v2: Array, gap: Gap | None) -> Array:
        """Return √q."""
        if gap is None and not self._large(v1, v2):
            return np.sqrt((1 + 2 * v1) * (1 + 2 * v2) - 4 * c**2)
        if gap is None:
            scale = geometric_mean(v1, v2)
            gap = Gap(np.maximum(scale - c, 0.0), np.maximum(scale + c, 0.0))
        try:
            with np.errstate(over="raise"):
                return np.sqrt(1.0 + 2 * (v1 + v2) + 4 * gap.below * gap.above)
        except FloatingPointError:
            return np.hypot(np.sqrt(1.0 + 2 * v1 + 2 * v2), 2 * np.sqrt(gap.below) * np.sqrt(gap.above))

    @staticmethod
    def _large(v1: Array, v2: Array) -> bool:
        """Return whether cancellation in q can show."""
        return bool(max(np.max(v1), np.max(v2)) * 64 * _EPS > ACCURACY)

    def imprecise(self, c: Array, v1: Array, v2: Array, slope: Array) -> Mask | None:
        """Return where rounding of c shows in q: near (anti)parallel pairs of large variance."""
        if not self._large(v1, v2):
            return None
        # 8 √(v1 v2) δ(√(v1 v2) ∓ c) / q with 8 units in the last place for δ; √q = 4 square / (π slope)
        relative = np.sqrt(64 * _EPS) * geometric_mean(v1, v2) * slope * (math.pi / 4 / self.square)
        near = relative > math.sqrt(ACCURACY)
        return near if near.any() else None


class Linear(Dual):
    """The identity: the covariance itself, and one."""

    def __call__(self, c: Array, v1: Array, v2: Array, gap: Gap | None = None) -> tuple[Array, Array]:
        """Return the two moments."""
        return (c if self.square == 1 else self.square * c), np.full_like(c, self.square)

    def gap(self, moment: Array, v1: Array, v2: Array, gap: Gap) -> Gap:
        """Return the gap of u and v."""
        return Gap(self.square * gap.below, self.square * gap.above)
