"""What is known of a net after some of its layers: kernels between pairs of inputs, and variances of both sides."""

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from infwidth.activations.duals import Array, Dual, Gap, Mask, geometric_mean
from infwidth.errors import SpecError
from infwidth.limits.kernels import positions


@dataclass(frozen=True)
class State:
    """The kernels of one neuron between pairs of inputs, [rows, columns], or [Oy, Ox, H, W, columns] with positions.

    ``covariance`` is Σ, ``tangent`` Θ (None while nothing has been trained), ``derivative`` E[φ′φ′] of the activation
    just passed. ``gaussian``: neurons are centred Gaussians, as an activation needs them. ``gap`` is kept for pairs
    whose covariance alone would lose digits.
    """

    covariance: Array
    pairs: "Pairs"
    tangent: Array | None = None
    derivative: Array | None = None
    gaussian: bool = False
    gap: Gap | None = None

    @property
    def has_positions(self) -> bool:
        """Whether neurons have positions in an image."""
        return self.covariance.ndim == 5

    def variances(self) -> tuple[Array, Array]:
        """Return the variances of both sides, to be broadcast with ``covariance``; ask once and in order of depth."""
        return self.pairs.variances(self)

    def replace(self, **changes: Any) -> "State":
        """Return a state with some fields changed; the derivative is that of an activation just passed."""
        return dataclasses.replace(self, **({"derivative": None} | changes))


class Pairs(ABC):
    """Which pairs of inputs a state is of, and what is met on the way with them."""

    @abstractmethod
    def variances(self, state: State) -> tuple[Array, Array]:
        """Return the variances of both sides."""

    def check(  # noqa: B027 - most need none
        self, dual: Dual, state: State, variances: tuple[Array, Array], slope: Array
    ) -> None:
        """Note pairs whose kernels an activation has found imprecisely; ``slope`` is its E[φ′φ′]."""


class WithThemselves(Pairs):
    """Inputs each paired with itself, [1, n] or [Oy, Ox, H, W, n]: variances are covariances, and are written down."""

    def __init__(self) -> None:
        self.met: list[Array] = []

    def variances(self, state: State) -> tuple[Array, Array]:
        """Return the variances, and append them to ``met`` as [n] or [H, W, n]."""
        if not state.has_positions:
            self.met.append(state.covariance[0])
            return state.covariance, state.covariance
        own = positions.own(state.covariance)
        self.met.append(own.copy())
        return own, positions.at_offsets(own, positions.radius_of(state.covariance))


class OfTwoSets(Pairs):
    """Inputs ``rows`` of one set and ``columns`` of another, all with all, or two lists of equal length, paired off.

    ``left`` and ``right`` are the variances that both sets met when each input was paired with itself. Pairs that lose
    digits are marked in ``imprecise`` where they are ``mendable``, from inputs without positions.
    """

    def __init__(
        self,
        left: Sequence[Array],
        right: Sequence[Array],
        rows: slice | NDArray[np.intp],
        columns: slice | NDArray[np.intp],
        *,
        mendable: bool,
    ) -> None:
        self.imprecise: Mask | None = None
        self._mendable = mendable
        self._met = iter(zip(left, right, strict=True))
        self._rows, self._columns = rows, columns

    def variances(self, state: State) -> tuple[Array, Array]:
        """Return the variances that both sides met here."""
        left, right = next(self._met)
        left, right = left[..., self._rows], right[..., self._columns]
        if state.has_positions:
            return left, positions.at_offsets(right, positions.radius_of(state.covariance))
        return (left[:, None] if isinstance(self._rows, slice) else left), right

    def check(self, dual: Dual, state: State, variances: tuple[Array, Array], slope: Array) -> None:
        """Mark pairs whose digits are lost; SpecError where they matter and cannot be mended."""
        if state.gap is not None or (dual.mild and not self._mendable):
            return
        imprecise = dual.imprecise(state.covariance, *variances, slope)
        if imprecise is None:
            return
        if not self._mendable:
            raise SpecError(
                f"preactivations of variance {np.max(variances[0]):.1e} are too large for this activation: kernels "
                "between nearly equal patches lose their digits; divide the images, or sigma_w, by their size"
            )
        self.imprecise = imprecise if self.imprecise is None else self.imprecise | imprecise


def sum_of_independent(of: Sequence[tuple[Gap, tuple[Array, Array]]]) -> Gap:
    """Return the gap of u₁ + u₂ from the gaps and variances of two independent parts, free of cancellation.

    With variances p, p' and q, q' of the parts, √((p+q)(p'+q')) - √(pp') - √(qq') is positive, and
    (√(pq') - √(p'q))² over the sum of the three roots.
    """
    (a, (p1, p2)), (b, (q1, q2)) = of
    roots = geometric_mean(p1 + q1, p2 + q2) + geometric_mean(p1, p2) + geometric_mean(q1, q2)
    apart = (geometric_mean(p1, q2) - geometric_mean(p2, q1)) ** 2
    more = apart / np.where(roots > 0, roots, 1.0)
    return Gap(a.below + b.below + more, a.above + b.above + more)
