"""The number of seeds that decides, against draws."""

import math

import numpy as np
import pytest

from infwidth.analysis.claims import Claim, ledger, verdict
from infwidth.analysis.expected import Expected, about, above, below
from infwidth.analysis.power import chance_to_decide, seeds_to_decide
from infwidth.analysis.quantities import Estimated
from infwidth.analysis.statistics import Estimate, exact, mean_over_seeds

CASES = [
    (above(0), 0.5, "reproduced"),
    (below(0), 0.5, "not reproduced"),
    (about(0, within=1.0), 0.4, "reproduced"),
    (about(0, within=0.3), 0.0, "reproduced"),
    (about(0, within=0.2), 0.9, "not reproduced"),
]


def _estimate(value: float, n: int = 4) -> Estimate:
    """Return what n seeds of standard deviation one would have measured."""
    x = np.linspace(-1, 1, n)
    return mean_over_seeds(value + x / x.std(ddof=1))


@pytest.mark.parametrize(("expected", "value", "outcome"), CASES)
def test_as_many_seeds_as_needed_decide_as_often_as_asked(expected: Expected, value: float, outcome: str) -> None:
    rng = np.random.default_rng(0)
    needed = seeds_to_decide(_estimate(value), expected)
    assert needed is not None

    def decided(n: int) -> float:
        draws = value + rng.standard_normal((1500, n))
        return float(np.mean([verdict(mean_over_seeds(x), expected) == outcome for x in draws]))

    error = 3 * math.sqrt(0.8 * 0.2 / 1500)
    assert decided(needed) == pytest.approx(chance_to_decide(needed, _estimate(value), expected), abs=error)
    assert decided(needed) > 0.8 - error
    fewer = max(2, round(0.7 * needed))
    assert decided(fewer) == pytest.approx(chance_to_decide(fewer, _estimate(value), expected), abs=error)
    assert decided(fewer) < 0.8


def test_the_number_is_the_least() -> None:
    estimate, expected = _estimate(0.5), above(0)
    needed = seeds_to_decide(estimate, expected)
    assert needed is not None
    assert chance_to_decide(needed, estimate, expected) >= 0.8 > chance_to_decide(needed - 1, estimate, expected)
    assert (seeds_to_decide(estimate, expected, chance=0.5) or 0) < needed


@pytest.mark.parametrize(
    "estimate", [Estimate(1.0, -math.inf, math.inf, 1), exact(1.0), Estimate(0.0, -1.0, 1.0, 5), Estimate(1, 1, 1, 3)]
)
def test_no_number_of_seeds_decides_what_has_no_scatter_or_lies_on_the_threshold(estimate: Estimate) -> None:
    assert seeds_to_decide(estimate, above(0)) is None


def test_the_column_is_of_inconclusive_claims() -> None:
    found = {"wide": _estimate(0.5), "clear": _estimate(9.0), "one": Estimate(1.0, -math.inf, math.inf, 1)}
    claims = [
        Claim(name, "fig", f"{name} holds.", Estimated(name, lambda _, e=e: e), above(0))  # type: ignore[misc]
        for name, e in found.items()
    ]
    column = ledger("paper", claims, {}).seeds_to_decide
    assert column.isna().tolist() == [False, True, True]
    assert column.iloc[0] == seeds_to_decide(found["wide"], above(0))
