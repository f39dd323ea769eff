"""Estimates over seeds and their intervals."""

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from infwidth.analysis.statistics import (
    Estimate,
    change_per_doubling,
    exponent,
    jackknife,
    jackknifed,
    mean_over_seeds,
    resampled,
    rms_exponent,
    slope_of_means,
)
from infwidth.analysis.table import NotTestableError


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


@pytest.mark.parametrize("measure", [exponent, change_per_doubling])
def test_a_seed_with_one_net_left_has_no_slope(measure: Callable[..., Estimate]) -> None:
    """Least squares through one point would give it the line through the origin, and pull the mean over seeds."""
    frame = pd.DataFrame({"seed": [0, 0, 1, 1, 7], "width": [8, 16, 8, 16, 8], "value": [2.0, 1.0, 2.0, 1.0, 2.0]})
    assert math.isfinite(measure(frame[frame.seed < 7]).value)
    with pytest.raises(NotTestableError, match="two or more values of width; seed 7 has one"):
        measure(frame)


@pytest.mark.parametrize("measure", [exponent, change_per_doubling, slope_of_means])
def test_a_missing_value_is_not_left_out_unseen(measure: Callable[..., Estimate]) -> None:
    frame = pd.DataFrame(
        {"seed": [0, 0, 1, 1, 2, 2], "width": [8, 16] * 3, "value": [2.0, 1.0, 2.0, math.nan, 2.0, 1.0]}
    )
    estimate = measure(frame)
    assert math.isnan(estimate.value)
    assert (estimate.low, estimate.high) == (-math.inf, math.inf)


def test_rms_exponent_covers_the_truth() -> None:
    rng = np.random.default_rng(1)
    frame = pd.concat(
        pd.DataFrame({"width": n, "seed": range(100), "value": n**-0.5 * rng.standard_normal(100)}) for n in (64, 256)
    )
    estimate = rms_exponent(frame)
    assert estimate.low < -0.5 < estimate.high
    assert 0.05 < estimate.high - estimate.low < 0.4
    assert rms_exponent(frame.assign(value=1.0)).value == pytest.approx(0.0)


def test_resamples_of_a_mean_scatter_as_student_says() -> None:
    """With S − 1 draws the variance of a resampled mean is the unbiased variance of the mean; S draws make it less."""
    x = np.random.default_rng(3).normal(size=8)
    scatter = {n: resampled(x, lambda chosen: chosen.mean(1), draws=n, stream=("test",)).std() for n in (7, 8)}
    assert scatter[7] == pytest.approx(stats.sem(x), rel=0.05)
    assert scatter[8] == pytest.approx(stats.sem(x) * math.sqrt(7 / 8), rel=0.05)


def test_statistics_of_one_stream_see_the_same_seeds() -> None:
    x = np.arange(5.0)
    first, again, other = (
        resampled(x, lambda chosen: chosen.mean(1), draws=5, stream=(name,)) for name in ("one", "one", "two")
    )
    assert (first == again).all()
    assert (first != other).any()


def test_slope_of_means_is_the_regression_on_all_seeds_and_widens_with_other_chance() -> None:
    rows = _power_law(-0.5, seeds=6)
    fewer = rows[(rows.width < 64) | (rows.seed < 3)]
    means = fewer.groupby("width").value.mean()
    found = slope_of_means(fewer, log_y=True)
    assert found.value == pytest.approx(np.polyfit(np.log(means.index), np.log(means), 1)[0], rel=1e-10)
    assert (found.n, found.low < -0.5 < found.high) == (3, True)
    all_seeds = slope_of_means(rows, log_y=True)
    by_seed = exponent(rows)  # the same to first order, where every seed has every width
    assert (all_seeds.value, all_seeds.low) == pytest.approx((by_seed.value, by_seed.low), abs=1e-3)
    assert slope_of_means(rows, variance=0.1).high - slope_of_means(rows).high > 0.1
    assert slope_of_means(rows[rows.seed < 2]).high == math.inf


def test_interval_of_a_slope_of_unequal_seeds_covers_as_often_as_it_says() -> None:
    rng, covered = np.random.default_rng(5), []
    for _ in range(400):
        numbers = {16: 8, 32: 8, 64: 4}
        parts = [(s, w, rng.normal()) for w, count in numbers.items() for s in range(count)]
        found = slope_of_means(pd.DataFrame(parts, columns=["seed", "width", "value"]))
        covered.append(found.low <= 0 <= found.high)
    assert 0.92 <= np.mean(covered) <= 0.99


def test_the_jackknife_of_a_mean_is_students_interval() -> None:
    values = np.random.default_rng(0).normal(size=7)
    found = jackknife(pd.DataFrame([values]), lambda of: float(of.mean(axis=1).iloc[0]))
    expected = mean_over_seeds(values)
    assert (found.value, found.low, found.high) == pytest.approx((expected.value, expected.low, expected.high))
    assert found.n == 7


def test_a_jackknife_by_hand_is_that_of_a_frame_and_widens_with_other_chance() -> None:
    values = np.random.default_rng(0).normal(size=7)
    found = jackknifed(values.mean(), (np.delete(values, i).mean() for i in range(7)), 7)
    expected = mean_over_seeds(values)
    assert (found.value, found.low, found.high) == pytest.approx((expected.value, expected.low, expected.high))
    wider = jackknifed(
        values.mean(), (np.delete(values, i).mean() for i in range(7)), 7, variance=values.var(ddof=1) / 7
    )
    assert wider.high - wider.low == pytest.approx(math.sqrt(2) * (expected.high - expected.low))


@pytest.mark.parametrize(("value", "n"), [(1.5, 2), (-math.inf, 5)])
def test_where_there_is_no_jackknife_nothing_is_left_out(value: float, n: int) -> None:
    found = jackknifed(value, (pytest.fail("looked at") for _ in range(n)), n)
    assert (found.value, found.low, found.high, found.n) == (value, -math.inf, math.inf, n)


def test_two_seeds_leave_a_jackknife_without_an_interval() -> None:
    found = jackknife(pd.DataFrame([[1.0, 2.0]]), lambda of: float(of.to_numpy().mean()))
    assert (found.value, found.low, found.high) == (1.5, -math.inf, math.inf)
