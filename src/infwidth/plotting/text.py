"""Numbers as people write them in figures."""

import math
from fractions import Fraction

from infwidth.analysis.statistics import Estimate


def number(value: float, digits: int = 2) -> str:
    """Return a rounded number with a true minus, and without one where it rounds to zero."""
    text = f"{value:.{digits}f}"
    return (text.removeprefix("-") if float(text) == 0 else text).replace("-", "−")


def fraction(value: float | str) -> str:
    """Return an exact exponent as people write it, such as −1/2."""
    return str(Fraction(value)).replace("-", "−")


def with_interval(estimate: Estimate, digits: int = 2) -> str:
    """Return a value ± half its 95 % interval; the value alone where there is no interval."""
    half = (estimate.high - estimate.low) / 2
    value = number(estimate.value, digits)
    return f"{value} ± {number(half, digits)}" if math.isfinite(half) and half > 0 else value


def power(symbol: str, exponent: str) -> str:
    """Return a power in mathtext, such as ``power("n", "-1/2")``."""
    return f"${symbol}^{{{exponent.replace('−', '-')}}}$"
