"""Depthwise parametrizations (α, γ) of residual nets of one layer a block, classified in exact arithmetic.

A block enters a L^{-α} times, and its weights move by L^{-γ} a step, whatever their gradient's size (paper, Section 5).
"""

from fractions import Fraction
from typing import NamedTuple

from infwidth.parametrization.rationals import Rational, rational

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
