"""The exponents of a rule, moved along its gauge orbit."""

from infwidth.parametrization import exponents, transform
from infwidth.parametrization.rationals import rational

Exponents = tuple[list[float], list[float], list[float]]  # a, b, c over the layers


def gauge_exponents(rule: str, n_hidden: int, theta: str, *, transform_rate: bool) -> Exponents:
    """Return a + θ, b - θ, c - 2θ of a rule as floats; ``transform_rate`` false leaves c where it was (wrongly)."""
    start = exponents(rule, n_hidden)
    moved = transform(start, rational(theta, "theta"))
    rates = moved.c if transform_rate else start.c
    a, b, c = ([float(x) for x in letter] for letter in (moved.a, moved.b, rates))
    return a, b, c
