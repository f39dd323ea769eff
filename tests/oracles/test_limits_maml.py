"""MAML at finite and infinite width: against autograd, against explicit nets, and against the library's kernels."""

import copy
import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from infwidth.data.tasks import Tasks
from infwidth.limits.kernels import mlp_kernels
from infwidth.limits.maml import kernel, linear
from infwidth.limits.maml.protocol import Learner, Rates, labels

WAYS, SHOTS, QUERIES, D, B, N_IDS = 3, 2, 2, 7, 4, 40
ALPHA = 0.7
F64 = torch.float64
#: The angle of an input with itself is the arccos of a rounded one: 1e-8 times a coefficient.
ROUNDING = 1e-8


def batch(number: int) -> Tasks:
    """Return tasks whose query inputs come from a small stock, so that some are met again."""
    stock = torch.randn(N_IDS, D, dtype=F64, generator=torch.Generator().manual_seed(99))
    rng = torch.Generator().manual_seed(number)
    ids = torch.randint(N_IDS, (B, WAYS * QUERIES), generator=rng)
    return Tasks(torch.randn(B, WAYS * SHOTS, D, dtype=F64, generator=rng), stock[ids], ids, WAYS)


def weights(width: int | None, seed: int = 0) -> linear.Weights:
    limit = linear.infinite_weights(D, WAYS, sigma_u=0.8, sigma_v=0.5, dtype=F64)
    if width is None:
        return limit
    return limit.sample(torch.from_numpy(np.random.default_rng(seed).standard_normal((width, D + WAYS))))


def loop_over_tasks(u, β, v, tasks: Tasks, rates: Rates, steps: int) -> tuple[list, float, torch.Tensor]:
    """Return one outer step's parameters, gradient norm and query outputs by autograd, one task after the other."""
    parameters = [part.clone().requires_grad_() for part in (u, β, v)]
    total, outputs = [torch.zeros_like(part) for part in parameters], []
    for x, x2 in zip(tasks.support, tasks.query, strict=True):

        def forward(parts: list, at: torch.Tensor) -> torch.Tensor:
            return (at @ parts[0].T + ALPHA * parts[1]) @ parts[2].T

        adapted = parameters
        for _ in range(steps):
            loss = F.cross_entropy(forward(adapted, x), labels(x[None], WAYS)[0])
            adapted = [p - rates.inner * g for p, g in zip(adapted, torch.autograd.grad(loss, adapted), strict=True)]
        outputs.append(forward(adapted, x2))
        gradients = torch.autograd.grad(F.cross_entropy(outputs[-1], labels(x2[None], WAYS)[0]), adapted)
        total = [t + g for t, g in zip(total, gradients, strict=True)]
    norm = torch.nn.utils.get_total_norm(total).item()
    ρ = min(1.0, rates.clip / norm)
    return (
        [p.detach() - rates.outer * ρ * g for p, g in zip(parameters, total, strict=True)],
        norm,
        torch.stack(outputs),
    )


@pytest.mark.parametrize("width", [None, 5])
@pytest.mark.parametrize("clip", [0.5, 1e6])
def test_all_tasks_at_once_are_what_autograd_does_one_after_the_other(width: int | None, clip: float) -> None:
    rates = Rates(0.3, 0.4, clip)
    learner = linear.LinearLearner(weights(width), rates, bias_lr=ALPHA)
    u, b, v = weights(width)
    parameters = [u, b, v]
    for number in range(5):
        parameters, norm, outputs = loop_over_tasks(*parameters, batch(number), rates, steps=1)
        step = learner.outer_step(batch(number))
        assert step.gradient_norm == pytest.approx(norm, rel=1e-12)
        assert (norm > clip) == (clip == 0.5)  # with 0.5 every step is clipped
        of_queries = labels(outputs, WAYS).flatten()
        assert step.loss == pytest.approx(F.cross_entropy(outputs.flatten(0, 1), of_queries).item(), rel=1e-12)
    u, β, v = parameters
    for ours, theirs in zip(learner.weights, (u, ALPHA * β, v), strict=True):
        assert (ours - theirs).abs().max() < 1e-12
    after_many = loop_over_tasks(u, β, v, batch(9), rates, steps=20)[2]
    assert (learner.query_outputs(batch(9), steps=20) - after_many).abs().max() < 1e-10
    assert (u - weights(width).u).abs().max() > 0.01  # it does train


def test_a_clipped_step_has_the_length_of_the_rate_times_the_clip() -> None:
    learner = linear.LinearLearner(weights(6), Rates(0.3, 0.4, 0.5), bias_lr=0.0)
    before = learner.state()
    learner.outer_step(batch(0))
    moved = sum(float((new - old).square().sum()) for new, old in zip(learner.weights, before, strict=True))
    assert math.sqrt(moved) == pytest.approx(0.3 * 0.5, rel=1e-12)


def test_finite_nets_approach_the_limit_as_one_over_root_n() -> None:
    def trained(width: int | None, seed: int = 0) -> torch.Tensor:
        learner = linear.LinearLearner(weights(width, seed), Rates(0.3), bias_lr=ALPHA)
        for number in range(10):
            learner.outer_step(batch(number))
        return learner.query_outputs(batch(100), steps=3)

    def size(outputs: torch.Tensor) -> float:
        return float(outputs.square().mean().sqrt())

    limit, widths = trained(None), (64, 256, 1024)
    deviations = [np.mean([size(trained(n, seed) - limit) for seed in range(20)]) for n in widths]
    slope = np.polyfit(np.log(widths), np.log(deviations), 1)[0]
    assert slope == pytest.approx(-0.5, abs=0.1)
    assert deviations[-1] < 0.1 * size(limit)


def test_a_net_drawn_after_training_approaches_the_trained_limit() -> None:
    learner = linear.LinearLearner(weights(None), Rates(0.3), bias_lr=ALPHA)
    for number in range(5):
        learner.outer_step(batch(number))
    x = batch(0).query[0]

    def outputs(net: linear.Weights) -> torch.Tensor:
        return (x @ net.u.T + net.b) @ net.v.T

    omega = torch.from_numpy(np.random.default_rng(1).standard_normal((200_000, D + WAYS)))
    assert (outputs(learner.weights.sample(omega)) - outputs(learner.weights)).abs().max() < 0.02


@pytest.mark.parametrize("sigma_b", [0.0, 0.9])
def test_the_linear_kernel_is_a_linear_net_without_hidden_layer(sigma_b: float) -> None:
    """Against autograd on f = W (σ_u ξ, σ_b) with W starting at zero; and both ways to write the function down."""
    rates = Rates(0.3, 0.4, 0.5)
    sigmas = {"sigma_u": 0.6, "sigma_b": sigma_b}
    of = kernel.linear_kernel(**sigmas)
    functions = [
        kernel.Expansion(of, d=D, d_o=WAYS, n_ids=N_IDS, dtype=F64),
        kernel.LinearFunction(**sigmas, d=D, d_o=WAYS, dtype=F64),
    ]
    learners = [kernel.KernelLearner(of, function, rates) for function in functions]
    W = torch.zeros(WAYS, D + 1, dtype=F64)

    def features(x: torch.Tensor) -> torch.Tensor:
        return torch.cat([0.6 * x, torch.full((len(x), 1), sigma_b, dtype=F64)], dim=1)

    def adapted(W: torch.Tensor, x: torch.Tensor, steps: int) -> torch.Tensor:
        for _ in range(steps):
            W = W.detach().requires_grad_()
            loss = F.cross_entropy(features(x) @ W.T, labels(x[None], WAYS)[0])
            W = W - rates.inner * torch.autograd.grad(loss, W)[0]
        return W.detach().requires_grad_()

    for number in range(6):
        tasks, total = batch(number), torch.zeros_like(W)
        for x, x2 in zip(tasks.support, tasks.query, strict=True):
            fast = adapted(W, x, 1)
            total += torch.autograd.grad(F.cross_entropy(features(x2) @ fast.T, labels(x2[None], WAYS)[0]), fast)[0]
        norm = float(total.norm())
        W = W - rates.outer * min(1.0, rates.clip / norm) * total
        for learner in learners:
            assert learner.outer_step(tasks).gradient_norm == pytest.approx(norm, rel=1e-12)
    assert functions[0].n_terms <= N_IDS  # inputs met again share a coefficient
    tasks = batch(50)
    explicit = [features(x2) @ adapted(W, x, 20).T.detach() for x, x2 in zip(tasks.support, tasks.query, strict=True)]
    for learner in learners:
        assert (learner.query_outputs(tasks, steps=20) - torch.stack(explicit)).abs().max() < 1e-12
    assert W.abs().max() > 0.05


@pytest.mark.parametrize(("sigma_v", "which"), [(0.0, "nngp"), (1.3, "ntk")])
def test_relu_kernels_are_those_of_the_library(sigma_v: float, which: str) -> None:
    """With σ_w² / d for σ_u² there. Its NTK trains the first layer's bias too, and has one more term for it."""
    x1, x2 = torch.randn(9, D, dtype=F64), torch.randn(4, D, dtype=F64)
    sigma_u, sigma_b = 0.6, 0.9
    ours = kernel.relu_kernel(sigma_u=sigma_u, sigma_b=sigma_b, sigma_v=sigma_v)(x1, x2).numpy()
    first = {"n_hidden": 1, "activation": "relu", "gain": 1.0}
    # f = v φ(h): the last layer has no bias. Σ_2 - σ_b² = σ_w² E[φφ], so σ_w² is divided out.
    sigma_w = sigma_u * D**0.5
    theirs = mlp_kernels(x1.numpy(), x2.numpy(), **first, sigma_w=sigma_w, sigma_b=sigma_b)
    expected = (theirs.nngp - sigma_b**2) / sigma_w**2
    if which == "ntk":
        slope = (theirs.ntk - theirs.nngp) / sigma_w**2 / theirs.tangent[0]
        expected = expected + sigma_v**2 * slope * (x1 @ x2.T).numpy()
    assert np.abs(ours - expected).max() < 1e-12
    in_float32 = kernel.relu_kernel(sigma_u=sigma_u, sigma_b=sigma_b, sigma_v=sigma_v)(x1.float(), x2.float())
    assert np.abs(in_float32.numpy() - expected).max() < 1e-3 * np.abs(expected).max()


def test_the_ntk_is_the_tangent_kernel_of_a_wide_net() -> None:
    x1, x2 = torch.randn(5, D, dtype=F64), torch.randn(4, D, dtype=F64)
    n, rng = 400_000, torch.Generator().manual_seed(0)
    u, b = (torch.randn(n, k, dtype=F64, generator=rng) for k in (D, 1))
    v = 1.3 * torch.randn(n, 1, dtype=F64, generator=rng)
    h1, h2 = (0.6 * u @ x.T + 0.9 * b for x in (x1, x2))
    of_v = h1.relu().T @ h2.relu() / n
    of_u = ((h1 > 0) * v).T @ ((h2 > 0) * v) / n * (x1 @ x2.T)
    ours = kernel.relu_kernel(sigma_u=0.6, sigma_b=0.9, sigma_v=1.3)(x1, x2)
    assert (ours - of_v - of_u).abs().max() < 0.02 * ours.abs().max()


def test_a_kernel_of_a_zero_input_without_bias_vanishes() -> None:
    zero = torch.zeros(1, D)
    assert not kernel.relu_kernel(sigma_u=1.0, sigma_b=0.0, sigma_v=1.0)(zero, torch.ones(2, D)).any()


def relu_learner() -> kernel.KernelLearner:
    of = kernel.relu_kernel(sigma_u=0.5, sigma_b=1.0, sigma_v=1.0)
    return kernel.KernelLearner(of, kernel.Expansion(of, d=D, d_o=WAYS, n_ids=N_IDS, dtype=F64), Rates(0.3))


def test_terms_are_summed_in_tiles_as_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    learner = relu_learner()
    for number in range(4):
        learner.outer_step(batch(number))
    at_once = learner.query_outputs(batch(7), steps=2)
    monkeypatch.setattr(kernel, "_TILE", 5)
    assert learner.function.n_terms > 20
    assert (learner.query_outputs(batch(7), steps=2) - at_once).abs().max() < ROUNDING


def linear_learner() -> linear.LinearLearner:
    return linear.LinearLearner(weights(8), Rates(0.3), bias_lr=ALPHA)


@pytest.mark.parametrize("make", [linear_learner, relu_learner])
def test_a_state_is_taken_back_and_queries_leave_no_trace(make) -> None:
    learner: Learner = make()
    learner.outer_step(batch(0))
    state, before = learner.state(), learner.query_outputs(batch(7), steps=4)
    for number in range(1, 4):
        learner.outer_step(batch(number))
    later = learner.query_outputs(batch(7), steps=4)
    assert not torch.equal(later, before)
    learner.load(state)
    assert (learner.query_outputs(batch(7), steps=4) - before).abs().max() < ROUNDING
    assert torch.equal(learner.query_outputs(batch(7), steps=4), learner.query_outputs(batch(7), steps=4))
    for number in range(1, 4):  # and what follows is what followed before
        learner.outer_step(batch(number))
    assert (learner.query_outputs(batch(7), steps=4) - later).abs().max() < ROUNDING


def test_a_copy_of_a_learner_trains_to_the_same_bits() -> None:
    one = relu_learner()
    other = copy.deepcopy(one)
    for learner in (one, other):
        for number in range(3):
            learner.outer_step(batch(number))
    assert torch.equal(one.query_outputs(batch(7), 1), other.query_outputs(batch(7), 1))
