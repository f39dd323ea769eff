"""How many seeds would decide a claim whose interval is too wide to tell.

At the measured value and scatter, with Student's interval over seeds: nets of more seeds are taken to scatter as those
that were run. Where an interval is not Student's (a jackknife's, a bootstrap's) the number is a guide of the same kind.
"""

import math

import numpy as np
from scipy import special

from infwidth.analysis.expected import Expected
from infwidth.analysis.statistics import Estimate

#: More seeds than anyone runs.
MOST = 100_000


def chance_to_decide(seeds: int, estimate: Estimate, expected: Expected) -> float:
    """Return the chance that the interval of so many new seeds lies inside of what is expected, or outside.

    Inside where the measured value is, outside where it is not. An end at distance d of the value, in standard
    deviations of a seed, is cleared where Student's noncentral t of noncentrality d √n exceeds the factor of the 95 %
    interval; where there are two ends, missing one and the other are taken as exclusive.
    """
    freedom = seeds - 1
    factor = special.stdtrit(freedom, 0.975)
    missed = sum(special.nctdtr(freedom, d * math.sqrt(seeds), factor) for d in _distances(estimate, expected))
    return max(0.0, 1.0 - float(missed))


def seeds_to_decide(estimate: Estimate, expected: Expected, *, chance: float = 0.8) -> int | None:
    """Return the least number of seeds that decide with that chance; None where no number does, or one seed is known.

    A value at the threshold itself is decided by no number of seeds.
    """
    if estimate.n < 2 or not math.isfinite(estimate.high - estimate.low) or estimate.high == estimate.low:
        return None
    if chance_to_decide(MOST, estimate, expected) < chance:
        return None
    few, many = 1, 2
    while chance_to_decide(many, estimate, expected) < chance:
        few, many = many, 2 * many
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (few, middle) if chance_to_decide(middle, estimate, expected) >= chance else (middle, many)
    return many


def _distances(estimate: Estimate, expected: Expected) -> list[float]:
    """Return how far the ends that an interval has to clear are from the value, in standard deviations of a seed."""
    scatter = (estimate.high - estimate.low) / 2 * math.sqrt(estimate.n) / special.stdtrit(estimate.n - 1, 0.975)
    inside = expected.low <= estimate.value <= expected.high
    ends = np.array([estimate.value - expected.low, expected.high - estimate.value])
    if not inside:
        ends = np.array([-ends.min()])
    return [float(end) / scatter for end in ends if math.isfinite(end)]
