"""The rate up to which something holds, between two that are close."""

import math
from collections.abc import Callable

from infwidth.errors import SpecError

#: How many factors of two from its start a search goes.
_FURTHEST = 20


def bracket(holds: Callable[[float], bool], *, start: float, precision: float) -> tuple[float, float]:
    """Return a rate that ``holds`` and one at most a factor 1 + ``precision`` above it that does not.

    Searched for from ``start`` by factors of two, then by bisection of the logarithm; of several changes that nearest
    to the start is found. Raises SpecError if there is none within twenty factors of two.
    """
    low = high = start
    if holds(start):
        while holds(high := 2 * low):
            low = _within_reach(high, start)
    else:
        while not holds(low := high / 2):
            high = _within_reach(low, start)
    while high > low * (1 + precision):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low, high


def _within_reach(rate: float, start: float) -> float:
    if abs(math.log2(rate / start)) > _FURTHEST:
        where = "no rate trains" if rate < start else "every rate trains"
        raise SpecError(f"solve: {where} from {start:g} to {rate:g}; other steps or another batch_size may")
    return rate
