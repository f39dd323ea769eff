"""Distances between arrays of nets of different widths."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from builders import of_frames
from infwidth.analysis import distances
from infwidth.analysis.distances import (
    alignment,
    by_seed,
    misalignment,
    relative_distance,
    successive,
    to_widest,
    trend,
    wasserstein,
)
from infwidth.analysis.table import NotTestableError
from infwidth.errors import SpecError
from infwidth.parametrization import parametrize

CENTRES = np.linspace(-3, 3, 61)


arrays, kernels = map(of_frames, (distances.arrays, distances.kernels))


def _table(values: dict[tuple[int, int], np.ndarray], metric: str = "kernel", layer: str = "h1") -> pd.DataFrame:
    rows = [
        {"width": w, "seed": s, "lr": 0.1, "step": 5, "metric": metric, "layer": layer, "index": i, "value": x}
        for (w, s), array in values.items()
        for i, x in enumerate(np.ravel(array))
    ]
    return pd.DataFrame(rows)


def _converging(power: float, seeds: int = 5) -> dict[tuple[float, int], np.ndarray]:
    """Kernels that are [[2, 1], [1, 2]] plus noise of size width**power."""
    rng = np.random.default_rng(0)
    limit = np.array([[2.0, 1.0], [1.0, 2.0]])
    widths = (16, 64, 256, 1024)
    return {
        (n, s): limit + n**power * (1 + 0.02 * rng.normal()) * (-1) ** i * np.diag([1.0, -1.0])
        for i, n in enumerate(widths)
        for s in range(seeds)
    }


def test_alignment_is_a_cosine() -> None:
    a = np.array([[1.0, 0.0], [0.0, 0.0]])
    assert alignment(a, np.ones((2, 2))) == pytest.approx(1 / 2)
    assert alignment(a, 7 * a) == pytest.approx(1)
    assert alignment(a, -a) == pytest.approx(-1)


def test_misalignment_is_one_minus_alignment_and_does_not_cancel() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 4, 4))
    assert misalignment(a, b) == pytest.approx(1 - alignment(a, b), rel=1e-12)
    angle = 1e-9
    near = np.array([np.cos(angle), np.sin(angle)])
    assert misalignment(near, np.array([1.0, 0.0])) == pytest.approx(angle**2 / 2, rel=1e-6)


def test_relative_distance_is_relative_to_the_second() -> None:
    b = np.array([[3.0, 0.0], [0.0, 4.0]])
    assert relative_distance(np.zeros((2, 2)), b) == pytest.approx(1)
    assert relative_distance(3 * b, b) == pytest.approx(2)
    with pytest.raises(SpecError, match="shapes"):
        relative_distance(b, b[:1])


def test_wasserstein_of_a_shifted_histogram_is_the_shift() -> None:
    density = np.exp(-(CENTRES**2) / 0.1)
    for bins in (1, 4, 11):
        shifted = np.roll(density, bins)
        distance = wasserstein(density, 3 * shifted, centres=CENTRES)  # normalised: the factor says nothing
        assert distance == pytest.approx(bins * 0.1, rel=1e-9)
    assert wasserstein(density, density, centres=CENTRES) == 0


def test_wasserstein_of_two_gaussians_of_one_centre() -> None:
    """W1 = (σ₂ − σ₁) E|z| = (σ₂ − σ₁)√(2/π)."""
    narrow, wide = (np.exp(-(CENTRES**2) / (2 * s**2)) for s in (0.4, 0.6))
    assert wasserstein(narrow, wide, centres=CENTRES) == pytest.approx(0.2 * np.sqrt(2 / np.pi), rel=1e-2)


@pytest.mark.parametrize(
    ("a", "centres"),
    [
        (np.zeros(3), np.arange(3.0)),
        (np.array([1.0, -1.0, 2.0]), np.arange(3.0)),
        (np.ones(3), np.array([0.0, 1.0, 5.0])),
        (np.ones(3), np.arange(4.0)),
    ],
)
def test_what_is_no_histogram_is_an_error(a: np.ndarray, centres: np.ndarray) -> None:
    with pytest.raises(SpecError, match="histogram"):
        wasserstein(a, np.ones(3), centres=centres)


def test_arrays_come_back_whatever_the_order_of_rows() -> None:
    values = {(n, s): n + s + np.arange(6.0) for n in (8, 16) for s in (-1, 0, 1)}
    table = _table(values).sample(frac=1, random_state=0)
    found = arrays(table, metric="kernel", layer="h1", step=5, shape=(2, 3))
    assert sorted(found) == [(8, 0), (8, 1), (16, 0), (16, 1)]
    np.testing.assert_array_equal(found[16, 1], values[16, 1].reshape(2, 3))


def test_kernels_are_square() -> None:
    values = {(8, 0): np.arange(9.0), (16, 0): np.ones(9)}
    found = kernels(_table(values), layer="h1", step=5)
    np.testing.assert_array_equal(found[8, 0], np.arange(9.0).reshape(3, 3))
    with pytest.raises(SpecError, match="8 entries"):
        kernels(_table({(8, 0): np.ones(8)}), layer="h1", step=5)


def test_incomplete_tables_are_not_testable() -> None:
    table = _table({(8, 0): np.ones(4), (16, 0): np.ones(4)})
    with pytest.raises(NotTestableError, match="no attention"):
        arrays(table, metric="attention", layer="h1", step=5)
    with pytest.raises(NotTestableError, match="no layer h2, only h1"):
        kernels(table, layer="h2", step=5)
    with pytest.raises(NotTestableError, match="gaps"):
        kernels(table[table["index"] != 2], layer="h1", step=5)
    with pytest.raises(NotTestableError, match="same number"):
        kernels(table[(table.width == 8) | (table["index"] == 0)], layer="h1", step=5)
    with pytest.raises(SpecError, match="several times"):
        kernels(pd.concat([table, table]), layer="h1", step=5)


def test_pairs_are_of_nets_that_share_no_seed() -> None:
    nets: dict[tuple[float, int], np.ndarray] = {
        (4, 0): np.array([1.0]),
        (8, 0): np.array([2.0]),
        (16, 0): np.array([5.0]),
        (4, 1): np.array([7.0]),
    }
    nets[8, 1] = np.array([14.0])

    def difference(a: np.ndarray, b: np.ndarray) -> float:
        return float((b - a).item())

    found = successive(nets, difference)
    assert list(found.itertuples(index=False, name=None)) == [(4, 8, 0, 1, 13), (4, 8, 1, 0, -5), (8, 16, 1, 0, -9)]
    found = to_widest(nets, difference, axis="n_blocks")
    assert list(found.columns) == ["n_blocks", "wider", "seed", "other", "value"]
    assert list(found.itertuples(index=False, name=None)) == [(4, 16, 1, 0, -2), (8, 16, 1, 0, -9)]


def test_nets_of_one_seed_share_their_read_in_whatever_their_width() -> None:
    """Why pairs within a seed are left out."""
    narrow, wide = nn.Linear(4, 8), nn.Linear(4, 16)
    for net, base in ((narrow, nn.Linear(4, 8)), (wide, nn.Linear(4, 8))):
        nets = [nn.Sequential(layer, nn.Linear(layer.out_features, 2)) for layer in (net, base)]
        parametrize(*nets, "mup", optimizer="sgd", lr=1.0).init_(nets[0], seed=3)
    assert torch.equal(wide.weight[:8], narrow.weight)


def _scalars(seeds: int, rng: np.random.Generator, widths: tuple[int, ...] = (16, 64, 256)) -> dict:
    """Nets that are vectors of normal numbers of size n^-1/2."""
    return {(float(n), s): 1 + n**-0.5 * rng.standard_normal(30) for n in widths for s in range(seeds)}


def test_the_jackknife_covers_what_new_seeds_would_give() -> None:
    """Against the scatter over 300 draws of all nets, which knows nothing of pairs."""
    rng = np.random.default_rng(2)
    found = [trend(successive(_scalars(6, rng), relative_distance)) for _ in range(300)]
    values, halves = np.array([e.value for e in found]), np.array([(e.high - e.low) / 2 for e in found])
    truth = values.mean()
    assert truth == pytest.approx(-0.5, abs=0.02)
    assert 0.92 < np.mean(np.abs(values - truth) < halves) <= 1.0
    assert values.std() * 2.57 == pytest.approx(halves.mean(), rel=0.25)  # Student's factor of five degrees of freedom


def test_the_numbers_of_seeds_have_the_mean_and_the_interval_of_all_pairs() -> None:
    pairs = successive(_scalars(5, np.random.default_rng(3)), relative_distance)
    of_seeds = by_seed(pairs)
    assert len(of_seeds) == 2 * 5
    np.testing.assert_allclose(of_seeds.groupby("width").value.mean(), pairs.groupby("width").value.mean())
    at = pairs[pairs.width == 16]
    without = [at.value[(at.seed != e) & (at.other != e)].mean() for e in range(5)]
    error = np.sqrt(4 / 5 * np.square(np.array(without) - np.mean(without)).sum())
    assert of_seeds[of_seeds.width == 16].value.sem() == pytest.approx(error)


@pytest.mark.parametrize("power", [-0.5, -1.0])
def test_trend_is_the_rate_of_convergence(power: float) -> None:
    estimate = trend(successive(_converging(power), relative_distance))
    assert estimate.low <= power <= estimate.high
    assert estimate.high - estimate.low < 0.1
    assert estimate.n == 5
    squared = trend(successive(_converging(power), misalignment))
    assert squared.value == pytest.approx(2 * power, abs=0.1)


def test_trend_of_kernels_that_do_not_converge_is_flat() -> None:
    assert abs(trend(to_widest(_converging(0.0), relative_distance)).value) < 0.7  # alternating, not falling
    assert abs(trend(successive(_converging(0.0), relative_distance)).value) < 0.05


def test_histograms_go_the_same_way() -> None:
    table = _table(
        {(n, s): np.exp(-((CENTRES - 16 / n - 0.001 * s) ** 2) / 0.05) for n in (16, 32, 64, 128) for s in range(3)},
        metric="density",
    )
    found = arrays(table, metric="density", layer="h1", step=5)
    of_pairs = successive(found, partial(wasserstein, centres=CENTRES))
    np.testing.assert_allclose(of_pairs.groupby("width").value.mean(), [1 / 2, 1 / 4, 1 / 8], rtol=1e-3)
    assert trend(of_pairs).value == pytest.approx(-1, abs=1e-2)


def test_fewer_seeds_of_the_widest_net_are_enough() -> None:
    nets = _converging(-1.0)
    del nets[1024, 4]
    estimate = trend(successive(nets, relative_distance))
    assert estimate.n == 4
    assert estimate.low <= -1.0 <= estimate.high


def test_two_seeds_have_a_trend_and_no_interval() -> None:
    estimate = trend(successive(_converging(-1.0, seeds=2), relative_distance))
    assert estimate.value == pytest.approx(-1.0, abs=0.1)
    assert (estimate.low, estimate.high, estimate.n) == (-np.inf, np.inf, 2)


def test_no_trend_from_too_little() -> None:
    nets = _converging(-1.0)
    one_pair = {net: array for net, array in nets.items() if net[0] <= 64}
    with pytest.raises(NotTestableError, match="two or more values of width"):
        trend(successive(one_pair, relative_distance))
    with pytest.raises(NotTestableError, match="two or more values"):
        successive({(8, 0): np.ones(2)}, relative_distance)
    with pytest.raises(NotTestableError, match="nets of two seeds"):
        successive({(8, 0): np.ones(2), (16, 0): np.ones(2)}, relative_distance)
    with pytest.raises(NotTestableError, match="zero"):
        trend(successive({(n, s): np.ones(2) for n in (8, 16, 32) for s in (0, 1)}, relative_distance))
