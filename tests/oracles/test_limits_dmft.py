"""The DMFT of deep linear nets: against closed forms, its own equations in matrix form, and wide nets."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch

from builders import computed
from infwidth.data.images import Images
from infwidth.errors import InfwidthError, SpecError
from infwidth.limits.dmft import deep_linear_dmft, static_errors
from infwidth.training.losses import LOSSES

P, D, L = 16, 30, 5


def problem(n_examples: int = P) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.standard_normal((n_examples, D)), np.resize([-1.0, 1.0], n_examples)


def plain_net(x: np.ndarray, y: np.ndarray, *, width: int, seed: int, **of_limit: Any) -> dict[str, np.ndarray]:
    """Train f = w h^L / (γ0 N), all weights from N(0, 1), at rate η γ0² N on ½ Σ (f - f0 - y)²."""
    n_hidden, gamma0, lr, steps = (of_limit[name] for name in ("n_hidden", "gamma0", "lr", "steps"))
    rng = np.random.default_rng(seed)
    sizes = [x.shape[1]] + [width] * n_hidden + [1]
    weights = [rng.standard_normal((o, i)) for i, o in pairwise(sizes)]
    scales = [size**-0.5 for size in sizes[:-2]] + [1 / (gamma0 * width)]
    losses, back = [], []
    for step in range(steps + 1):
        fields = [x.T]
        for weight, scale in zip(weights, scales, strict=True):
            fields.append(scale * (weight @ fields[-1]))
        if step == 0:
            f0 = fields[-1][0]
        error = y - (fields[-1][0] - f0)
        losses.append((error**2).mean())
        g, gs = np.ones(1), []
        updates = []
        for layer in reversed(range(n_hidden + 1)):
            updates.append(scales[layer] * np.outer(g, fields[layer] @ error))
            g = scales[layer] * (weights[layer].T @ g)
            gs.append(gamma0 * width * g)
        back.append(gs[-2::-1])  # layers 1, …, L
        if step < steps:
            for weight, update in zip(weights, reversed(updates), strict=True):
                weight += lr * gamma0**2 * width * update
    g_of_layer = [np.stack(layer) for layer in zip(*back, strict=True)]
    return {
        "losses": np.array(losses),
        "features": np.stack([h.T @ h / width for h in fields[1:-1]]),
        "gradients": np.stack([g @ g.T / width for g in g_of_layer]),
    }


def alignment(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The cosine between matrices, [layers]."""
    return (a * b).sum(axis=(-1, -2)) / np.sqrt((a**2).sum(axis=(-1, -2)) * (b**2).sum(axis=(-1, -2)))


@pytest.mark.parametrize(("gamma0", "lr"), [(0.5, 0.3), (2.0, 0.1), (4.0, 0.02)])
def test_one_hidden_layer_and_one_example_follow_the_catapult_map(gamma0: float, lr: float) -> None:
    steps, y = 40, 1.5
    f, K, outputs, kernels = 0.0, 2.0, [], []
    for _ in range(steps + 1):
        outputs.append(f)
        kernels.append(K)
        Δ, γ2 = y - f, gamma0**2
        f, K = f + lr * K * Δ + lr**2 * γ2 * f * Δ**2, K + 4 * lr * γ2 * f * Δ + lr**2 * γ2 * Δ**2 * K
    ours = deep_linear_dmft(np.eye(1), np.array([y]), n_hidden=1, gamma0=gamma0, lr=lr, steps=steps)
    assert np.abs(y - ours.errors[:, 0] - outputs).max() < 1e-12
    assert np.abs(ours.tangent_kernels[:, 0, 0] - kernels).max() < 1e-12
    assert ours.feature_kernels[0, 0, 0] == pytest.approx(kernels[steps] / 2, rel=1e-12)  # H = G, by symmetry
    assert abs(ours.errors[-1, 0]) < 0.1  # and it does learn


def test_white_data_and_small_steps_end_at_the_kernels_of_gradient_flow() -> None:
    y, gamma0, lr = np.array([1.0, -0.5, 2.0]), 1.2, 0.02
    ours = deep_linear_dmft(np.eye(3), y, n_hidden=1, gamma0=gamma0, lr=lr, steps=250)
    root = np.sqrt(1 + gamma0**2 * y @ y)
    assert ours.losses[-1] < 1e-6
    final = np.eye(3) + (root - 1) * np.outer(y, y) / (y @ y)
    assert np.abs(ours.feature_kernels[0] - final).max() < 0.03 * root
    along = y @ ours.tangent_kernels[-1] @ y / (y @ y)
    assert along == pytest.approx(2 * root, rel=0.02)


def test_the_recursion_solves_the_self_consistent_equations_in_matrix_form() -> None:
    """Eq. 12 of the paper with the matrices over all times and examples, and responses found by iteration."""
    n, steps, γ0, lr, n_hidden = 3, 6, 1.3, 0.05, 3
    x, y = problem(n)
    T = steps + 1
    kernel = x @ x.T / D
    ours = deep_linear_dmft(kernel, y, n_hidden=n_hidden, gamma0=γ0, lr=lr, steps=steps)
    H = [np.tile(kernel, (T, T)), *ours.features.reshape(n_hidden, T * n, T * n)]
    G = [np.empty(0), *ours.gradients, np.ones((T, T))]
    past = np.tril(np.ones((T, T)), -1)

    A = [np.zeros((T * n, T)) for _ in range(n_hidden + 1)]
    B = [np.zeros((T, T * n)) for _ in range(n_hidden + 1)]
    C, E = [np.empty(0)] * (n_hidden + 1), [np.empty(0)] * (n_hidden + 1)
    for _ in range(2 * T * n_hidden):  # nilpotent: later iterations change nothing
        for layer in range(1, n_hidden + 1):
            source = np.einsum("tmsa,sa,ts->tms", H[layer - 1].reshape(T, n, T, n), ours.errors, past)
            C[layer] = A[layer - 1] + lr * γ0 * source.reshape(T * n, T)
            sink = np.einsum("ts,sa->tsa", G[layer + 1] * past, ours.errors)
            E[layer] = B[layer] + lr * γ0 * sink.reshape(T, T * n)
        for layer in range(1, n_hidden + 1):
            if layer < n_hidden:
                A[layer] = np.linalg.solve(np.eye(T * n) - C[layer] @ E[layer], C[layer])
            if layer > 1:
                B[layer - 1] = np.linalg.solve(np.eye(T) - E[layer] @ C[layer], E[layer])
    for layer in range(1, n_hidden + 1):
        by_h = np.linalg.inv(np.eye(T * n) - C[layer] @ E[layer])
        by_g = np.linalg.inv(np.eye(T) - E[layer] @ C[layer])
        h = by_h @ (H[layer - 1] + C[layer] @ G[layer + 1] @ C[layer].T) @ by_h.T
        g = by_g @ (G[layer + 1] + E[layer] @ H[layer - 1] @ E[layer].T) @ by_g.T
        assert np.abs(h - H[layer]).max() < 1e-10
        assert np.abs(g - G[layer]).max() < 1e-10
        # All layers compute the same function: γ0 f = ⟨g^l h^l⟩.
        hg = by_h @ (H[layer - 1] @ E[layer].T + C[layer] @ G[layer + 1]) @ by_g.T
        f = np.einsum("tmt->tm", hg.reshape(T, n, T)) / γ0
        assert np.abs(y - f - ours.errors).max() < 1e-10
    assert np.abs(A[1]).max() > 0.05  # the responses matter
    assert ours.losses[-1] < 0.7 * ours.losses[0]


@pytest.mark.parametrize(("gamma0", "lr"), [(0.5, 0.02), (1.0, 0.0075)])
def test_one_net_of_width_1000_has_its_kernels_and_its_loss(gamma0: float, lr: float) -> None:
    x, y = problem()
    options = {"n_hidden": L, "gamma0": gamma0, "lr": lr, "steps": 30}
    kernel = x @ x.T / D
    ours = deep_linear_dmft(kernel, y, **options)
    net = plain_net(x, y, width=1000, seed=0, **options)
    assert ours.losses[-1] < 0.1
    assert np.abs(ours.losses - net["losses"]).max() < 0.05
    assert alignment(ours.feature_kernels, net["features"]).min() > 0.98
    assert alignment(ours.gradients, net["gradients"]).min() > 0.999
    # Neither approximation is good enough to pass.
    independent = deep_linear_dmft(kernel, y, **options, independent_gradients=True)
    assert alignment(independent.feature_kernels, net["features"])[-1] < 0.92
    assert alignment(kernel, net["features"])[-1] < 0.85
    assert np.abs(independent.losses - net["losses"]).max() > 0.1


def test_nets_approach_it_as_one_over_root_n() -> None:
    x, y = problem(8)
    options = {"n_hidden": 3, "gamma0": 1.0, "lr": 0.02, "steps": 20}
    ours = deep_linear_dmft(x @ x.T / D, y, **options)
    deviations = []
    for width, seeds in ((100, 12), (800, 6)):
        nets = [plain_net(x, y, width=width, seed=seed, **options) for seed in range(seeds)]
        squares = [((net["features"] - ours.feature_kernels) ** 2).sum(axis=(1, 2)) for net in nets]
        deviations.append(np.sqrt(np.mean(squares, axis=0) / (ours.feature_kernels**2).sum(axis=(1, 2))))
    slopes = np.log(deviations[1] / deviations[0]) / np.log(8)
    assert slopes == pytest.approx(-0.5, abs=0.15)


@pytest.mark.parametrize("independent", [False, True])
def test_small_gamma0_is_the_static_tangent_kernel(independent: bool) -> None:
    x, y = problem()
    kernel, options = x @ x.T / D, {"n_hidden": 3, "lr": 0.03, "steps": 30}
    lazy = static_errors(kernel, y, **options)
    exact = np.linalg.matrix_power(np.eye(P) - 0.03 * 4 * kernel, 30) @ y
    assert np.abs(lazy[-1] - exact).max() < 1e-12
    gaps = []
    for gamma0 in (1e-2, 1e-3):
        ours = deep_linear_dmft(kernel, y, gamma0=gamma0, independent_gradients=independent, **options)
        gaps.append([np.abs(ours.errors - lazy).max(), np.abs(ours.feature_kernels - kernel).max()])
    assert np.max(gaps[0]) < 0.01
    assert np.divide(*gaps) == pytest.approx(100, rel=0.05)  # corrections are even in γ0


def test_a_single_hidden_layer_has_independent_gradients() -> None:
    x, y = problem(6)
    gaps = []
    for lr, steps in ((0.02, 40), (0.005, 160)):
        exact, independent = (
            deep_linear_dmft(
                x @ x.T / D, y, n_hidden=1, gamma0=1.0, lr=lr, steps=steps, independent_gradients=independent
            )
            for independent in (False, True)
        )
        gaps.append(np.abs(exact.feature_kernels - independent.feature_kernels).max())
    assert gaps[0] / gaps[1] == pytest.approx(4, rel=0.2)  # only the step by which f follows K differs


def images(n_classes: int = 2) -> Images:
    x, _ = problem(12)
    pixels, labels = torch.tensor(x, dtype=torch.float32).reshape(12, 1, 5, 6), torch.arange(12) % n_classes
    return Images(pixels, labels, pixels[:2], labels[:2], n_classes, "noise", "none")


def test_rows_are_those_of_a_net_trained_on_the_binary_loss() -> None:
    width, n_hidden, gamma0, lr, steps = 1000, 2, 1.0, 0.2, 25
    data = images()
    rows = computed(data, name="deep_linear_dmft", n_hidden=n_hidden, gamma0=gamma0, lr=lr, steps=steps)

    generator = torch.Generator().manual_seed(0)
    sizes = [D, width, width, 1]
    weights = [torch.randn(o, i, generator=generator).requires_grad_() for i, o in pairwise(sizes)]

    def forward() -> tuple[list[torch.Tensor], torch.Tensor]:
        h = [data.x_train.flatten(1)]
        for weight in weights[:-1]:
            h.append(h[-1] @ weight.T / h[-1].shape[1] ** 0.5)
        return h[1:], h[-1] @ weights[-1].T / (gamma0 * width)

    f0 = forward()[1].detach()
    losses = []
    for step in range(steps + 1):
        hidden, f = forward()
        loss = LOSSES["binary_mse"](f - f0, data.y_train)
        losses.append(loss.item())
        if step < steps:
            for weight, gradient in zip(weights, torch.autograd.grad(loss, weights), strict=True):
                weight.data -= lr * gamma0**2 * width * gradient

    curve = rows[rows.metric == "train_loss"]
    assert list(curve.step) == list(range(steps + 1))
    assert np.abs(curve.value - losses).max() < 0.03
    assert losses[-1] < 0.2
    for layer, h in zip(("h1", "h2"), hidden, strict=True):
        kernel = rows[(rows.metric == "kernel") & (rows.layer == layer)]
        assert (kernel.step == steps).all()
        assert list(kernel["index"]) == list(range(144))
        assert alignment(kernel.value.to_numpy().reshape(12, 12), (h @ h.T / width).detach().numpy()) > 0.98
    lazy = rows[rows.metric == "ntk_train_loss"].value.to_numpy()
    assert lazy[0] == 1.0
    assert lazy[-1] > 1.2 * losses[-1]
    assert len(rows) == 2 * (steps + 1) + 3 * 144


def test_what_has_no_meaning_is_refused() -> None:
    x, y = problem(4)
    kernel = x @ x.T / D
    good = {"kernel": kernel, "targets": y, "n_hidden": 2, "gamma0": 1.0, "lr": 0.02, "steps": 5}
    deep_linear_dmft(**good)
    bad = {
        "n_hidden": [0],
        "gamma0": [0.0, -1.0, np.nan],
        "lr": [0.0, np.inf],
        "steps": [-1],
        "targets": [y[:3], y[:, None], y * np.nan],
        "kernel": [kernel[:3], kernel + np.triu(np.ones((4, 4)), 1), kernel[0]],
    }
    for name, values in bad.items():
        for value in values:
            with pytest.raises(SpecError, match=name):
                deep_linear_dmft(**{**good, name: value})
    with pytest.raises(SpecError, match="2 classes"):
        computed(images(3), name="deep_linear_dmft", n_hidden=1, gamma0=1.0, lr=0.1, steps=1)


@pytest.mark.parametrize("independent", [False, True])
def test_a_diverging_descent_is_an_error(independent: bool) -> None:
    x, y = problem(4)
    with pytest.raises(InfwidthError, match="smaller lr or gamma0"):
        deep_linear_dmft(x @ x.T / D, y, n_hidden=3, gamma0=2.0, lr=0.5, steps=60, independent_gradients=independent)


def test_no_steps_leave_the_net_as_it_was() -> None:
    x, y = problem(4)
    kernel = x @ x.T / D
    ours = deep_linear_dmft(kernel, y, n_hidden=2, gamma0=1.0, lr=0.1, steps=0)
    assert np.array_equal(ours.errors, y[None])
    assert np.array_equal(ours.feature_kernels, np.stack([kernel, kernel]))
    assert np.array_equal(ours.tangent_kernels[0], 3 * kernel)
