"""Statements on nets that become one net, on tables whose exponents are known, and on such as break them."""

import numpy as np
import pandas as pd
import pytest

from builders import of_frames
from infwidth.analysis.table import NotTestableError
from infwidth.topics.consistency import measures

WIDTHS, SEEDS, STEPS = (8, 16, 32, 64), range(16), (0, 1, *range(10, 101, 5))


attention_converges, curves_converge, ensemble_against_wider, histograms_converge = map(
    of_frames,
    (
        measures.attention_converges,
        measures.curves_converge,
        measures.ensemble_against_wider,
        measures.histograms_converge,
    ),
)
kernels_converge, logits_converge, loss_per_doubling, step_of_descent, variance_falls = map(
    of_frames,
    (
        measures.kernels_converge,
        measures.logits_converge,
        measures.loss_per_doubling,
        measures.step_of_descent,
        measures.variance_falls,
    ),
)


def _table(exponent: float, scale: float = 0.05) -> pd.DataFrame:
    """Nets whose every measured number deviates from a common limit by a normal number times N^exponent."""
    rng = np.random.default_rng(0)
    records: list[tuple] = []

    def noisy(limit: np.ndarray, width: int) -> np.ndarray:
        return limit + scale * width**exponent * rng.standard_normal(limit.shape)

    curve, kernel = np.linspace(2.0, 0.5, len(STEPS)), np.eye(5) + 0.3
    centres = np.linspace(-3.0, 3.0, 31)
    for width in WIDTHS:
        for seed in SEEDS:
            losses = noisy(curve, width)
            records += [(width, seed, s, "test_loss", "", -1, v) for s, v in zip(STEPS, losses, strict=True)]
            for step, value in zip(STEPS, noisy(curve, width), strict=True):
                records.append((width, seed, step, "correct_logit", "", 0, value))
            for layer in ("h1", "h2"):
                flat = noisy(kernel, width).ravel()
                records += [(width, seed, 100, "kernel", layer, i, v) for i, v in enumerate(flat)]
            side = 1 if width in WIDTHS[::2] else -1  # successive widths lie on two sides of the limit
            shift = side * scale * width**exponent * (1.0 + 0.1 * rng.standard_normal())
            density = np.exp(-((centres - shift) ** 2) / 2)
            records += [(width, seed, 100, "density", "h2", i, v) for i, v in enumerate(density)]
            records += [(width, seed, 100, "bin_centre", "", i, v) for i, v in enumerate(centres)]
            attention = noisy(np.tri(4) + 1.0, width).ravel()
            records += [(width, seed, 100, "attention", "attention1", i, v) for i, v in enumerate(attention)]
        for step in STEPS:
            deviations = scale**2 * width ** (2 * exponent) * rng.chisquare(20, len(SEEDS)) / 20
            records += [(width, -1, step, "logit_deviation", "", e, v) for e, v in enumerate(deviations)]
            records += [(width, -1, step, "ensemble_loss", "", -1, 0.5 + 1.0 / width)]
            records += [(width, -1, step, "ensemble_loss_without", "", e, 0.5 + 1.0 / width) for e in SEEDS]
            records += [(width, -1, step, "ensemble_square", "", -1, 1.0)]
            records += [(width, -1, step, "single_loss", "", e, 0.5) for e in SEEDS]
    columns = ["width", "seed", "step", "metric", "layer", "index", "value"]
    return pd.DataFrame(records, columns=columns).assign(lr=0.1, cell="c")


@pytest.mark.parametrize("measure", [curves_converge, logits_converge, histograms_converge, attention_converges])
def test_nets_that_converge_do_and_nets_that_do_not_do_not(measure) -> None:
    converging, apart = measure(_table(-0.5)), measure(_table(0.0))
    assert converging.high < 0
    assert converging.value == pytest.approx(-0.5, abs=0.35)
    assert apart.low < 0 < apart.high or apart.value > -0.2


def test_kernels_converge_by_the_square_of_their_distance() -> None:
    estimate = kernels_converge(_table(-0.5))
    assert estimate.value == pytest.approx(-1.0, abs=0.3)
    assert estimate.high < 0


def test_loss_per_doubling_is_that_of_the_last_evaluations() -> None:
    table = _table(-0.5, scale=1e-6)
    last = (table.metric == "test_loss") & table.step.isin(STEPS[-measures.LAST :])
    table.loc[last, "value"] = 3.0 - 0.25 * np.log2(table.width[last])
    assert loss_per_doubling(table).value == pytest.approx(-0.25)


def test_the_chance_of_the_test_set_widens_the_interval() -> None:
    table = _table(-0.5, scale=1e-6)
    parts = [(w, s, 100, "test_loss_of_part", "", i, i * np.log2(w)) for w in WIDTHS for s in SEEDS for i in range(8)]
    with_parts = pd.concat([table, pd.DataFrame(parts, columns=list(table)[:7]).assign(lr=0.1, cell="c")])
    narrow, wide = loss_per_doubling(table), loss_per_doubling(with_parts)
    assert wide.value == narrow.value
    expected = 2.1314 * np.sqrt(np.var(range(8), ddof=1) / 8)  # Student's factor of fifteen
    assert wide.high - wide.value == pytest.approx(expected, rel=1e-3)


def test_the_loss_tells_how_much_of_the_descent_is_done() -> None:
    table = _table(-0.5, scale=1e-6)  # from 2 to 1/2 in equal steps from evaluation to evaluation
    assert step_of_descent(table, part=0.5) == STEPS[len(STEPS) // 2 - (len(STEPS) + 1) % 2]
    with pytest.raises(NotTestableError, match="first 1% of the descent"):
        step_of_descent(table, part=0.01)


def test_variance_is_taken_after_the_part_of_the_descent_asked_for() -> None:
    table = _table(-0.5, scale=1e-3)
    early = (table.metric == "logit_deviation") & (table.step == STEPS[2])
    table.loc[early, "value"] *= table.width[early]  # no exponent there
    part = 2.5 / (len(STEPS) - 1)
    assert variance_falls(table, descent=1.0).value == pytest.approx(-1.0, abs=0.3)
    assert variance_falls(table, descent=part).value == pytest.approx(0.0, abs=0.3)


def test_ensemble_of_the_second_narrowest_is_compared_with_four_times_its_width() -> None:
    table = _table(-0.5, scale=1e-6)
    assert ensemble_against_wider(table).value == pytest.approx(0.5 + 1.0 / 16 - 0.5, abs=1e-4)
    with pytest.raises(NotTestableError, match="four widths"):
        ensemble_against_wider(table[table.width < 64])
