"""The exponents of a rule, moved along its gauge orbit."""

from infwidth.parametrization import exponents, transform
from infwidth.parametrization.rationals import rational

Exponents = tuple[list[float], list[float], list[float]]  # a, b, c over the layers


def gauge_exponents(
    rule: str,
    n_hidden: int,
    theta: str,
    *,
    transform_rate: bool,
    optimizer: str = "sgd",
    rate_of: str = "sgd",
) -> Exponents:
    """Return a + θ, b - θ, c - 2θ of a rule for an optimizer as floats (for Adam c - θ).

    ``transform_rate`` false leaves c where it was, and ``rate_of`` another optimizer moves c as that one's (wrongly).
    """
    start = exponents(rule, n_hidden, optimizer=optimizer)
    moved = transform(start, rational(theta, "theta"), rate_of)
    rates = moved.c if transform_rate else start.c
    a, b, c = ([float(x) for x in letter] for letter in (moved.a, moved.b, rates))
    return a, b, c
