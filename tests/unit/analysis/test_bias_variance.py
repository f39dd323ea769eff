"""Bias and variance of ensembles, on Gaussian ensembles whose variance is known."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from builders import of_frames
from infwidth.analysis import bias_variance
from infwidth.analysis.statistics import mean_over_seeds
from infwidth.analysis.table import NotTestableError
from infwidth.errors import SpecError

STEP = 10


single, ensemble, ensemble_minus_wider_single, deviation_exponent = map(
    of_frames,
    (
        bias_variance.single,
        bias_variance.ensemble,
        bias_variance.ensemble_minus_wider_single,
        bias_variance.deviation_exponent,
    ),
)
infinite_ensemble = of_frames(bias_variance.infinite_ensemble)


def _rows(width: int, outputs: np.ndarray, offset: float = 0.0, step: int = STEP) -> list[dict[str, object]]:
    """Rows of the mean squared error of E nets with ``outputs`` [E, P] for targets 0, plus ``offset``."""

    def loss(f: np.ndarray) -> float:
        return float(np.square(f).mean()) + offset

    seeds = range(len(outputs))
    deviations = np.square(outputs - outputs.mean(0)).mean(1) * len(outputs) / max(len(outputs) - 1, 1)
    found = [(e, "test_loss", -1, loss(outputs[e])) for e in seeds]
    found += [(-1, "single_loss", e, loss(outputs[e])) for e in seeds]
    found += [(-1, "ensemble_loss", -1, loss(outputs.mean(0))), (-1, "ensemble_square", -1, 1.0)]
    if len(outputs) > 1:
        found += [(-1, "ensemble_loss_without", e, loss(np.delete(outputs, e, 0).mean(0))) for e in seeds]
        found += [(-1, "logit_deviation", e, deviations[e]) for e in seeds]
    shared = {"width": width, "cell": "c", "lr": 0.1, "step": step, "layer": ""}
    return [shared | {"seed": s, "metric": m, "index": i, "value": v} for s, m, i, v in found]


def _gaussian(
    widths: tuple[int, ...], seeds: int, rng: np.random.Generator, points: int = 50, scale: float = 3.0
) -> pd.DataFrame:
    """Outputs of variance ``scale``/N around 1/N."""
    rows = []
    for n in widths:
        rows += _rows(n, 1 / n + math.sqrt(scale / n) * rng.normal(size=(seeds, points)))
    return pd.DataFrame(rows)


def test_single_is_students_interval_over_seeds() -> None:
    table = _gaussian((4, 8), 5, np.random.default_rng(0))
    losses = table[(table.width == 8) & (table.metric == "single_loss")].value
    assert single(table, width=8, step=STEP) == mean_over_seeds(losses.to_numpy())


def test_ensemble_is_the_table_s_with_the_jackknife_s_interval() -> None:
    table = _gaussian((4,), 5, np.random.default_rng(1))
    without = table[table.metric == "ensemble_loss_without"].value.to_numpy()
    error = math.sqrt(4 / 5 * np.square(without - without.mean()).sum())
    estimate = ensemble(table, width=4, step=STEP)
    assert estimate.value == table[table.metric == "ensemble_loss"].value.item()
    assert estimate.high - estimate.value == pytest.approx(stats.t.ppf(0.975, 4) * error, rel=1e-12)
    assert estimate.value - estimate.low == pytest.approx(estimate.high - estimate.value, rel=1e-12)
    assert estimate.n == 5


def test_jackknife_of_a_mean_is_students_interval() -> None:
    """If the ensemble's loss is the mean of a number a seed, the jackknife must find Student's interval."""
    x = np.random.default_rng(2).normal(size=6)
    rows = _rows(4, np.zeros((6, 1)))
    table = pd.DataFrame(rows)
    table.loc[table.metric == "ensemble_loss", "value"] = x.mean()
    table.loc[table.metric == "ensemble_loss_without", "value"] = [np.delete(x, e).mean() for e in range(6)]
    got, want = ensemble(table, width=4, step=STEP), mean_over_seeds(x)
    assert (got.value, got.low, got.high) == pytest.approx((want.value, want.low, want.high), rel=1e-12)


def test_ensemble_against_a_wider_net_sees_what_wins() -> None:
    rng = np.random.default_rng(8)
    noise = 0.1 * rng.normal(size=(3, 4, 200))
    rows = _rows(4, noise[0], offset=1.0) + _rows(16, noise[1], offset=0.5) + _rows(32, noise[2], offset=2.0)
    table = pd.DataFrame(rows)
    assert ensemble_minus_wider_single(table, width=4, factor=4, steps=[STEP]).low > 0.4
    assert ensemble_minus_wider_single(table, width=4, factor=8, steps=[STEP]).high < -0.9
    with pytest.raises(NotTestableError, match="width 8, only"):
        ensemble_minus_wider_single(table, width=4, factor=2, steps=[STEP])


def test_intervals_of_differences_are_welch_s() -> None:
    """With nets whose ensemble loss is linear in the seeds, the comparison is Welch's t of two samples."""
    rng = np.random.default_rng(9)
    x, y = rng.normal(size=5), 3 * rng.normal(size=7)
    table = pd.DataFrame(_rows(4, np.zeros((5, 1))) + _rows(16, np.zeros((7, 1))))
    table.loc[(table.metric == "ensemble_loss") & (table.width == 4), "value"] = x.mean()
    chosen = (table.metric == "ensemble_loss_without") & (table.width == 4)
    table.loc[chosen, "value"] = [np.delete(x, e).mean() for e in range(5)]
    table.loc[(table.metric == "single_loss") & (table.width == 16), "value"] = y
    estimate = ensemble_minus_wider_single(table, width=4, factor=4, steps=[STEP])
    low, high = stats.ttest_ind(x, y, equal_var=False).confidence_interval(0.95)
    assert (estimate.low, estimate.high) == pytest.approx((low, high), rel=1e-10)


def test_an_infinite_ensemble_has_nothing_of_the_variance() -> None:
    """Squared error of outputs 1 + noise: of E nets 1 + variance/E, exactly on average; of infinitely many 1."""
    rng = np.random.default_rng(22)
    table = pd.DataFrame(_rows(4, 1.0 + rng.normal(size=(6, 20_000))))
    assert ensemble(table, width=4, step=STEP).value == pytest.approx(1 + 1 / 6, abs=0.03)
    assert infinite_ensemble(table, width=4, step=STEP).mean() == pytest.approx(1.0, abs=0.03)


def test_the_variance_is_relative_to_the_logits() -> None:
    table = _gaussian((4, 8, 16, 32), 4, np.random.default_rng(10), points=200)
    table.loc[table.metric == "ensemble_square", "value"] = table.width**0.5  # wider nets have come further
    assert deviation_exponent(table, step=STEP).value == pytest.approx(-1.5, abs=0.2)
    with pytest.raises(NotTestableError, match="too small"):
        deviation_exponent(table.assign(value=table.value.where(table.metric != "ensemble_square", -1.0)), step=STEP)


def test_exponent_of_a_variance_c_over_n_is_minus_one() -> None:
    table = _gaussian((4, 8, 16, 32), 4, np.random.default_rng(10), points=200)
    estimate = deviation_exponent(table, step=STEP)
    assert estimate.low <= -1 <= estimate.high
    assert estimate.high - estimate.low < 0.4
    assert estimate.n == 4


def test_exponent_s_interval_covers_as_often_as_it_says() -> None:
    """Few points, so that a deviation scatters; the seeds' number is what a small scale has."""
    rng = np.random.default_rng(11)
    estimates = [deviation_exponent(_gaussian((4, 8, 16), 4, rng, points=8), step=STEP) for _ in range(60)]
    assert 0.85 < np.mean([e.low <= -1 <= e.high for e in estimates]) <= 1.0
    assert np.median([e.high - e.low for e in estimates]) < 2.5  # not by being endless


def test_deviation_exponent_is_the_regression_on_the_mean_over_seeds_and_repeats() -> None:
    table = _gaussian((4, 8, 32), 3, np.random.default_rng(12))
    means = table[table.metric == "logit_deviation"].groupby("width").value.mean()
    estimate = deviation_exponent(table, step=STEP)
    assert estimate.value == pytest.approx(np.polyfit(np.log(means.index), np.log(means), 1)[0], rel=1e-10)
    assert deviation_exponent(table.sample(frac=1, random_state=0), step=STEP) == estimate


def test_deviation_exponent_s_interval_has_the_width_of_gaussian_theory() -> None:
    """The log of a variance of E nets at P points has variance 2/(P(E−1)); the slope over a factor 4 is their sum."""
    rng = np.random.default_rng(18)
    points, seeds = 100, 4
    estimates = [deviation_exponent(_gaussian((4, 16), seeds, rng, points=points), step=STEP) for _ in range(80)]
    halves = np.array([e.high - e.value for e in estimates]) / stats.t.ppf(0.975, 2 * (seeds - 1))
    expected = 2 * 2 / (points * (seeds - 1)) / np.log(4) ** 2
    assert np.square(halves).mean() == pytest.approx(expected, rel=0.22)
    assert np.var([e.value for e in estimates]) == pytest.approx(expected, rel=0.5)


def test_deviations_of_two_widths_are_resampled_apart() -> None:
    """Deviations that are proportional, seed by seed, would give a slope without any scatter if seeds were shared."""
    table = _gaussian((4, 16), 5, np.random.default_rng(20), points=5)
    of = {n: (table.metric == "logit_deviation") & (table.width == n) for n in (4, 16)}
    table.loc[of[16], "value"] = table.loc[of[4], "value"].to_numpy() / 4
    estimate = deviation_exponent(table, step=STEP)
    assert estimate.value == pytest.approx(-1, abs=1e-12)
    assert estimate.high - estimate.low > 0.1


def test_ensembles_without_a_seed_are_matched_by_index_not_by_row() -> None:
    table = _gaussian((4,), 5, np.random.default_rng(21), points=5)
    assert ensemble(table.sample(frac=1, random_state=1), width=4, step=STEP) == ensemble(table, width=4, step=STEP)


def test_two_deviations_are_one_number_and_carry_no_interval() -> None:
    table = _gaussian((4, 16), 2, np.random.default_rng(19))
    estimate = deviation_exponent(table, step=STEP)
    assert math.isfinite(estimate.value)
    assert (estimate.low, estimate.high) == (-math.inf, math.inf)


def test_one_seed_has_endless_intervals() -> None:
    table = pd.DataFrame(_rows(4, np.ones((1, 3))) + _rows(8, np.ones((1, 3))))
    estimate = ensemble(table, width=4, step=STEP)
    assert (estimate.value, estimate.low, estimate.high, estimate.n) == (1.0, -math.inf, math.inf, 1)


def test_diverged_loss_is_no_number() -> None:
    table = _gaussian((4, 8), 3, np.random.default_rng(13))
    table.loc[(table.metric == "ensemble_loss") & (table.width == 4), "value"] = math.nan
    estimate = ensemble(table, width=4, step=STEP)
    assert math.isnan(estimate.value)
    assert (estimate.low, estimate.high) == (-math.inf, math.inf)


@pytest.mark.parametrize("metric", ["single_loss", "ensemble_loss", "ensemble_loss_without"])
def test_missing_metric_is_not_testable(metric: str) -> None:
    table = _gaussian((4, 8), 3, np.random.default_rng(15))
    with pytest.raises(NotTestableError, match=f"no {metric} of"):
        ensemble(table[table.metric != metric], width=4, step=STEP)


def test_missing_parts_are_not_testable() -> None:
    table = _gaussian((4, 8), 3, np.random.default_rng(16))
    with pytest.raises(NotTestableError, match="no step 11, only 10"):
        single(table, width=4, step=11)
    with pytest.raises(NotTestableError, match="2 entries"):
        ensemble(table[~((table.metric == "ensemble_loss_without") & (table["index"] == 1))], width=4, step=STEP)
    with pytest.raises(NotTestableError, match="2 entries, not one for each of 3"):
        single(table[~((table.metric == "single_loss") & (table["index"] == 2))], width=4, step=STEP)
    with pytest.raises(NotTestableError, match="no metric logit_deviation"):
        deviation_exponent(table[table.metric != "logit_deviation"], step=STEP)
    with pytest.raises(NotTestableError, match="two or more"):
        deviation_exponent(table[table.width == 4], step=STEP)


def test_two_rules_in_one_table_are_an_error() -> None:
    table = _gaussian((4, 8), 3, np.random.default_rng(17))
    with pytest.raises(SpecError, match="several times"):
        single(pd.concat([table, table]), width=4, step=STEP)
