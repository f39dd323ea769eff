"""Statistics and verdicts."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from infwidth.analysis.claims import ABOVE_ZERO, BELOW_ZERO, Claim, NotTestableError, ledger, verdict
from infwidth.analysis.statistics import Estimate, change_per_doubling, exponent, mean_over_seeds


def test_interval_is_students() -> None:
    x = np.random.default_rng(0).normal(3, 2, size=7)
    low, high = stats.t.interval(0.95, 6, loc=x.mean(), scale=stats.sem(x))
    estimate = mean_over_seeds(x)
    assert (estimate.low, estimate.high) == pytest.approx((low, high), rel=1e-12)


def test_interval_covers_as_often_as_it_says() -> None:
    draws = np.random.default_rng(1).normal(size=(4000, 5))
    covered = np.mean([(e := mean_over_seeds(row)).low <= 0 <= e.high for row in draws])
    assert abs(covered - 0.95) < 4 * math.sqrt(0.95 * 0.05 / 4000)


def test_one_seed_has_no_finite_interval() -> None:
    assert mean_over_seeds([2.0]) == Estimate(2.0, -math.inf, math.inf, 1)
    assert math.isnan(mean_over_seeds([1.0, math.nan]).value)


def _power_law(power: float, widths: tuple[int, ...] = (16, 32, 64), seeds: int = 4) -> pd.DataFrame:
    rng = np.random.default_rng(2)
    rows = [
        {"seed": s, "width": w, "value": 3 * w**power * math.exp(0.01 * rng.normal())}
        for s in range(seeds)
        for w in widths
    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize("power", [-0.5, 0.0, 1.0])
def test_exponent_of_a_power_law(power: float) -> None:
    estimate = exponent(_power_law(power))
    assert estimate.low <= power <= estimate.high
    assert estimate.high - estimate.low < 0.1
    assert estimate.n == 4


def test_change_per_doubling() -> None:
    frame = pd.DataFrame([{"seed": s, "width": 2**k, "value": 5 - 0.25 * k + s} for s in range(3) for k in range(4)])
    assert change_per_doubling(frame).value == pytest.approx(-0.25, abs=1e-12)


@pytest.mark.parametrize(
    ("estimate", "outcome"),
    [
        (Estimate(0.5, 0.1, 0.9, 5), "reproduced"),
        (Estimate(0.5, -0.1, 1.1, 5), "inconclusive"),
        (Estimate(-0.5, -0.9, -0.1, 5), "not reproduced"),
        (Estimate(0.0, 0.0, 0.0, 5), "not reproduced"),
        (Estimate(math.nan, -math.inf, math.inf, 0), "inconclusive"),
    ],
)
def test_verdict(estimate: Estimate, outcome: str) -> None:
    assert verdict(estimate, ABOVE_ZERO) == outcome
    assert verdict(Estimate(-estimate.value, -estimate.high, -estimate.low, estimate.n), BELOW_ZERO) == outcome


def test_ledger_says_what_cannot_be_tested() -> None:
    def refuse(_: object) -> Estimate:
        raise NotTestableError("One width only.")

    claims = [
        Claim("fig", "a", "A holds.", "a > 0", (0, math.inf), lambda tables: Estimate(1, 0.5, 1.5, 3)),
        Claim("fig", "b", "B holds.", "b > 0", (0, math.inf), refuse, note="B is hard."),
    ]
    rows = ledger("paper", claims, {})
    assert rows.verdict.tolist() == ["reproduced", "not testable at this scale"]
    assert rows.note.tolist() == ["", "B is hard. One width only."]


def test_ledger_says_what_was_not_run() -> None:
    claim = Claim("fig", "a", "A holds.", "a > 0", (0, math.inf), lambda tables: mean_over_seeds(tables["runs"].value))
    (outcome,), (note,) = (ledger("paper", [claim], {})[column] for column in ("verdict", "note"))
    assert outcome == "not testable at this scale"
    assert note == "Experiment 'runs' was not run."
