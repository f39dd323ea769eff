"""Drawn regressions and random matrices: fits against their definitions, four figures, specs without meaning."""

import numpy as np
import pytest
from matplotlib import pyplot as plt

from builders import computed, expanded
from infwidth.analysis.against_limit import mean_log_ratio
from infwidth.analysis.table import Table
from infwidth.errors import SpecError
from infwidth.experiments.papers import load_paper
from infwidth.limits.deterministic_equivalents import Modes
from infwidth.papers.atanasov2024.figures.linear_regression import linear_regression
from infwidth.papers.atanasov2024.figures.phases import phases
from infwidth.papers.atanasov2024.figures.random_features import random_features
from infwidth.papers.atanasov2024.figures.random_matrices import random_matrices
from infwidth.papers.atanasov2024.limits import Relu, Task, exponents, interpolate, population_fit, ridge_fit
from infwidth.papers.atanasov2024.solve import PIECES, _analysis
from infwidth.plotting.style import style
from infwidth.results.tables import gather
from infwidth.solve import solve

PROBLEM = {
    "name": "atanasov2024.learning",
    "dimension": 30,
    "spectrum": "isotropic",
    "noise": 0.1,
    "ridge": 0.1,
    "samples": [20],
    "features": "inputs",
    "n_seeds": 2,
}


@pytest.mark.parametrize(("P", "N"), [(12, 30), (30, 12)])
def test_fits_are_stationary_and_their_hat_matrix_has_the_trace(P: int, N: int) -> None:
    rng = np.random.default_rng(0)
    Z, y, λ = rng.standard_normal((P, N)), rng.standard_normal((P, 1)), 0.2
    fit = ridge_fit(Z, y, λ)
    assert Z.T @ fit.residuals / P == pytest.approx(λ * fit.weights, abs=1e-12)
    assert fit.residuals == pytest.approx(y - Z @ fit.weights, abs=1e-12)
    hat = Z @ np.linalg.solve(Z.T @ Z / P + λ * np.eye(N), Z.T / P)
    assert fit.degrees == pytest.approx(np.trace(hat))
    assert interpolate(Z, y) == pytest.approx(np.linalg.pinv(Z) @ y, abs=1e-10)


def test_population_fit_is_the_best_of_its_features() -> None:
    rng = np.random.default_rng(0)
    task = Task.of(Modes.of([1.0, 0.3, 0.1], [0.5, 0.3, 0.2], [2, 3, 4]), 0.0)
    assert task.error(np.zeros(9)) == pytest.approx(1.0)
    F = rng.standard_normal((9, 4))
    best = population_fit(task, F)
    for direction in np.eye(4):
        assert task.error(F @ (best + 1e-3 * direction)) > task.error(F @ best)


def test_error_of_relu_features_is_that_on_many_inputs() -> None:
    rng = np.random.default_rng(0)
    task, net = Task.of(Modes.of(1.0, 1.0, 20), 0.0), Relu.draw(rng, 20, 15)
    x, v = task.inputs(rng, 50_000), 0.1 * rng.standard_normal(15)
    z = net.of(x)
    assert z.mean(0) == pytest.approx(np.zeros(15), abs=0.03)
    assert ((x @ task.target - z @ v) ** 2).mean() == pytest.approx(net.error(task, v), rel=0.02)
    linear = np.linalg.lstsq(x, z, rcond=None)[0]
    assert linear == pytest.approx(net.directions * np.sqrt(20 / 15), abs=0.02)
    assert (z - x @ linear).var(0).mean() == pytest.approx(Relu.nonlinear(20, 15), rel=0.02)


def test_analysis_of_variance_finds_the_components_of_a_made_grid() -> None:
    rng, n, target = np.random.default_rng(0), 5, np.array([1.0, 0, 0])
    found = []
    for _ in range(3000):
        of_data, of_features, rest = (rng.standard_normal(s) for s in ((n, 1, 3), (1, n, 3), (n, n, 3)))
        noise = rng.standard_normal((n, 1, 3)) + 2 * rng.standard_normal((n, n, 3))
        found.append(list(_analysis(0.5 + of_data + 2 * of_features + 3 * rest, noise, target).values()))
    expected = [0.75, 12, 3, 27, 3, 12]
    assert np.mean(found, 0)[:6] == pytest.approx(expected, abs=0.35)
    assert np.mean(found, 0)[6] == pytest.approx(sum(expected), abs=0.6)


def test_the_mean_of_ratios_is_that_of_settings() -> None:
    frame = computed(**PROBLEM | {"samples": [10, 20, 40], "n_seeds": 4})
    table = Table(frame)
    rows, expected = table.nets("test"), table.limit("test")
    means = rows.groupby("index").value.mean()
    by_hand = np.abs(np.log(means / expected.set_index("index").value[means.index])).mean()
    assert mean_log_ratio(rows, expected.set_index("index").value, ["index"]).value == pytest.approx(by_hand)


def test_the_exponents_are_those_of_known_corners() -> None:
    """Without ridge: projections on features, N ≪ P, fall as N^-(α min(2r, 1)); data-limited bias as P^-(2αr)."""
    far = exponents(np.array([9.0]), np.array([0.5]), capacity=1.5, source=0.75, noisy=False)
    assert min(far["bias"], far["features"]) == pytest.approx(0.5 * 1.5)
    wide = exponents(np.array([9.0]), np.array([9.0]), capacity=1.5, source=0.3, noisy=True)
    assert (wide["bias"], wide["noise"]) == (pytest.approx(0.9), pytest.approx(0))


@pytest.fixture(scope="module")
def tables() -> dict[str, Table]:
    """Return the tables at smoke scale."""
    return {
        name: Table(gather({c.id: solve(c.spec.solve, None) for c in cells}, {c.id: c.axes for c in cells}), name)
        for name, cells in load_paper("atanasov2024", "smoke").cells.items()
    }


@pytest.mark.parametrize("figure", [random_matrices, linear_regression, random_features, phases])
def test_figures_are_drawn_from_smoke_tables(figure, tables: dict[str, Table]) -> None:  # type: ignore[no-untyped-def]
    with style():
        drawn = figure(tables)
        assert all(axes.has_data() for axes in drawn.axes)
        plt.close(drawn)


def test_parts_of_the_expected_error_are_the_error(tables: dict[str, Table]) -> None:
    parts = tables["decomposition"].limit(*PIECES).groupby("index").value.sum()
    assert parts.to_numpy() == pytest.approx(tables["decomposition"].limit("test").value.to_numpy())


@pytest.mark.parametrize(
    ("words", "change"),
    [
        ("needs both", {"spectrum": "power_law", "capacity_exponent": 1.5}),
        ("the width", {"features": "linear"}),
        ("isotropic inputs", {"features": "relu", "width": 5, "spectrum": "gapped"}),
        ("of linear features", {"name": "atanasov2024.decomposition", "n_draws": 3}),
    ],
)
def test_specs_without_meaning_are_refused(words: str, change: dict[str, object]) -> None:
    with pytest.raises(SpecError, match=words):
        expanded(solve=PROBLEM | change)
    with pytest.raises(SpecError, match="fixed"):
        expanded(
            solve={
                "name": "atanasov2024.regimes", "regime": "data", "dimension": 9, "capacity_exponent": 2.0,
                "source_exponent": 1.0, "fixed": 3, "sizes": [3], "n_seeds": 2,
            }
        )  # fmt: skip
