"""The mean field theory of nonlinear nets: against exact theories, and against the tensor program of the same nets."""

import numpy as np
import pandas as pd
import pytest
import torch

from builders import computed
from infwidth.data.images import Images
from infwidth.errors import InfwidthError, SpecError
from infwidth.limits.alternating_dmft import alternating_dmft
from infwidth.limits.dmft import deep_linear_dmft, static_errors
from infwidth.limits.kernels import mlp_kernels

P, D = 3, 12


def problem() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x = np.random.default_rng(0).standard_normal((P, D))
    return x, x @ x.T / D, np.array([1.0, -1.0, 0.5])


@pytest.mark.parametrize("n_hidden", [1, 2, 3])
def test_a_linear_net_is_solved_without_error(n_hidden: int) -> None:
    """The recursion of linear nets shares no line with the iteration, which has drawn no more than it must."""
    _, kernel, y = problem()
    setting = {"n_hidden": n_hidden, "gamma0": 0.8, "lr": 0.1, "steps": 7}
    exact = deep_linear_dmft(kernel, y, **setting)
    found = alternating_dmft(kernel, y, activation="linear", samples=2 * 8 * P, tolerance=1e-6, **setting)
    assert found.errors == pytest.approx(exact.errors, abs=1e-5)
    assert found.features == pytest.approx(exact.features, abs=1e-5)
    for μ in range(P):
        assert found.gradients[:, :, μ, :, μ] == pytest.approx(exact.gradients, abs=1e-5)
    assert found.losses[-1] < 0.3 * found.losses[0]


def test_without_richness_it_is_kernel_descent() -> None:
    """γ0 → 0: kernels stay what arcsine-like integrals give, and errors follow the tangent kernel."""
    x, kernel, y = problem()
    found = alternating_dmft(
        kernel, y, activation="tanh", n_hidden=2, gamma0=1e-3, lr=0.2, steps=5, samples=10_000, tolerance=1e-3
    )
    exact = mlp_kernels(x, n_hidden=2, activation="tanh", sigma_w=1.0, sigma_b=0.0)
    assert np.abs(found.features[:, -1, :, -1] - found.features[:, 0, :, 0]).max() < 1e-3
    assert found.features[-1, -1, :, -1] == pytest.approx(exact.nngp, abs=0.02)
    lazy = [y]
    for _ in range(5):
        lazy.append(lazy[-1] - 0.2 * exact.ntk @ lazy[-1])
    assert found.errors == pytest.approx(np.stack(lazy), abs=0.02)
    assert np.abs(found.errors - static_errors(kernel, y, n_hidden=2, lr=0.2, steps=5)).max() > 0.05  # not a linear net


SETTING = {
    "activation": "tanh", "n_hidden": 3, "gamma0": 1.5, "lr": 0.25, "steps": 7, "times": 3, "bins": 20, "range": 4.0
}  # fmt: skip


@pytest.fixture(scope="module")
def solutions() -> dict[str, pd.DataFrame]:
    """Return the limit by alternation and as a tensor program, and wide nets."""
    x = torch.randn(P, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    y = torch.tensor([0, 1, 0])
    data = Images(x, y, x, y, 2, "blobs", "0" * 64)
    return {
        "alternating": computed(data, name="alternating_dmft", samples=800, n_seeds=6, tolerance=1e-3, **SETTING),
        "program": computed(data, name="field_dynamics", width=1536, infinite=True, n_seeds=8, **SETTING),
        "nets": computed(data, name="field_dynamics", width=384, n_seeds=16, **SETTING),
    }


def _means(rows: pd.DataFrame, metric: str) -> tuple[np.ndarray, np.ndarray]:
    """Return means over seeds and their standard errors, of all layers and times."""
    of = rows[(rows.metric == metric) & (rows.seed >= 0)]
    over = of[(of.step == of.step.max()) | (metric == "train_loss")].groupby(["layer", "step", "index"]).value
    return over.mean().to_numpy(), (over.std() / np.sqrt(over.count())).to_numpy()


@pytest.mark.parametrize("other", ["program", "nets"])
@pytest.mark.parametrize(
    "metric", ["train_loss", "kernel", "gradient_kernel", "kernel_in_time", "gradient_in_time", "displacement"]
)
def test_two_computations_of_the_limit_and_wide_nets_agree(
    metric: str, other: str, solutions: dict[str, pd.DataFrame]
) -> None:
    (a, error), (b, another) = (_means(solutions[name], metric) for name in ("alternating", other))
    known = error**2 + another**2 > 1e-18
    z = (a - b)[known] / np.sqrt(error**2 + another**2)[known]
    assert np.sqrt((z**2).mean()) < (2.0 if other == "program" else 3.0), z  # nets are 1/N off as well
    assert np.linalg.norm(a - b) < (0.04 if other == "program" else 0.06) * np.linalg.norm(b)


def test_densities_of_preactivations_agree(solutions: dict[str, pd.DataFrame]) -> None:
    for layer in ("h1", "h2", "h3"):
        for step in (0, 7):
            densities = [
                rows[(rows.metric == "density") & (rows.layer == layer) & (rows.step == step)].value.to_numpy()
                for rows in solutions.values()
            ]
            for density in densities:
                assert density.sum() * 0.4 == pytest.approx(1, abs=0.01)
                assert np.abs(density - densities[1]).sum() * 0.4 / 2 < 0.04


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"activation": "relu"}, "has a slope that jumps"),
        ({"samples": 46}, "must be even and at least twice the 8 times x 3 examples = 48, not 46"),
        ({"samples": 49}, "must be even"),
        ({"gamma0": 0.0}, "gamma0 must be positive"),
        ({"lr": float("nan")}, "lr must be positive"),
        ({"n_hidden": 0}, "n_hidden and steps must be at least 1"),
    ],
)
def test_what_has_no_meaning_is_refused(changes: dict, says: str) -> None:
    _, kernel, y = problem()
    setting = {"activation": "tanh", "n_hidden": 2, "gamma0": 1.0, "lr": 0.1, "steps": 7, "samples": 48}
    with pytest.raises(SpecError, match=says):
        alternating_dmft(kernel, y, **(setting | changes))
    with pytest.raises(SpecError, match="targets must be"):
        alternating_dmft(kernel, y[:2], **setting)


def test_an_iteration_that_runs_away_or_does_not_settle_says_so() -> None:
    _, kernel, y = problem()
    with pytest.raises(InfwidthError, match=r"diverges: sweep .* take a smaller gamma0 or lr"):
        alternating_dmft(kernel, 9 * y, activation="linear", n_hidden=3, gamma0=3.0, lr=0.5, steps=9, samples=60)
    with pytest.raises(InfwidthError, match="has not settled: sweep 2 still changed it by"):
        alternating_dmft(
            kernel, y, activation="tanh", n_hidden=2, gamma0=1.0, lr=0.1, steps=7, samples=48, max_sweeps=2
        )
