"""Stacks of perceptrons, their linearization and their law, each against something that shares no code with it."""

import itertools
import math

import numpy as np
import pytest
import torch
from torch import nn

from builders import computed
from infwidth.empirical import empirical_ntk
from infwidth.errors import SpecError
from infwidth.limits.kernel_ensemble import KernelEnsemble
from infwidth.limits.kernel_regression import KernelDescent
from infwidth.limits.kernels import Conv, Dense, Flatten, GlobalAvgPool, kernels_of
from infwidth.limits.kernels.depths import kernels_by_depth
from infwidth.limits.momentum_descent import momentum_descent
from infwidth.solve.circle_nets import Spec
from infwidth.solve.linearized_nets import _linear, _pushed
from infwidth.solve.perceptrons import parts
from infwidth.solve.stacked_perceptrons import Stack
from infwidth.specs.block import read

BLOCK = {
    "name": "circle_nets",
    "n_hidden": 2,
    "width": 6,
    "activation": "tanh",
    "sigma_w": 1.3,
    "sigma_b": 0.4,
    "lr": 0.7,
    "steps": 3,
    "n_examples": 5,
    "n_angles": 8,
    "n_seeds": 3,
}
SPEC = read(Spec, BLOCK, where="a test")
RNG = np.random.default_rng(0)
X, Y = torch.from_numpy(RNG.standard_normal((2, 7))), torch.from_numpy(RNG.standard_normal(7))


class Net(nn.Module):
    """f of one net with unit normals as parameters: the NTK parametrization as it is written."""

    def __init__(self, stack: Stack, seed: int) -> None:
        super().__init__()
        unit = [w[seed] * math.sqrt(w.shape[2]) / SPEC.sigma_w for w in stack.weights]
        self.w = nn.ParameterList([w.clone() for w in unit])
        self.b = nn.ParameterList([b[seed, :, 0] / SPEC.sigma_b for b in stack.biases])

    def forward(self, a: torch.Tensor) -> torch.Tensor:
        for i, (w, b) in enumerate(zip(self.w, self.b, strict=True)):
            a = SPEC.sigma_w / math.sqrt(w.shape[1]) * a @ w.T + SPEC.sigma_b * b
            a = a if i == len(self.w) - 1 else a.tanh()
        return a


@pytest.fixture
def stack() -> Stack:
    return Stack.initial(SPEC, 2, range(3), torch.float64)


def test_stacks_train_as_single_nets_by_autograd(stack: Stack) -> None:
    nets = [Net(stack, seed) for seed in range(3)]
    for _ in range(4):
        stack.descend(X, Y, SPEC.lr)
        for net in nets:
            loss = 0.5 * ((net(X.T)[:, 0] - Y) ** 2).mean()
            gradients = torch.autograd.grad(loss, list(net.parameters()))
            with torch.no_grad():
                for p, g in zip(net.parameters(), gradients, strict=True):
                    p -= SPEC.lr * g
    trained = np.stack([net(X.T)[:, 0].detach().numpy() for net in nets])
    np.testing.assert_allclose(stack.outputs(X), trained, rtol=1e-12, atol=1e-13)


def test_kernels_of_stacks_are_the_empirical_ones(stack: Stack) -> None:
    for seed, kernel in enumerate(stack.kernels(X)):
        np.testing.assert_allclose(kernel, empirical_ntk(Net(stack, seed), X.T).numpy(), rtol=1e-10)


def test_nets_of_a_seed_are_the_same_in_any_part() -> None:
    whole, one = (Stack.initial(SPEC, 2, seeds).outputs(X) for seeds in (range(3), [2]))
    np.testing.assert_array_equal(whole[2:], one)
    wide = SPEC.model_copy(update={"width": 512, "n_seeds": 5})
    assert [list(part) for part in parts(wide)] == [[0], [1], [2], [3], [4]]
    assert [list(part) for part in parts(SPEC)] == [[0, 1, 2]]


def test_linearization_is_gradient_descent_on_the_linear_model(stack: Stack) -> None:
    """f₀ + J Δθ with J by autograd, and explicit steps on Δθ: outputs at training and test points, and the weights."""
    n, steps, net = 4, 9, Net(stack, 1)
    parameters = list(net.parameters())
    rows = [torch.cat([g.flatten() for g in torch.autograd.grad(net(x[None])[0, 0], parameters)]) for x in X.T]
    J, f0 = torch.stack(rows), net(X.T)[:, 0].detach()
    Δ = torch.zeros(J.shape[1], dtype=J.dtype)
    for _ in range(steps):
        Δ -= SPEC.lr / n * J[:n].T @ (f0 + J @ Δ - Y)[:n]
    kernel, start = stack.kernels(X)[1], stack.outputs(X)[1:2]
    descent = KernelDescent.of(kernel[:n, :n], Y[:n, None].numpy())
    linear = _linear([descent], [kernel[n:, :n]], start, SPEC.lr / n, steps)
    np.testing.assert_allclose(linear[0], (f0 + J @ Δ).numpy(), rtol=1e-9)
    moved = Stack.initial(SPEC, 2, [1], torch.float64)
    first = moved.copy()
    moved.push(X[:, :n], _pushed([descent], start, SPEC.lr / n, steps))
    change = (moved.weights[1] - first.weights[1])[0] * math.sqrt(6) / SPEC.sigma_w
    sizes = [p.numel() for p in parameters]
    np.testing.assert_allclose(change.flatten(), Δ[sizes[0] :][: sizes[1]], rtol=1e-8, atol=1e-12)


# ---- momentum


@pytest.fixture
def features() -> tuple[np.ndarray, np.ndarray, KernelDescent]:
    rng = np.random.default_rng(1)
    Φ, y = rng.standard_normal((6, 9)), rng.standard_normal((6, 1))
    return Φ, y, KernelDescent.of(Φ @ Φ.T, y)


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
def test_momentum_is_the_heavy_ball_of_a_linear_model(
    features: tuple[np.ndarray, np.ndarray, KernelDescent], momentum: float
) -> None:
    Φ, y, descent = features
    lr = 0.4 * descent.largest_stable_lr()
    w = v = np.zeros((9, 1))
    for _ in range(30):
        v = momentum * v - lr * Φ.T @ (Φ @ w - y)
        w = w + v
    progress = momentum_descent(descent, lr, momentum, 30)
    np.testing.assert_allclose(descent.train_outputs(progress), Φ @ w, rtol=1e-9)
    np.testing.assert_allclose(descent.test_outputs(Φ @ Φ.T, progress), Φ @ w, rtol=1e-9)
    np.testing.assert_allclose(progress.left + progress.learned, 1, atol=1e-12)


@pytest.mark.parametrize("momentum", [0.0, 0.6, 0.95])
def test_descent_converges_below_the_largest_stable_rate_and_diverges_above(
    features: tuple[np.ndarray, np.ndarray, KernelDescent], momentum: float
) -> None:
    descent = features[2]
    below, above = (
        momentum_descent(descent, f * descent.largest_stable_lr(momentum), momentum, 20_000) for f in (0.9, 1.1)
    )
    assert np.abs(below.left).max() < 1e-6
    assert not np.abs(above.left).max() < 1e6
    if momentum == 0:
        same = descent.descent(0.9 * descent.largest_stable_lr(), 7)
        np.testing.assert_allclose(momentum_descent(descent, 0.9 * descent.largest_stable_lr(), 0.0, 7).left, same.left)


def test_momentum_keeps_early_digits_ends_where_flow_does_and_refuses_the_rest(
    features: tuple[np.ndarray, np.ndarray, KernelDescent],
) -> None:
    Φ, y, descent = features
    early = momentum_descent(descent, 1e-15, 0.9, 2)  # 1 step, then 0.9 of it again and one more
    np.testing.assert_allclose(descent.test_outputs(Φ @ Φ.T, early), 2.9e-15 * Φ @ Φ.T @ y, rtol=1e-11)
    singular = KernelDescent.of(np.ones((2, 2)), np.array([[1.0], [3.0]]))
    end = momentum_descent(singular, 0.5, 0.5, math.inf)
    np.testing.assert_allclose(singular.train_outputs(end), [[2], [2]], atol=1e-12)
    with pytest.raises(SpecError, match="does not converge"):
        momentum_descent(singular, 1.6, 0.5, math.inf)
    for lr, momentum, steps in ((-1.0, 0.0, 1), (0.1, 1.0, 1), (0.1, 0.5, 1.5), (0.1, 0.5, -1)):
        with pytest.raises(SpecError, match=r"momentum|whole number"):
            momentum_descent(singular, lr, momentum, steps)


# ---- the law of ensembles


def test_law_is_that_of_linear_models_trained_from_draws() -> None:
    rng = np.random.default_rng(2)
    Φ, n, y = rng.standard_normal((9, 12)) / 3, 4, rng.standard_normal(4)
    ensemble = KernelEnsemble.of(Φ @ Φ.T, Φ @ Φ.T, y)
    law = ensemble.at(ensemble.descent.descent(0.2, 15))
    w = rng.standard_normal((12, 40_000))
    for _ in range(15):
        w -= 0.2 * Φ[:n].T @ (Φ[:n] @ w - y[:, None])
    outputs = (Φ[n:] @ w).T
    np.testing.assert_allclose(law.mean, outputs.mean(0), atol=0.02)
    np.testing.assert_allclose(law.covariance, np.cov(outputs.T), atol=0.03 * law.covariance.max())
    coordinates = law.coordinates(outputs, 3)
    np.testing.assert_allclose(np.cov(coordinates.T), np.eye(3), atol=0.03)
    assert law.share(outputs).mean() == pytest.approx(1, abs=0.05)
    np.testing.assert_allclose(law.part(slice(0, 2)).deviation, law.deviation[:2])
    with pytest.raises(SpecError, match="fewer than 6 directions"):
        law.coordinates(outputs, 6)


def test_wide_nets_follow_their_law() -> None:
    rows = computed(**{**BLOCK, "width": 256, "n_seeds": 96, "steps": 40, "sigma_w": 1.0, "activation": "erf"})
    nets = rows[rows.of == "net"].groupby("metric").value
    spread = nets.get_group("square")
    assert abs(spread.mean() - 1) < 0.3
    assert abs(nets.get_group("share").mean() - 1) < 3 * nets.get_group("share").std() / math.sqrt(96) + 0.02
    assert nets.get_group("kernel_distance").mean() < 0.2
    assert nets.get_group("kernel_change").mean() < 0.05


def test_examples_are_drawn_or_at_angles() -> None:
    with pytest.raises(SpecError, match="say one of the two"):
        read(Spec, {**BLOCK, "angles": [0.0]}, where="a test")
    with pytest.raises(SpecError, match="must be an angle"):
        read(Spec, {**BLOCK, "n_examples": None, "angles": [4.0]}, where="a test")


# ---- convolutional kernels by depth


def images(n: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, 2, 4, 5))


def test_all_depths_at_once_are_the_nets_one_at_a_time() -> None:
    x, y, depths = images(5, 0), images(4, 1), (2, 3, 5)
    both, alone = kernels_by_depth(x, y, depths=depths), kernels_by_depth(x, depths=depths)
    for place, depth in enumerate(depths):
        body = [Conv(), "unit_relu"] * (depth - 1)
        flat, mean = (kernels_of([*body, readout, Dense()], x, y) for readout in (Flatten(), GlobalAvgPool()))
        np.testing.assert_allclose(both.vector.nngp[place], flat.nngp, rtol=1e-10)
        np.testing.assert_allclose(both.vector.ntk[place], flat.ntk, rtol=1e-10)
        np.testing.assert_allclose(both.pooled.nngp[place], mean.nngp, rtol=1e-10)
        np.testing.assert_allclose(alone.vector.ntk[place], kernels_of([*body, Flatten(), Dense()], x).ntk, rtol=1e-6)
    assert np.array_equal(alone.pooled.ntk, alone.pooled.ntk.swapaxes(1, 2))


def test_pooled_tangent_kernel_is_of_the_inner_layers_of_wide_nets() -> None:
    """The empirical kernel of wide CNNs whose first convolution and readout are frozen."""

    class Wide(nn.Module):
        def __init__(self, n: int) -> None:
            super().__init__()
            sizes = (2, n, n, n)
            self.w = nn.ParameterList([nn.Parameter(torch.randn(o, i, 3, 3)) for i, o in itertools.pairwise(sizes)])
            self.v = nn.Parameter(torch.randn(n), requires_grad=False)
            self.w[0].requires_grad_(False)

        def forward(self, h: torch.Tensor) -> torch.Tensor:
            for w in self.w:
                h = math.sqrt(2) * nn.functional.conv2d(h, w / math.sqrt(9 * w.shape[1]), padding=1).relu()
            return h.mean((2, 3)) @ self.v[:, None] / math.sqrt(len(self.v))

    torch.manual_seed(0)
    x = images(3, 2)
    found = [empirical_ntk(Wide(128), torch.from_numpy(x).float()).numpy() for _ in range(6)]
    exact = kernels_by_depth(x, depths=[4]).pooled.ntk[0]
    error = np.std(found, axis=0, ddof=1) / math.sqrt(6)
    assert (np.abs(np.mean(found, axis=0) - exact) < 4 * error + 0.02 * exact).all()
    assert (4 * error < 0.4 * exact).all()


def test_blank_images_and_wrong_shapes() -> None:
    blank = kernels_by_depth(np.zeros((2, 1, 3, 3)), depths=[2, 4])
    assert not np.stack([*blank.vector, *blank.pooled]).any()
    for depths in ([1, 2], [3, 2], []):
        with pytest.raises(SpecError, match="depths must rise"):
            kernels_by_depth(images(2, 0), depths=depths)
    with pytest.raises(SpecError, match="images must be"):
        kernels_by_depth(np.zeros((2, 9)), depths=[2])
