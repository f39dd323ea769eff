"""Regression and descent with a kernel: against linear models trained step by step, and draws of the GP."""

from typing import Any

import numpy as np
import pytest
import torch

from builders import computed
from infwidth.data.images import Images
from infwidth.errors import SpecError
from infwidth.limits.kernel_regression import KernelDescent, kernel_regression, one_hot
from infwidth.limits.kernels import mlp_kernels

P, Q, D, K = 12, 5, 20, 3


@pytest.fixture
def model() -> dict[str, np.ndarray]:
    """A linear model f = Φ w: features of training and test points, targets, and outputs at the start."""
    rng = np.random.default_rng(0)
    return {
        "train": rng.standard_normal((P, D)),
        "test": rng.standard_normal((Q, D)),
        "targets": rng.standard_normal((P, K)),
        "w": rng.standard_normal((D, K)),
    }


def descent_of(model: dict) -> tuple[KernelDescent, np.ndarray]:
    return KernelDescent.of(model["train"] @ model["train"].T, model["targets"]), model["test"] @ model["train"].T


def test_regression_is_ridge_regression_on_features(model: dict) -> None:
    Φ, ridge = model["train"], 0.1
    shift = ridge * (Φ**2).sum(axis=1).mean()
    w = np.linalg.solve(Φ.T @ Φ + shift * np.eye(D), Φ.T @ model["targets"])
    fitted, predicted = kernel_regression(Φ @ Φ.T, model["test"] @ Φ.T, model["targets"], ridge=ridge)
    np.testing.assert_allclose(fitted, Φ @ w, rtol=1e-9)
    np.testing.assert_allclose(predicted, model["test"] @ w, rtol=1e-9)


@pytest.mark.parametrize("from_zero", [True, False])
def test_descent_is_gradient_descent_of_a_linear_model(model: dict, from_zero: bool) -> None:
    descent, cross = descent_of(model)
    lr, steps = 0.3 * descent.largest_stable_lr(), 25
    w = start = np.zeros((D, K)) if from_zero else model["w"]
    for _ in range(steps):
        w = w - lr * model["train"].T @ (model["train"] @ w - model["targets"])
    left = descent.descent(lr, steps)
    starts = (None, None) if from_zero else (model["train"] @ start, model["test"] @ start)
    np.testing.assert_allclose(descent.train_outputs(left, starts[0]), model["train"] @ w, atol=1e-10)
    np.testing.assert_allclose(descent.test_outputs(cross, left, *starts), model["test"] @ w, atol=1e-10)


def test_flow_is_descent_in_small_steps_and_ends_in_regression(model: dict) -> None:
    descent, cross = descent_of(model)
    time = 10 / descent.eigenvalues[-1]
    fine = descent.descent(time / 100_000, 100_000)
    np.testing.assert_allclose(descent.flow(time).left, fine.left, atol=1e-4)
    assert 0.01 < descent.flow(time).left.max() < 0.99
    _, predicted = kernel_regression(model["train"] @ model["train"].T, cross, model["targets"])
    np.testing.assert_allclose(descent.test_outputs(cross, descent.flow(1e9)), predicted, rtol=1e-6)


def test_two_over_the_largest_eigenvalue_is_where_descent_turns(model: dict) -> None:
    descent, _ = descent_of(model)
    lr = descent.largest_stable_lr()
    assert np.abs(descent.descent(0.99 * lr, 5000).left).max() < 1e-1
    assert np.abs(descent.descent(1.01 * lr, 1000).left).max() > 1e6


def test_variance_of_single_nets_is_that_of_draws_of_the_prior(model: dict) -> None:
    descent, cross = descent_of(model)
    left = descent.flow(3 / descent.eigenvalues[-1])
    Φ = np.concatenate([model["train"], model["test"]])
    # A prior that is not the tangent kernel: other features of the same points.
    prior = np.tanh(Φ) @ np.tanh(Φ).T / D
    draws = np.tanh(Φ) @ np.random.default_rng(1).standard_normal((D, 40_000)) / np.sqrt(D)
    one = KernelDescent(descent.eigenvalues, descent.eigenvectors, descent.targets[:, :1])
    outputs = one.test_outputs(cross, left, draws[:P], draws[P:])
    variance = descent.test_variance(cross, left, prior[:P, :P], prior[P:, :P], prior[P:, P:].diagonal())
    np.testing.assert_allclose(outputs.var(axis=1), variance, rtol=0.04)
    covariance = descent.test_covariance(cross, left, prior[:P, :P], prior[P:, :P], prior[P:, P:])
    np.testing.assert_allclose(covariance.diagonal(), variance, rtol=1e-10)
    np.testing.assert_allclose(np.cov(outputs), covariance, atol=0.04 * variance.max())
    mean = one.test_outputs(cross, left)[:, 0]
    assert (np.abs(outputs.mean(axis=1) - mean) < 4 * np.sqrt(variance / 40_000)).all()


def test_directions_without_eigenvalue_are_left_alone() -> None:
    """Two equal points with different targets: their mean is learned, their difference never."""
    kernel, targets = np.ones((2, 2)), np.array([[1.0], [3.0]])
    descent = KernelDescent.of(kernel, targets)
    left = descent.flow(1e6)
    np.testing.assert_allclose(descent.train_outputs(left), [[2], [2]], atol=1e-8)
    np.testing.assert_allclose(descent.test_outputs(np.ones((1, 2)), left), [[2]], atol=1e-8)
    fitted, _ = kernel_regression(kernel, np.ones((1, 2)), targets)
    np.testing.assert_allclose(fitted, [[2], [2]], atol=1e-12)


@pytest.mark.parametrize("size", [1e-200, 1.0, 1e200])
def test_singular_kernels_end_at_the_pseudo_inverse(size: float) -> None:
    """More points than features: what the features cannot fit is left, at all late times and in regression."""
    rng = np.random.default_rng(2)
    Φ, Φ_test, y = rng.standard_normal((30, 5)), rng.standard_normal((4, 5)), rng.standard_normal((30, 2))
    w = np.linalg.lstsq(Φ, y, rcond=None)[0]
    kernel, cross = size * Φ @ Φ.T, size * Φ_test @ Φ.T
    descent = KernelDescent.of(kernel, y)
    assert (descent.eigenvalues == 0).sum() == 25
    ends = [descent.flow(time) for time in (np.inf, 1e90 / size)]
    ends += [descent.descent(0.9 * descent.largest_stable_lr(), steps) for steps in (10**6, np.inf)]
    for end in ends:
        np.testing.assert_allclose(descent.train_outputs(end), Φ @ w, atol=1e-12)
        np.testing.assert_allclose(descent.test_outputs(cross, end), Φ_test @ w, atol=1e-12)
    fitted, predicted = kernel_regression(kernel, cross, y)
    np.testing.assert_allclose(fitted, Φ @ w, atol=1e-12)
    np.testing.assert_allclose(predicted, Φ_test @ w, atol=1e-12)


def test_what_is_learned_early_keeps_its_digits() -> None:
    """After a time of 1e-12 the outputs are that time times Θ y, to a relative 1e-12."""
    rng = np.random.default_rng(3)
    Φ, y = rng.standard_normal((6, 9)), rng.standard_normal((6, 1))
    descent = KernelDescent.of(Φ @ Φ.T, y)
    for early in (descent.flow(1e-14), descent.descent(1e-15, 10)):
        np.testing.assert_allclose(descent.test_outputs(Φ @ Φ.T, early), 1e-14 * Φ @ Φ.T @ y, rtol=1e-11)


def test_what_has_no_meaning_is_refused() -> None:
    y = np.zeros((2, 1))
    indefinite = np.array([[1.0, 2.0], [2.0, 1.0]])
    with pytest.raises(SpecError, match=r"not positive semidefinite.*-1.0e\+00"):
        kernel_regression(indefinite, np.ones((1, 2)), y)
    with pytest.raises(SpecError, match=r"not positive semidefinite.*-1.0e\+00"):
        KernelDescent.of(indefinite, y)
    with pytest.raises(SpecError, match="not symmetric"):
        KernelDescent.of(np.array([[1.0, 0.0], [0.5, 1.0]]), y)
    with pytest.raises(SpecError, match="square matrix"):
        kernel_regression(np.ones((2, 3)), np.ones((1, 2)), y)
    with pytest.raises(SpecError, match=r"targets must be \[2, outputs\]"):
        KernelDescent.of(np.eye(2), np.zeros((3, 1)))
    with pytest.raises(SpecError, match=r"\[test points, 2\]"):
        kernel_regression(np.eye(2), np.ones((1, 3)), y)
    with pytest.raises(SpecError, match="does not converge: take one below 2"):
        KernelDescent.of(np.eye(2), y).descent(2.0, np.inf)
    with pytest.raises(SpecError, match="time must not be negative"):
        KernelDescent.of(np.eye(2), y).flow(-1.0)
    for lr, steps in ((-1.0, 3), (np.nan, 3), (1.0, -1), (np.inf, 1)):
        with pytest.raises(SpecError, match="the rate must be finite and not negative, and steps not negative"):
            KernelDescent.of(np.eye(2), y).descent(lr, steps)
    with pytest.raises(SpecError, match="targets hold values that are not finite"):
        KernelDescent.of(np.eye(2), y * np.nan)
    with pytest.raises(SpecError, match="ridge"):
        kernel_regression(np.eye(2), np.ones((1, 2)), y, ridge=-1.0)
    with pytest.raises(SpecError, match="labels run from 0 to 3"):
        one_hot(np.array([0, 3]), 3)


def data(n: int) -> Images:
    """Noisy images of three templates."""
    rng = np.random.default_rng(4)
    templates = rng.standard_normal((3, 1, 6, 6))

    def split() -> tuple[torch.Tensor, torch.Tensor]:
        labels = np.arange(n) % 3
        return torch.from_numpy(templates[labels] + rng.standard_normal((n, 1, 6, 6))).float(), torch.tensor(labels)

    return Images(*split(), *split(), 3, "templates", "")


@pytest.mark.parametrize(
    "net",
    [
        {"architecture": "mlp", "n_hidden": 2},
        {"architecture": "cnn", "n_convolutions": 2, "pooling": False},
        {"architecture": "cnn", "n_convolutions": 2, "pooling": True},
    ],
)
@pytest.mark.parametrize("kernel", ["nngp", "ntk"])
def test_rows_of_a_regression_on_images(net: dict[str, Any], kernel: str) -> None:
    rows = computed(data(60), name="kernel_regression", kernel=kernel, ridge=0.0, **net)
    values = rows.set_index("metric").value
    assert set(rows.of) == {"limit"}
    assert values["train_accuracy"] == 1.0
    assert values["test_accuracy"] > 0.9
    assert 0 < values["test_loss"] < 2 / 9  # that of predicting the mean


def test_rows_use_the_kernel_that_they_name() -> None:
    images = data(30)
    regression = {"name": "kernel_regression", "kernel": "ntk", "architecture": "mlp", "n_hidden": 1, "ridge": 0.5}
    rows = computed(images, **regression)
    x, x_test = (z.flatten(1).double().numpy() for z in (images.x_train, images.x_test))
    net = {"n_hidden": 1, "activation": "unit_relu", "sigma_w": 1.0, "sigma_b": 0.0}
    Θ, cross, y = mlp_kernels(x, **net).ntk, mlp_kernels(x_test, x, **net).ntk, np.eye(3)[images.y_train]
    predicted = cross @ np.linalg.solve(Θ + 0.5 * np.diag(Θ).mean() * np.eye(30), y)
    loss = ((predicted - np.eye(3)[images.y_test]) ** 2).mean()
    assert rows.set_index("metric").value["test_loss"] == pytest.approx(loss, rel=1e-10)
    with pytest.raises(SpecError, match="known: nngp, ntk"):
        computed(images, **{**regression, "kernel": "rbf"})
    with pytest.raises(SpecError, match="known: mlp, cnn"):
        computed(images, **{**regression, "architecture": "rnn"})
    with pytest.raises(SpecError, match="architecture 'cnn' needs n_convolutions"):
        computed(images, **{**regression, "architecture": "cnn", "n_hidden": None})
