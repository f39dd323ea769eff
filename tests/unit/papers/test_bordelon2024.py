"""The solvable model of scaling laws: exact descent against small steps, the envelope, the figures, and refusals."""

import numpy as np
import pytest
from matplotlib import pyplot as plt

from builders import computed, expanded
from infwidth.analysis.table import Table
from infwidth.errors import SpecError
from infwidth.experiments.papers import load_paper
from infwidth.papers.bordelon2024.figures.compute_optimal import compute_optimal
from infwidth.papers.bordelon2024.figures.ensembling import ensembling
from infwidth.papers.bordelon2024.figures.loss_time import loss_time
from infwidth.papers.bordelon2024.figures.train_test_gap import train_test_gap
from infwidth.papers.bordelon2024.limits import descend, exponents
from infwidth.papers.bordelon2024.measured import early_variance
from infwidth.plotting.style import style
from infwidth.results.tables import gather
from infwidth.solve import solve


@pytest.mark.parametrize(("P", "N"), [(8, 15), (15, 8), (None, 8), (8, None), (None, None)])
def test_descent_is_that_of_small_steps(P: int | None, N: int | None) -> None:
    rng, η = np.random.default_rng(0), np.arange(1, 21) ** -1.0
    target, lr, times = rng.standard_normal(20), 1e-3, np.array([0.5, 4.0])
    x = y = F = None
    covariance = np.diag(η)
    if P:
        x = rng.standard_normal((P, 20)) * np.sqrt(η)
        y, covariance = x @ target, x.T @ x / P
    if N:
        F = rng.standard_normal((20, N)) / np.sqrt(N)
    projection, weights, found = (np.eye(20) if F is None else F), np.zeros(20), []
    for step in range(1, 4001):
        weights = weights + lr * projection @ projection.T @ covariance @ (target - weights)
        if step in (500, 4000):
            found.append(weights)
    exact, residuals = descend(η, target, x, y, F, times)
    assert pytest.approx(np.array(found), rel=5e-3, abs=1e-3) == exact.T
    if x is None:
        assert residuals is None
    else:
        assert residuals == pytest.approx(y[:, None] - x @ exact, abs=1e-10)


def test_compute_optimal_exponents_are_those_of_a_sum_of_power_laws() -> None:
    """Least t^-u + (C/t)^-m over t, by search."""
    laws = exponents(1.25, 1.5)
    t = np.geomspace(1e-2, 1e12, 400_000)
    least = [(t ** laws["time"] + (C / t) ** laws["width"]) for C in (1e8, 1e10)]
    loss, best = [f.min() for f in least], [t[f.argmin()] for f in least]
    assert np.log10(loss[1] / loss[0]) / 2 == pytest.approx(laws["best_loss"], abs=1e-3)
    assert np.log10(best[1] / best[0]) / 2 == pytest.approx(laws["best_time"], abs=1e-3)
    assert laws["best_width"] + laws["best_time"] == pytest.approx(1)


@pytest.fixture(scope="module")
def tables() -> dict[str, Table]:
    """Return the tables at smoke scale, without that of images."""
    return {
        name: Table(gather({c.id: solve(c.spec.solve, None) for c in cells}, {c.id: c.axes for c in cells}), name)
        for name, cells in load_paper("bordelon2024", "smoke").cells.items()
        if name != "images"
    }


@pytest.mark.parametrize("figure", [loss_time, compute_optimal, ensembling, train_test_gap])
def test_figures_are_drawn_from_smoke_tables(figure, tables: dict[str, Table]) -> None:  # type: ignore[no-untyped-def]
    with style():
        drawn = figure(tables)
        assert all(axes.has_data() for axes in drawn.axes)
        plt.close(drawn)


def test_the_gap_is_without_bias_that_of_test_and_training() -> None:
    frame = computed(
        name="bordelon2024.gap", spectrum_exponent=1.25, power_exponent=2.0, n_modes=60, width=20, samples=20,
        times=[1, 10], n_seeds=300,
    )  # fmt: skip
    of = Table(frame).nets("test", "train", "gap").pivot_table(index="seed", columns=["metric", "step"], values="value")
    for step in (1, 10):
        naive, swapped = of.test[step] - of.train[step], of.gap[step]
        assert abs((naive - swapped).mean()) < 4 * (naive - swapped).std() / np.sqrt(300)
        assert swapped.std() < naive.std() or step > 1  # early, what one set is easier by hides the gap


def test_specs_without_meaning_are_refused() -> None:
    block = {
        "name": "bordelon2024.gap",
        "spectrum_exponent": 1.25,
        "n_modes": 9,
        "width": 3,
        "samples": 3,
        "n_seeds": 2,
    }
    with pytest.raises(SpecError, match="finite power"):
        expanded(solve=block | {"times": [1], "power_exponent": 1.0})


def test_variance_over_nets_early_is_that_of_theory() -> None:
    frame = computed(
        name="bordelon2024.flow", spectrum_exponent=1.25, power_exponent=2.0, n_modes=200, width=32, noise=0,
        members=2, times=[1, 2], n_seeds=200,
    )  # fmt: skip
    rows = frame.assign(power_exponent=2.0, width=32)
    theory = rows[(rows.metric == "var_features") & (rows.step == 1)].value.item()
    assert early_variance(Table(rows)).value.mean() == pytest.approx(theory, rel=0.25)
