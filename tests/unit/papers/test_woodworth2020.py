"""Diagonal nets' dual against gradient flow, quadrature and optimality; figures and claims at smoke scale."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt
from scipy import integrate, optimize

from builders import expanded
from infwidth.analysis.claims import ledger
from infwidth.analysis.table import Table
from infwidth.data.load import load_data
from infwidth.data.prepare import prepare
from infwidth.errors import SpecError
from infwidth.experiments.papers import load_paper
from infwidth.limits import diagonal_nets as diagonal
from infwidth.limits import factorized_matrices as factorization
from infwidth.limits import homogeneous_flow as homogeneous
from infwidth.papers import figure_function
from infwidth.papers.woodworth2020.claims import CLAIMS
from infwidth.papers.woodworth2020.measured import crossing
from infwidth.plotting.style import style
from infwidth.results.tables import gather
from infwidth.solve import solve

DIAGONAL = {
    "name": "woodworth2020.diagonal",
    "dimension": 40,
    "samples": [10],
    "nonzeros": 2,
    "noise": 0.01,
    "depths": [2],
    "smallest_scale": 0.01,
    "largest_scale": 1,
    "n_scales": 3,
    "n_seeds": 2,
}


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Table]:
    """Return the tables at smoke scale."""
    folder = tmp_path_factory.mktemp("prepared")
    prepare("mnist5k", folder, folder / "mnist5k")
    return {
        experiment: Table(
            gather(
                {cell.id: solve(cell.spec.solve, _data(folder, cell.spec)) for cell in cells},
                {cell.id: cell.axes for cell in cells},
            )
        )
        for experiment, cells in load_paper("woodworth2020", "smoke").cells.items()
    }


def _data(folder: Path, spec: Any) -> Any:
    return None if spec.data is None else load_data(folder, spec.data.model_dump(mode="json"))


@pytest.fixture(scope="module")
def problem() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    return rng.standard_normal((4, 12)), rng.standard_normal(4)


# ---- diagonal nets


@pytest.mark.parametrize(("depth", "scale"), [(2, 1.0), (2, 0.05), (3, 0.3), (5, 0.7)])
def test_dual_is_where_gradient_flow_ends(depth: int, scale: float, problem: tuple[np.ndarray, np.ndarray]) -> None:
    """Integrated in the weights, which knows of no dual."""
    x, y = problem

    def velocity(_: float, w: np.ndarray) -> np.ndarray:
        up, down = w.reshape(2, -1)
        g = 2 * x.T @ (x @ (up**depth - down**depth) - y)
        return np.concatenate([-depth * up ** (depth - 1) * g, depth * down ** (depth - 1) * g])

    flow = integrate.solve_ivp(velocity, (0, 60), np.full(24, scale), method="LSODA", rtol=1e-9, atol=1e-12)
    up, down = flow.y[:, -1].reshape(2, -1)
    (found,) = diagonal.interpolators(x, y, np.array([scale]), depth)
    np.testing.assert_allclose(found, up**depth - down**depth, atol=2e-6)


@pytest.mark.parametrize("depth", [2, 3, 4, 8])
def test_a_path_ends_at_both_interpolators(depth: int, problem: tuple[np.ndarray, np.ndarray]) -> None:
    x, y = problem
    scales = np.geomspace(0.1 if depth == 8 else 1e-3, 10, 21)
    path = diagonal.interpolators(x, y, scales, depth)
    np.testing.assert_allclose(path @ x.T, np.tile(y, (21, 1)), atol=1e-6)
    np.testing.assert_allclose(path[-1], diagonal.least_l2(x, y), rtol=1e-3)
    least = np.abs(diagonal.least_l1(x, y)).sum()
    assert least <= np.abs(path[0]).sum() < (1.05 if depth == 2 else 1.001) * least
    assert (np.diff(np.abs(path).sum(1)) > -1e-6).all()


@pytest.mark.parametrize("depth", [2, 3, 4])
def test_the_penalty_is_least_among_interpolators(depth: int, problem: tuple[np.ndarray, np.ndarray]) -> None:
    """Its gradient, by differences, has no part that leaves the labels as they are."""
    x, y = problem
    scale = 0.4
    (β,) = diagonal.interpolators(x, y, np.array([scale]), depth)
    ratio, step = np.abs(β) / scale**depth, 1e-5
    rise = diagonal.penalty(ratio + step, depth) - diagonal.penalty(ratio - step, depth)
    gradient = np.sign(β) * rise / (2 * step)
    _, _, rows = np.linalg.svd(x)
    assert np.abs(rows[4:] @ gradient).max() < 1e-5 * np.abs(gradient).max()


@pytest.mark.parametrize("depth", [3, 5])
def test_penalty_integrates_the_inverse(depth: int) -> None:
    p = depth / (depth - 2)

    def inverse(ratio: float) -> float:
        return float(optimize.brentq(lambda z: (1 - z) ** -p - (1 + z) ** -p - ratio, 0, 1 - 1e-12, xtol=1e-15))

    for ratio in (0.1, 2.0, 30.0):
        expected, _ = integrate.quad(inverse, 0, ratio)
        assert diagonal.penalty(np.array(ratio), depth) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("depth", [2, 3, 6])
def test_weights_are_what_their_slopes_say(depth: int) -> None:
    s, step = np.array([-0.7, 0.1, 0.4]), 1e-6
    here = diagonal.weights(s, 0.8, depth)
    ahead, behind = (diagonal.weights(s + d, 0.8, depth) for d in (step, -step))
    larger, smaller = (diagonal.weights(s, 0.8 * np.exp(d), depth) for d in (step, -step))
    assert None not in (here, ahead, behind, larger, smaller)
    np.testing.assert_allclose((ahead.β - behind.β) / (2 * step), here.slope, rtol=1e-6)
    np.testing.assert_allclose((larger.β - smaller.β) / (2 * step), here.by_scale, rtol=1e-6)
    assert (ahead.potential - behind.potential) / (2 * step) == pytest.approx(here.β.sum(), rel=1e-6)


def test_crossing_is_between_the_scales() -> None:
    x = np.array([0.01, 0.1, 1.0])
    assert crossing(x, np.array([0.0, 1.0, 3.0]), 2.0) == pytest.approx(-0.5)
    assert np.isnan(crossing(x, np.array([1.0, 2.0, 3.0]), 0.5))
    assert np.isnan(crossing(x, np.array([1.0, 2.0, 3.0]), 9.0))


# ---- factorizations


@pytest.fixture(scope="module")
def matrix() -> tuple[np.ndarray, np.ndarray]:
    """Return a matrix of rank two, and which of its entries are known."""
    rng = np.random.default_rng(2)
    target = rng.standard_normal((5, 2)) @ rng.standard_normal((2, 5))
    known = np.zeros(25)
    known[rng.permutation(25)[:15]] = 1
    return target / np.linalg.norm(target, 2), known.reshape(5, 5)


@pytest.mark.parametrize("scale", [0.1, 1.0])
def test_completion_is_where_the_flow_of_both_factors_ends(scale: float, matrix: tuple[np.ndarray, np.ndarray]) -> None:
    """Integrated in U and V, of a width that their product with itself does not show."""
    target, known = matrix
    w = scale * np.random.default_rng(3).standard_normal((10, 30)) / np.sqrt(30)

    def velocity(_: float, w: np.ndarray) -> np.ndarray:
        u, v = w.reshape(2, 5, 30)
        g = known * (u @ v.T - target)
        return -np.stack([g @ v, g.T @ u]).ravel()

    flow = integrate.solve_ivp(velocity, (0, 200), w.ravel(), method="LSODA", rtol=1e-7, atol=1e-9)
    u, v = flow.y[:, -1].reshape(2, 5, 30)
    (found,) = factorization.completed((w @ w.T)[None], target[None], known[None], tolerance=1e-5, most=10**5)
    np.testing.assert_allclose(known * found, known * target, atol=1e-4)
    np.testing.assert_allclose(found, u @ v.T, atol=0.02)


def test_wide_factors_start_from_the_identity() -> None:
    z = factorization.initial(np.random.default_rng(0), 3, 200_000)
    np.testing.assert_allclose(z, np.eye(6), atol=0.02)


def test_least_nuclear_norm_is_proved_by_its_dual(matrix: tuple[np.ndarray, np.ndarray]) -> None:
    target, known = matrix
    least = factorization.least_nuclear(target, known)
    norm = np.linalg.norm(least.matrix, "nuc")
    np.testing.assert_array_equal(known * least.matrix, known * target)
    assert 0 <= least.gap < 1e-4 * norm
    assert norm <= np.linalg.norm(target, "nuc") + 1e-6
    # A bound is none if its dual matrix is not: the gap of what is no solution is large.
    assert factorization.least_nuclear(target, known, steps=3).gap > 1e-2 * norm


# ---- nonlinear nets


def _pair(scale: float, width: int) -> tuple[list[torch.Tensor], torch.Tensor, torch.Tensor]:
    rngs = [np.random.default_rng(seed) for seed in range(2)]
    weights = [scale * w for w in homogeneous.initial(rngs, 3, width, 2)]
    x = torch.from_numpy(np.random.default_rng(5).standard_normal((2, 3, 4)))
    return weights, x, torch.from_numpy(np.random.default_rng(6).standard_normal((2, 4)))


def test_outputs_of_new_nets_are_of_order_one() -> None:
    """Their variance is |x|²/d, whatever the width and depth."""
    rngs, x = [np.random.default_rng(seed) for seed in range(200)], torch.tensor([[2.0], [1.0], [2.0]]).double()
    for n_hidden in (1, 3):
        f = homogeneous.outputs(homogeneous.initial(rngs, 3, 64, n_hidden), x)
        assert f.square().mean().item() == pytest.approx(3.0, rel=0.25)


def test_gradients_and_the_kernels_trace_are_those_of_autograd() -> None:
    weights, x, residual = _pair(1.0, 6)
    gradients, trace = homogeneous._gradients(weights, homogeneous._entering(weights, x), residual)
    leaves = [w.clone().requires_grad_() for w in weights]
    f = homogeneous.outputs(leaves, x)
    expected = torch.autograd.grad((f * residual).sum(), leaves, retain_graph=True)
    for found, exact in zip(gradients, expected, strict=True):
        torch.testing.assert_close(found, exact)
    squares = [
        sum((g[s] ** 2).sum() for g in torch.autograd.grad(f[s, p], leaves, retain_graph=True))
        for s in range(2)
        for p in range(4)
    ]
    torch.testing.assert_close(trace, torch.stack(squares).reshape(2, 4).mean(1))


def test_large_weights_learn_as_the_kernel_says() -> None:
    """Regression with the tangent kernel by autograd, at new inputs."""
    weights, x, y = _pair(30.0, 40)
    new = torch.from_numpy(np.random.default_rng(7).standard_normal((2, 3, 5)))
    final = homogeneous.trained(weights, x, y, tolerance=1e-3, most=20_000)
    found = homogeneous.outputs(final, new) - homogeneous.outputs(weights, new)
    for s in range(2):
        leaves = [w[s : s + 1].clone().requires_grad_() for w in weights]
        f = homogeneous.outputs(leaves, torch.cat([x, new], 2)[s : s + 1])[0]
        rows = [torch.cat([g.ravel() for g in torch.autograd.grad(v, leaves, retain_graph=True)]) for v in f]
        kernel = torch.stack(rows) @ torch.stack(rows).T
        expected = kernel[4:, :4] @ torch.linalg.solve(kernel[:4, :4], y[s])
        torch.testing.assert_close(found[s], expected, atol=0.02, rtol=0)


# ---- claims and figures


def test_claims_of_any_size_hold_at_smoke_scale(tables: dict[str, Table]) -> None:
    verdicts = ledger("woodworth2020", CLAIMS, tables).set_index("claim").verdict
    holds = ["lazy_limit", "monotone", "rich_generalizes", "rich_sooner", "large_factors"]
    assert set(verdicts[holds]) == {"reproduced"}


def test_a_figure_is_drawn(tables: dict[str, Table]) -> None:
    """The workflow's tests draw all."""
    with style():
        drawn = figure_function("woodworth2020", "fig1")(tables)
        drawn.canvas.draw()
        plt.close(drawn)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"samples": [10, 40]}, "samples and nonzeros must be below the dimension 40"),
        ({"depths": [1]}, "must be a depth D, from 2 to 64"),
        ({"largest_scale": 0.01}, "smallest_scale 0.01 must be below largest_scale 0.01"),
    ],
)
def test_specs_without_meaning_are_refused(change: dict, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        expanded(solve={**DIAGONAL, **change})
