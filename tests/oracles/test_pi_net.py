"""π-nets: moments against quadrature, finite nets against explicit projected SGD, the limit against wide nets."""

import math

import numpy as np
import pytest
import torch
from scipy import integrate
from torch import Tensor

from infwidth.errors import SpecError
from infwidth.limits import linear_mup
from infwidth.limits.maml.pi import PiLearner
from infwidth.limits.maml.protocol import Rates as OuterRates
from infwidth.limits.pi_net import PiNets, Rates, Scales, aligned, finite, initial, sampled
from infwidth.limits.pi_net.layers import FiniteLayer, InfiniteLayer, ReadIn
from infwidth.limits.pi_net.moments import relu_moment

D, RANK, POINTS = 3, 4, 6
SCALES = Scales(first=0.8, last=1.3, bias=0.6)
RATES = Rates(0.3, first=0.7, last=1.4, decay=0.05, clip=0.2)


def normals(key: int, *shape: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng(key).standard_normal(shape))


X, Y = normals(0, POINTS, D), normals(1, POINTS, 2)


def half_square(f: Tensor) -> Tensor:
    return (f - Y).square().sum() / (2 * POINTS)


def start(n_hidden: int = 2, **more: object) -> PiNets:
    arguments = {"d": D, "d_o": 2, "rank": RANK, "n_hidden": n_hidden, "scales": SCALES, **more}
    return initial(np.random.default_rng(2), **arguments)  # type: ignore[arg-type]


# ---- moments


@pytest.mark.parametrize("angle", [0.0, 0.3, math.pi / 2, 2.5, math.pi])
def test_moment_is_the_gaussian_integral(angle: float) -> None:
    g, b = torch.from_numpy(np.array([[[1.3, 0.0]], [[0.7 * math.cos(angle), 0.7 * math.sin(angle)]]]))
    # In polar coordinates of the plane of g and b: E ρ² = 2, and both projections are positive on an arc.
    low, high = angle - math.pi / 2, math.pi / 2
    arc = integrate.quad(lambda φ: 1.3 * math.cos(φ) * 0.7 * math.cos(φ - angle), low, high)[0]
    assert relu_moment(g, b).item() == pytest.approx(2 * arc / (2 * math.pi), abs=1e-12)


def test_gradients_of_the_moment_are_its_derivatives_by_both_sides() -> None:
    g, b = normals(3, 2, 2, 3).requires_grad_(), normals(4, 2, 3, 3).requires_grad_()
    assert torch.autograd.gradcheck(relu_moment, (g, b), atol=1e-7)


def test_moment_has_finite_gradients_where_the_angle_has_none() -> None:
    g = torch.tensor([[1.0, 2.0], [-1.0, -2.0], [0.0, 0.0]]).double().requires_grad_()
    b = torch.tensor([[2.0, 4.0]]).double()
    gradient = torch.autograd.grad(relu_moment(g, b).sum(), g)[0]
    torch.testing.assert_close(gradient, torch.stack([b[0] / 2, 0 * b[0], 0 * b[0]]))


# ---- finite nets against explicit weights, automatic differentiation and an explicit projector


def explicit(nets: PiNets, omegas: list[Tensor], steps: int, rates: Rates) -> list[Tensor]:
    """Return f before every step of a net of n × n weights; gradients are projected by Ω (ΩᵀΩ)⁻¹ Ωᵀ, then clipped.

    Preactivations are of order one; a weight between hidden layers is of order 1/n, and learns at η, the read-in and
    its biases at η n, the readout (with a mean over neurons) at η n.
    """
    read_in, *others = nets.layers
    assert isinstance(read_in, ReadIn)
    n = omegas[0].shape[0]
    weights, biases = [omegas[0] @ read_in.weights[0].T], [torch.zeros(n, dtype=torch.float64)]
    for place, layer in enumerate(others):
        assert isinstance(layer, InfiniteLayer)
        a, b, c = (part[0] for part in layer.terms)
        into = torch.relu(omegas[place] @ b.T) * c @ a  # [n, k]
        last = place == len(others) - 1
        weights.append(into.T / n if last else omegas[place + 1] @ into.T / n)
        biases.append(torch.zeros(2 if last else n, dtype=torch.float64))
    projectors = [Ω @ torch.linalg.inv(Ω.T @ Ω) @ Ω.T for Ω in omegas]
    parameters = [p.requires_grad_() for pair in zip(weights, biases, strict=True) for p in pair]
    # Rates of μP, and the factors by which norms of gradients in units of order one differ from the plain ones.
    depth = len(weights)
    followed = []
    for _ in range(steps):
        z = X
        for k, (W, bias) in enumerate(zip(weights, biases, strict=True)):
            scale = SCALES.first if k == 0 else SCALES.last if k == depth - 1 else 1.0
            h = scale * (z @ W.T + SCALES.bias * bias)
            z = torch.relu(h)
        followed.append(h.detach())
        gradients = torch.autograd.grad(half_square(h), parameters)
        for number, (p, gradient) in enumerate(zip(parameters, gradients, strict=True)):
            k, is_bias = divmod(number, 2)
            last = k == depth - 1
            projected = gradient if last else projectors[k] @ gradient
            factor = rates.first if k == 0 else rates.last if last else 1.0
            # η times: n (read-in, biases of hidden layers), 1 (hidden), 1/n (readout), 1 (its bias)
            power = (0 if last else 1) if is_bias else (1 if k == 0 else -1 if last else 0)
            norm = float(torch.linalg.vector_norm(projected)) * n ** (power / 2)
            rate = rates.lr * factor * min(1.0, (rates.clip or math.inf) / norm)
            with torch.no_grad():
                p.mul_(1 - rates.lr * rates.decay).sub_(rate * n**power * projected)
    return followed


@pytest.mark.parametrize(("n_hidden", "rank", "clip"), [(1, RANK, None), (3, RANK, 0.2), (2, 12, 0.2)])
def test_finite_nets_are_projected_sgd_on_explicit_weights(n_hidden: int, rank: int, clip: float | None) -> None:
    n, steps, rates = 12, 8, RATES._replace(clip=clip)
    limits = start(n_hidden, rank=rank)
    omegas = [normals(5 + place, 1, n, rank) for place in range(n_hidden)]
    nets = finite(limits, omegas)
    wanted = explicit(limits, [Ω[0] for Ω in omegas], steps, rates)
    moved = 0.0
    for f in wanted:
        torch.testing.assert_close(nets(X)[0], f, rtol=1e-8, atol=1e-9)
        moved = max(moved, float((f - wanted[0]).abs().max()))
        nets.step(X, half_square, rates)
    assert moved > 0.1


# ---- the limit


def run(nets: PiNets, steps: int, rates: Rates = RATES) -> Tensor:
    """Return f [steps + 1, S, POINTS, 2]."""
    outputs = [nets(X)]
    for _ in range(steps):
        nets.step(X, half_square, rates)
        outputs.append(nets(X))
    return torch.stack(outputs)


@pytest.mark.parametrize("n_hidden", [1, 2])
def test_limit_is_that_of_wide_nets_extrapolated(n_hidden: int) -> None:
    """Means over nets at n and 2n make one free of 1/n; what is left is their error, and z-scores tell."""
    steps, narrow, n_nets = 6, 128, 200
    rates = RATES._replace(clip=None, lr=0.5)
    limit = run(start(n_hidden), steps, rates)[:, 0]
    means, errors = [], []
    for k, width in enumerate((narrow, 2 * narrow)):
        f = run(sampled(start(n_hidden), np.random.default_rng(7 + k), width=width, n_nets=n_nets), steps, rates)
        means.append(f.mean(1))
        errors.append(f.std(1) / n_nets**0.5)
    gap = 2 * means[1] - means[0] - limit
    error = (4 * errors[1] ** 2 + errors[0] ** 2).sqrt()
    assert (gap[1:] / error[1:]).square().mean().sqrt() < 1.6
    assert (limit[-1] - limit[0]).abs().max() > 20 * error.max()


def test_linear_nets_follow_theorem_d1_of_tensor_programs_iv() -> None:
    d, steps = 4, 20
    inputs, targets = normals(9, steps, d), normals(10, steps, 1)
    history = linear_mup.train(inputs.numpy(), targets.numpy(), lr=0.1, sigma_u=d**-0.5)
    net = aligned(d=d, rank=d + 1, activation="linear")
    for x, y, exact in zip(inputs, targets, history, strict=False):
        torch.testing.assert_close(net(inputs)[0], inputs @ torch.from_numpy(exact.function.T), rtol=1e-10, atol=1e-12)
        net.step(x[None], lambda f, y=y: (f - y).square().sum() / 2, Rates(0.1))


def test_limit_appends_the_examples_and_the_kernel_is_their_moments() -> None:
    net = start()
    run(net, 3)
    assert [layer.n_terms for layer in net.layers if isinstance(layer, InfiniteLayer)] == [RANK + 3 * POINTS] * 2
    wide = sampled(net, np.random.default_rng(11), width=40000)
    torch.testing.assert_close(wide.feature_kernel(X), net.feature_kernel(X), rtol=0.1, atol=0.02)
    torch.testing.assert_close(wide(X), net(X), rtol=0.1, atol=0.03)


# ---- MAML


class Tasks:
    ways = 2

    def __init__(self, key: int) -> None:
        self.support, self.query = normals(key, 3, 4, D).float(), normals(key + 1, 3, 2, D).float()
        self.query_ids = torch.zeros(3, 2, dtype=torch.int64)


@pytest.mark.parametrize("width", [None, 20])
def test_outer_step_of_maml_is_the_gradient_through_explicit_readouts(width: int | None) -> None:
    """The first layer's weights by differences of the query loss, readouts written out as vectors of neurons."""
    tasks, ε = Tasks(20), 0.7
    net = start(1, n_nets=1)
    if width is not None:
        net = sampled(net, np.random.default_rng(12), width=width)
    learner = PiLearner(net, OuterRates(1e-3, ε, clip=1e9))
    before = learner.state()
    read_in = before[0]
    assert isinstance(read_in, ReadIn)

    def loss(weights: Tensor) -> float:
        read_in.weights = weights
        learner.load(before)
        total = 0.0
        for support, query in zip(tasks.support.double(), tasks.query.double(), strict=True):
            g, q = ((SCALES.first * (x @ weights[0])) for x in (support, query))
            last = net.layers[-1]
            ω = last.omega[0] if isinstance(last, FiniteLayer) else normals(13, 1, RANK)
            χ = torch.tensor([[-0.5, 0.5], [-0.5, 0.5], [0.5, -0.5], [0.5, -0.5]]).double() / 4
            if width is None:
                f = -ε * relu_moment(q, g) @ χ
            else:
                readout = -ε * torch.relu(g @ ω.T).T @ χ  # [n, 2]
                f = torch.relu(q @ ω.T) @ readout / width
            total += 2 * float(torch.nn.functional.cross_entropy(f, torch.tensor([0, 1]))) / 2
        return total

    weights = read_in.weights.clone()
    numeric = torch.zeros_like(weights)
    for index in np.ndindex(*weights.shape):
        bump = torch.zeros_like(weights)
        bump[index] = 1e-5
        numeric[index] = (loss(weights + bump) - loss(weights - bump)) / 2e-5
    read_in.weights = weights
    learner.load(before)
    learner.outer_step(tasks)
    after = learner.net.layers[0]
    assert isinstance(after, ReadIn)
    step = numeric if after.metric is None else numeric @ after.metric[0]
    torch.testing.assert_close(after.weights - weights, -1e-3 * step, rtol=1e-5, atol=1e-9)


# ---- refused


def test_rank_below_the_gaussians_of_mup_is_refused() -> None:
    with pytest.raises(SpecError, match="rank is 3"):
        aligned(d=4, rank=3, activation="relu")


def test_finite_nets_are_not_sampled_again() -> None:
    with pytest.raises(SpecError, match="infinite width"):
        sampled(sampled(start(), np.random.default_rng(0), width=5), np.random.default_rng(0), width=5)
