"""What a claim expects of a measured value: a threshold, written once, that makes its interval and its words.

Intervals hold their ends, but those of ``above`` and ``below`` leave the threshold itself out: no difference at all is
no sign.
"""

import math
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Expected:
    """An interval, its ends included, and the words that follow those of what is measured, such as "= −1/2 ± 0.15"."""

    low: float
    high: float
    words: str


def about(value: float, *, within: float) -> Expected:
    """Return that value, give or take a tolerance."""
    return Expected(value - within, value + within, f"= {spoken(value)} ± {spoken(within)}")


def equals(value: float) -> Expected:
    """Return that value and no other, for what is exact."""
    return Expected(value, value, f"= {spoken(value)}")


def above(value: float) -> Expected:
    """Return all that is larger."""
    return Expected(math.nextafter(value, math.inf), math.inf, f"> {spoken(value)}")


def below(value: float) -> Expected:
    """Return all that is smaller."""
    return Expected(-math.inf, math.nextafter(value, -math.inf), f"< {spoken(value)}")


def at_most(value: float) -> Expected:
    """Return all that is not larger."""
    return Expected(-math.inf, value, f"≤ {spoken(value)}")


def between(low: float, high: float) -> Expected:
    """Return all from ``low`` to ``high``."""
    return Expected(low, high, f"in [{spoken(low)}, {spoken(high)}]")


def spoken(value: float) -> str:
    """Return a number as people write it: parts of one as fractions where that is shorter, a true minus sign."""
    part = Fraction(value).limit_denominator(4)
    plain = f"{value + 0.0:g}"  # no negative zero
    if part.denominator > 1 and abs(value) < 1 and float(part) == value and len(str(part)) <= len(plain):
        plain = str(part)
    return plain.replace("-", "−")
