"""Wide networks, built and trained for one step by autograd in float64, against the infinite-width predictions."""

import functools
import math

import numpy as np
import pytest
import torch

from infwidth.limits.kernels import LayerKernels, mlp_kernels
from infwidth.limits.lazy_update import backward_covariances, lazy_update
from infwidth.limits.mup_update import mup_update
from infwidth.limits.one_step import one_step_limit

D, P, K = 5, 8, 3
SCALE = 1 / P


def batch() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(11)
    return rng.standard_normal((P, D)), np.eye(K)[rng.integers(0, K, P)] * 1.5


def kernels(x: np.ndarray, n_hidden: int) -> LayerKernels:
    return mlp_kernels(x, n_hidden=n_hidden, activation="unit_relu", sigma_w=1.0, sigma_b=0.0)


@functools.cache
def step(width: int, n_hidden: int, richness: float, lr: float, seed: int) -> dict[str, np.ndarray]:
    """One SGD step in the STP gauge; mean squares over batch (and outputs) of everything the theory predicts."""
    x, y = (torch.tensor(a) for a in batch())
    torch.manual_seed(seed)
    α = width**richness
    fans = [D] + [width] * n_hidden
    outs = [width] * n_hidden + [K]
    stds = [1 / math.sqrt(fan) for fan in fans[:-1]] + [1 / (α * math.sqrt(width))]
    rates = [lr * α**2 / fan for fan in fans[:-1]] + [lr / width]
    weights = [
        (s * torch.randn(o, i, dtype=torch.float64)).requires_grad_() for s, o, i in zip(stds, outs, fans, strict=True)
    ]

    def forward() -> list[torch.Tensor]:
        h = [x @ weights[0].T]
        for w in weights[1:]:
            h.append(math.sqrt(2) * torch.relu(h[-1]) @ w.T)
        return h

    h = forward()
    loss = SCALE / 2 * ((h[-1] - y) ** 2).sum()
    *grads, residual = torch.autograd.grad(loss, h, retain_graph=True)
    weight_grads = torch.autograd.grad(loss, weights)
    with torch.no_grad():
        for w, rate, g in zip(weights, rates, weight_grads, strict=True):
            w -= rate * g
        moved = forward()
    residual = residual.detach().numpy()
    return {
        "output": (h[-1] ** 2).mean().item(),
        "gradient": np.array([(g**2).sum(1).mean().item() for g in grads]),
        "gradient_gram": np.array([(g @ g.T).numpy() for g in grads]),
        "relative_update": np.array(
            [(((b - a) ** 2).sum() / (a**2).sum()).item() for a, b in zip(h[:-1], moved[:-1], strict=True)]
        ),
        "output_update": ((moved[-1] - h[-1]) ** 2).mean().item(),
        "residual": residual @ residual.T,
    }


def measure(widths: list[int], n_hidden: int, richness: float, lr: float, seeds: int) -> list[list[dict]]:
    return [[step(width, n_hidden, richness, lr, seed) for seed in range(seeds)] for width in widths]


def predicted_squares(width: int, n_hidden: int, richness: float, lr: float, residual: np.ndarray) -> np.ndarray:
    """Lazy prediction for every hidden layer and the output, given the residuals that a network happened to have."""
    k = kernels(batch()[0], n_hidden)
    update = lazy_update(k, residual)
    moved = lr**2 * width ** (2 * richness - 1) * update.squares.sum(1) / np.trace(k.covariance[:-1], axis1=1, axis2=2)
    return np.append(moved, lr**2 * np.trace(update.response.T @ residual @ update.response) / (P * K))


@pytest.mark.parametrize(("n_hidden", "richness"), [(2, 0.0), (3, 0.0), (3, 0.25)])
def test_small_updates_of_single_networks_tend_to_the_lazy_limit(n_hidden: int, richness: float) -> None:
    # A learning rate at which the curvature of the step is below one percent, so that only the width is tested.
    lr, widths = 0.02, [64, 1024]
    spread = []
    for width, networks in zip(widths, measure(widths, n_hidden, richness, lr, seeds=32), strict=True):
        ratios = np.array(
            [
                np.append(net["relative_update"], net["output_update"])
                / predicted_squares(width, n_hidden, richness, lr, net["residual"])
                for net in networks
            ]
        )
        spread.append(np.sqrt(((ratios - 1) ** 2).mean(axis=0)))
        error = ratios.std(axis=0, ddof=1) / math.sqrt(len(ratios))
    # Sixteen times the width: a quarter of the deviation.
    assert (spread[1] < 0.4 * spread[0]).all(), spread
    assert (np.abs(ratios.mean(axis=0) - 1) < 3 * error + 0.02).all(), (ratios.mean(axis=0), error)


def test_gradients_of_different_inputs_have_the_backward_covariance() -> None:
    # The Gram matrix of ∂L/∂h_l over the batch, not only its diagonal: K̇_l ∘ Q_l, at r = 0.
    k = kernels(batch()[0], 3)
    (networks,) = measure([1024], 3, 0.0, 0.02, seeds=32)
    measured = np.mean([net["gradient_gram"] for net in networks], axis=0)
    expected = np.mean([k.derivative * backward_covariances(k, net["residual"]) for net in networks], axis=0)
    for finite, limit in zip(measured, expected, strict=True):
        assert np.linalg.norm(finite - limit) < 0.03 * np.linalg.norm(limit)


@pytest.mark.parametrize(
    ("richness", "lr", "width", "seeds"), [(0.0, 0.1, 512, 150), (0.25, 0.02, 2048, 10), (0.5, 6.0, 1024, 40)]
)
def test_rms_over_networks_is_the_predicted_power_of_the_width(
    richness: float, lr: float, width: int, seeds: int
) -> None:
    x, y = batch()
    n_hidden = 2 if richness < 0.5 else 3
    laws = one_step_limit(x, y, n_hidden=n_hidden, richness=richness, lr=lr, loss_scale=SCALE, n_samples=2**16)
    (networks,) = measure([width], n_hidden, richness, lr, seeds)
    for law in laws:
        squares = np.array([np.atleast_1d(net[law.quantity]) for net in networks])
        values = squares[:, law.layer - 1 if squares.shape[1] > 1 else 0]
        ratio = values.mean() / law.at(width) ** 2
        error = values.std(ddof=1) / math.sqrt(seeds) / values.mean()
        assert abs(ratio - 1) < 3 * error + 0.03, (law, ratio, error)


def test_mup_update_tends_to_the_lazy_one_for_small_learning_rates() -> None:
    x, y = batch()
    k = kernels(x, 3)
    lazy = lazy_update(k, y @ y.T)
    mup = mup_update(k, y @ y.T, lr=1e-5, n_samples=2**16, rng=np.random.default_rng(5))
    np.testing.assert_allclose(mup.response, lazy.response, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(mup.squares, lazy.squares, rtol=0.03)


def test_one_input_has_closed_form() -> None:
    x = np.array([[3.0, 1.0, -2.0]])
    laws = one_step_limit(x, [[0.6, 0.8]], n_hidden=4, richness=0.3, lr=0.7, loss_scale=0.5)
    κ = 14 / 3
    updates = [law for law in laws if law.quantity == "relative_update"]
    for law in updates:
        layer = law.layer
        expected = 0.7 * 0.5 * math.sqrt(κ) * math.sqrt(layer**2 + layer * (layer - 1) * (2 * layer - 1) / 3)
        assert law.prefactor == pytest.approx(expected, rel=1e-12)
        assert law.exponent == pytest.approx(-0.2)
    assert len(updates) == 4
