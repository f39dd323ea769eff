"""Depthwise parametrizations classified, the paper's nets against autograd and torch's Adam, sizes, and the figures."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib import pyplot as plt

from builders import computed
from infwidth.analysis.table import NotTestableError, Table
from infwidth.data.images import Images
from infwidth.errors import SpecError
from infwidth.experiments.papers import load_paper
from infwidth.papers import figure_function
from infwidth.papers.yang2023 import limits as nets
from infwidth.papers.yang2023 import measured
from infwidth.papers.yang2023.limits import classify_depthwise
from infwidth.plotting.style import style
from infwidth.results.tables import gather
from infwidth.solve import solve


def images(n: int = 200, n_classes: int = 10) -> Images:
    x = torch.randn(n, 1, 4, 4, generator=torch.Generator().manual_seed(5))
    y = torch.arange(n) % n_classes
    return Images(x, y, x[:2], y[:2], n_classes, "toy", "")


@pytest.fixture(scope="module")
def tables() -> dict[str, Table]:
    """Return the tables at smoke scale, with images of noise."""
    return {
        experiment: Table(
            gather(
                {c.id: solve(c.spec.solve, images() if c.spec.data else None) for c in cells},
                {c.id: c.axes for c in cells},
            ),
            experiment,
        )
        for experiment, cells in load_paper("yang2023", "smoke").cells.items()
    }


@pytest.mark.parametrize("figure", [f"fig{n}" for n in (1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 17)])
def test_figures_are_drawn(figure: str, tables: dict[str, Table]) -> None:
    with style():
        plt.close(figure_function("yang2023", figure)(tables))


def test_nets_are_paired_of_the_seeds_that_both_have() -> None:
    def table(seeds: range, height: float) -> Table:
        rows = pd.DataFrame(
            [(n, seed, lr, height + abs(lr - 2)) for n in (4, 8) for seed in seeds for lr in (1.0, 2.0, 4.0)],
            columns=["n_blocks", "seed", "lr", "value"],
        )
        return Table(rows.assign(metric=measured.LOSS, step=1, layer="", index=-1, of="net", cell="a"), "table")

    apart = measured.apart_at_largest(table(range(5), 2.0), table(range(3), 1.0))
    np.testing.assert_allclose(apart, np.log([2.0, 2.0, 2.0]))
    with pytest.raises(NotTestableError, match="no number of layers, or no seed, in common"):
        measured.apart_at_largest(table(range(2), 2.0), table(range(2, 5), 1.0))


@pytest.mark.parametrize(
    ("alpha", "gamma", "stable", "growth", "faithful", "diversity"),
    [
        ("1/2", "1/2", True, "0", True, "1/2"),
        ("1", "0", True, "0", True, "0"),
        ("3/4", "1/4", True, "0", True, "0"),
        ("5/4", "-1/4", True, "0", False, None),
        ("1/2", "0", True, "1/2", False, None),
        ("1", "1", True, "-1", False, None),
        ("0", "1", False, "0", False, None),
    ],
)
def test_verdicts_of_the_plane(alpha, gamma, stable, growth, faithful, diversity) -> None:
    found = classify_depthwise(alpha, gamma)
    assert found == (stable, Fraction(growth), faithful, None if diversity is None else Fraction(diversity))


def test_the_plane_is_measured_as_classified() -> None:
    block = {"powers": ["0", "1/2", "3/4"], "updates": ["0", "1/2"], "depths": [32, 64], "lr": 0.001}
    rows = computed(name="yang2023.depth_plane", **block)
    grid = measured.plane(Table(rows))
    assert (grid.start_growth[grid.alpha == 0] > 10).all()
    assert grid.growth[grid.alpha == 0].isna().all()
    stable = grid[grid.alpha > 0]
    error = (stable.growth - (1 - stable.alpha - stable.gamma)).abs()
    assert error[stable.alpha == 0.5].max() < 0.04
    assert error.max() < 0.08  # α = 3/4 has corrections of order L^(−1/2)


def _initial(runs: int, n_blocks: int, n: int, generator: torch.Generator) -> nets.Initial:
    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator)

    return nets.Initial(normal(runs, 6, n) / 6**0.5, normal(n_blocks, runs, n, n) / n**0.5, normal(runs, n, 3) / n)


@pytest.mark.parametrize("activation", ["relu", "abs"])
def test_stacked_nets_are_single_nets_trained_by_adam(activation: str) -> None:
    generator = torch.Generator().manual_seed(0)
    initial = _initial(2, 4, 8, generator)
    batches = [nets.Batch(torch.randn(5, 6, generator=generator), torch.tensor([0, 1, 2, 0, 1])) for _ in range(4)]
    singles = []
    for run, lr in enumerate((0.01, 0.05)):
        u, v = initial.u[run], initial.v[run]
        weights = [w[run].clone().requires_grad_() for w in initial.w]
        adam = torch.optim.Adam(weights, lr=lr, eps=1e-20)
        losses = []
        for x, y in batches:
            h = x @ u
            for w in weights:
                after = getattr(torch, activation)(h @ w.T)
                h = h + 0.7 * (after - after.mean(-1, keepdim=True))
            loss = torch.nn.functional.cross_entropy(h @ v, y)
            losses.append(loss.item())
            adam.zero_grad()
            loss.backward()
            adam.step()
        singles.append(losses)
    stacked = nets.train(initial, iter(batches), branch=0.7, lr=[0.01, 0.05], activation=activation)
    found = torch.stack([moment.losses.clone() for moment in stacked])
    np.testing.assert_allclose(found.T, singles, rtol=2e-4)


def test_layers_grow_at_the_start_as_they_should() -> None:
    """E|x^L|² / |x^0|² = (1 + (1/2 − 1/2π) a² / L)^L for ReLU less its mean: half the square, less that of the mean."""
    n, n_blocks = 1500, 3
    initial = _initial(4, n_blocks, n, torch.Generator().manual_seed(1))
    batch = nets.Batch(torch.randn(8, 6, generator=torch.Generator().manual_seed(2)), torch.zeros(8, dtype=torch.long))
    moment = next(nets.train(initial, iter([batch]), branch=n_blocks**-0.5, lr=[0.0] * 4, activation="relu"))
    squares = moment.layers.square().mean(-1)
    growth = (squares[-1] / squares[0]).mean()
    assert growth == pytest.approx((1 + (0.5 - 0.5 / np.pi) / n_blocks) ** n_blocks, rel=0.02)


DIVERSITY = {
    "name": "yang2023.diversity",
    "width": 32,
    "n_blocks": 32,
    "activation": "relu",
    "branch_multiplier": 0.5,
    "lr": 0.001,
    "steps": 2,
    "show": [0, 2],
    "batch_size": 10,
    "n_seeds": 3,
}


def test_distances_of_layers_are_those_of_a_random_path_at_the_start() -> None:
    rows = computed(images(), **DIVERSITY, alpha="1/2", gamma="1/2")
    table = Table(rows.assign(n_blocks=32, activation="relu"))
    exponents = measured.diversity_exponents(table, "relu", 0)
    assert exponents.value.mean() == pytest.approx(0.5, abs=0.06)
    assert len(exponents) == 3


def test_rates_in_depth_need_depths_that_double() -> None:
    rows = [(depth, index, 1.0 + index / depth + 1 / depth) for depth in (4, 8, 16) for index in range(depth + 1)]
    frame = pd.DataFrame(rows, columns=["n_blocks", "index", "value"])
    table = Table(frame.assign(of="limit", seed=-1, step=10, metric="rms", layer="", lr=0.1))
    assert measured.rate_by_doublings(table).value == pytest.approx(-1)
    with pytest.raises(NotTestableError, match="three depths"):
        measured.rate_by_doublings(table.at(n_blocks=(4, 8)))


def test_the_rate_that_is_best_with_its_multiplier_is_that_of_means() -> None:
    """At the base depth alone, and not where the lowest losses have lost a seed."""
    nets = [
        (depth, multiplier, lr, seed, 1.0 + abs(np.log2(lr) + 6) + abs(np.log2(multiplier)) + (depth != 8) * lr * 100)
        for depth in (4, 8)
        for multiplier in (0.5, 1.0, 2.0)
        for lr in (2.0**-7, 2.0**-6, 2.0**-5)
        for seed in range(2)
    ]
    frame = pd.DataFrame(nets, columns=["n_blocks", "branch_multiplier", "lr", "seed", "value"])
    rows = frame.assign(of="net", step=9, metric="late_loss", layer="", index=-1)
    assert measured.best_rate(Table(rows)) == 2.0**-6
    lost = (rows.branch_multiplier == 1.0) & (rows.lr == 2.0**-6)
    rows.loc[lost, "value"] = [0.1, np.nan] * 2
    rows.loc[rows.lr == 2.0**-7, "value"] -= 0.6
    assert measured.best_rate(Table(rows)) == 2.0**-7


def test_specs_without_meaning_are_refused() -> None:
    with pytest.raises(SpecError, match="activation"):
        computed(images(), **DIVERSITY | {"activation": "tanh"}, alpha="1/2", gamma="1/2")
    with pytest.raises(SpecError, match="alpha"):
        computed(images(), **DIVERSITY, alpha=0.5, gamma="1/2")
