"""Word2vec: its step against autograd and the limit's matrix recursion, and finite widths against the limit."""

import numpy as np
import pytest
import torch

from infwidth.limits.word2vec import loops, training
from infwidth.limits.word2vec.evaluation import similarities, word_pairs

V, N = 12, 7
CONTEXT, TARGETS = [3, 1, 3, 8], [5, 0, 3, 11]  # a context word twice; a target that is in the context


def step(
    u: np.ndarray,
    v: np.ndarray,
    context: list[int],
    targets: list[int],
    lr: float,
    weight_decay: float,
    share: float = 1.0,
) -> None:
    room = np.empty(u.shape[1], u.dtype), np.empty(u.shape[1], u.dtype)
    words = np.array(context, np.int32), np.array(targets, np.int32)
    loops.step(u, v, words[0], len(context), words[1], len(targets), lr, share, weight_decay, *room)


@pytest.fixture
def net() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.standard_normal((V, N)), rng.standard_normal((V, N))


@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
def test_a_step_is_gradient_descent_on_the_logistic_losses(net: tuple, weight_decay: float) -> None:
    lr = 0.1
    u, v = (torch.tensor(w, requires_grad=True) for w in net)
    f = v[TARGETS] @ u[CONTEXT].mean(dim=0)
    signs = torch.tensor([1.0, -1.0, -1.0, -1.0])
    (-torch.nn.functional.logsigmoid(signs * f).sum()).backward()
    # A row is decayed as often as it is touched; within one mean the decay falls on earlier steps of the row too.
    expected_v = net[1] - lr * v.grad.numpy()
    expected_v[TARGETS] -= lr * weight_decay * net[1][TARGETS]
    expected_u = net[0].copy()
    for word in CONTEXT:
        expected_u[word] = (1 - lr * weight_decay) * expected_u[word] - lr * u.grad.numpy()[word] / CONTEXT.count(word)

    step(*net, CONTEXT, TARGETS, lr, weight_decay)
    assert np.abs(net[0] - expected_u).max() < 1e-14
    assert np.abs(net[1] - expected_v).max() < 1e-14


def test_the_ntk_parametrization_has_its_multiplier_absorbed(net: tuple) -> None:
    """f = n^-1/2 <v, mean u> with u of order one, all at one rate (Yang & Hu 2021, Table 1), against 1/n for u/√n."""
    lr = 0.1
    u, v = (torch.tensor(w, requires_grad=True) for w in (net[0] * N**0.5, net[1]))
    f = N**-0.5 * v[TARGETS] @ u[CONTEXT].mean(dim=0)
    (-torch.nn.functional.logsigmoid(torch.tensor([1.0, -1.0, -1.0, -1.0]) * f).sum()).backward()
    moved = net[0].copy()
    for word in CONTEXT:
        moved[word] -= lr * u.grad.numpy()[word] / CONTEXT.count(word) / N**0.5
    expected_v = net[1] - lr * v.grad.numpy()
    step(*net, CONTEXT, TARGETS, lr, 0.0, share=1 / N)
    assert np.abs(net[0] - moved).max() < 1e-14
    assert np.abs(net[1] - expected_v).max() < 1e-14


def test_a_negative_drawn_twice_steps_from_where_the_first_left_it(net: tuple) -> None:
    u, v = net[0].copy(), net[1].copy()
    h, push = u[CONTEXT].mean(axis=0), np.zeros(N)
    for target in [5, 2, 2]:
        g = 0.1 * (float(target == 5) - 1 / (1 + np.exp(-v[target] @ h)))
        push += g * v[target]
        v[target] += g * h
    np.add.at(u, CONTEXT, push / len(CONTEXT))
    step(*net, CONTEXT, [5, 2, 2], 0.1, 0.0)
    assert np.abs(net[0] - u).max() < 1e-14
    assert np.abs(net[1] - v).max() < 1e-14


def recursion(examples: list, sigma_v: float, lr: float) -> tuple[np.ndarray, ...]:
    """Train A, B, C, D of Thm D.1 (Yang & Hu 2021) on (context, targets), decay off; σ_u = 1."""
    A, B, C, D = sigma_v * np.eye(V), np.zeros((V, V)), np.zeros((V, V)), np.eye(V)
    for context, targets in examples:
        ξ, χ = np.bincount(context, minlength=V) / len(context), np.zeros(V)
        f = (A @ C + B @ D) @ ξ
        χ[targets] = 1 / (1 + np.exp(-f[targets])) - (np.arange(len(targets)) == 0)
        A, B, C, D = (
            A - lr * np.outer(χ, C @ ξ),
            B - lr * np.outer(χ, D @ ξ),
            C - lr * np.outer(A.T @ χ, ξ),
            D - lr * np.outer(B.T @ χ, ξ),
        )
    return A, B, C, D


@pytest.mark.parametrize("sigma_v", [0.0, 0.7])
def test_the_limit_is_one_hot_training(sigma_v: float) -> None:
    rng = np.random.default_rng(1)
    examples = [(rng.integers(0, V, 4).tolist(), rng.permutation(V)[:5].tolist()) for _ in range(200)]
    A, B, C, D = recursion(examples, sigma_v, lr=0.2)
    # With σ_v = 0 the second half of the columns stays zero: the limit is a net of width |V|.
    width = V if sigma_v == 0 else 2 * V
    u, v = np.eye(V, width), sigma_v * np.eye(V, width, width - V)
    for context, targets in examples:
        step(u, v, context, targets, 0.2, 0.0)
    both = np.hstack([D.T, C.T]), np.hstack([B, A])
    assert np.abs(u - both[0][:, :width]).max() < 1e-12
    assert np.abs(v - both[1][:, :width]).max() < 1e-12
    assert np.abs(np.hstack([A, C])).max() == 0 or sigma_v > 0
    assert np.abs(both[0] @ both[1].T - u @ v.T).max() < 1e-12
    assert np.abs(D - np.eye(V)).max() > 0.3  # features do move


@pytest.fixture(scope="module")
def synthetic() -> tuple[training.Text, training.Settings]:
    """A Markov chain on 40 words in which a word is followed by its neighbours: there is something to learn."""
    rng = np.random.default_rng(2)
    ids = np.cumsum(rng.choice([-2, -1, 1, 2, 13], 4000)) % 40
    settings = training.Settings(lr=0.1, window=3, negative=5, subsample=0.0, epochs=3)
    return training.prepare(ids.astype(np.int32), 40, settings), settings


def test_finite_widths_approach_the_limit_as_one_over_root_n(synthetic: tuple) -> None:
    text, settings = synthetic
    pairs = word_pairs(40)

    def trained(width: int | None, seed: int) -> np.ndarray:
        net = training.initial_net(40, width, seed)
        assert sum(training.train(net, text, settings)) == 3 * len(text.ids)
        return similarities(net.u, pairs)

    limit, widths = trained(None, 0), (128, 512, 2048)
    deviations = [[np.sqrt(np.mean((trained(n, seed) - limit) ** 2)) for seed in range(3)] for n in widths]
    slope = np.polyfit(np.log(widths), np.log(np.mean(deviations, axis=1)), 1)[0]
    assert slope == pytest.approx(-0.5, abs=0.1)
    assert np.abs(limit).mean() > 0.1  # what is approached is not zero, as it is in the NTK limit


def test_training_lowers_the_loss_from_log_2_and_is_deterministic(synthetic: tuple) -> None:
    text, settings = synthetic
    nets = [training.initial_net(40, 16, seed) for seed in (0, 0, 1)]
    assert training.held_out_loss(nets[0], text) == pytest.approx(np.log(2), abs=1e-6)
    for net in nets:
        for _ in training.train(net, text, settings):
            pass
    assert np.array_equal(nets[0].u, nets[1].u)
    assert np.array_equal(nets[0].v, nets[1].v)
    assert not np.array_equal(nets[0].u, nets[2].u)
    assert training.held_out_loss(nets[0], text) < 0.5


def test_the_loss_is_that_of_autograd_losses(synthetic: tuple) -> None:
    text, _ = synthetic
    rng = np.random.default_rng(3)
    net = training.Net(*rng.standard_normal((2, 40, 6), dtype=np.float32))
    total, count = 0.0, 0
    for context, targets in zip(*text.held_out, strict=True):
        f = torch.tensor(net.v[targets[targets >= 0]] @ net.u[context[context >= 0]].mean(axis=0))
        f[1:] *= -1
        total -= float(torch.nn.functional.logsigmoid(f).sum())
        count += len(f)
    assert training.held_out_loss(net, text) == pytest.approx(total / count, rel=1e-5)
