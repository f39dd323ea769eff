"""One program text read in several ways: with matrices, by their law, sampled, exact, and in its kernel limit."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from infwidth.limits.kernel_regression import KernelDescent
from infwidth.limits.kernels import mlp_kernels
from infwidth.limits.nonlinear_mup import _degrees, limit_outputs
from infwidth.programs import infinite, replicas

D, P = 3, 4


def normal(key, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(key), dtype=torch.float64)


class Function(nn.Module):
    def __init__(self, phi):
        super().__init__()
        self.phi = phi

    def forward(self, h):
        return self.phi(h)


def chain(phi, n_hidden=2, *, d=D, k=1, bias=False):
    def build(n):
        sizes = [d, *[n] * n_hidden]
        layers = [m for i in range(n_hidden) for m in (nn.Linear(sizes[i], sizes[i + 1], bias=bias), Function(phi))]
        return nn.Sequential(*layers, nn.Linear(n, k, bias=bias))

    return build


def trained(net, inputs, targets, steps):
    """Return the outputs before every step of full-batch training on half the squares, [steps, P, k]."""
    optimizer, outputs = net.optimizer(), []
    for _ in range(steps):
        f = net(inputs)
        outputs.append(f.detach().clone())
        optimizer.zero_grad()
        (0.5 * (f - targets).square().sum()).backward()
        optimizer.step()
    return torch.stack(outputs)


# ---- explicit matrices against their law


class _ImageOf:
    """In the place of fresh numbers, which the law brings to the dtype of the new directions: their true images."""

    def __init__(self, matrix):
        self.matrix = matrix

    def to(self, fresh):
        return self.matrix @ fresh


@pytest.mark.parametrize("rule", ["mup", "ntk"])
def test_a_net_without_its_matrices_is_the_one_with_them_given_the_same_gaussians(rule):
    """Training by SGD with momentum and decay, all in float64: no step knows a difference."""
    options = {
        "base_width": 8,
        "neurons": 40,
        "lr": 0.05,
        "momentum": 0.5,
        "weight_decay": 0.1,
        "dtype": torch.float64,
        "rule": rule,
    }
    build, inputs, targets = chain(torch.tanh, 3, bias=True), normal(0, P, D), normal(1, P, 1)
    explicit = infinite(build, interpreter="explicit", **options)
    conditional = infinite(build, interpreter="conditional", **options)
    matrices = dict(explicit.net.named_parameters())
    for name, weight in conditional.gaussian.items():
        gaussian = matrices[name].detach().clone() / explicit.plan[name].init_std
        weight.law.target.draw = lambda n, k, g=gaussian: _ImageOf(g)
        weight.law.source.draw = lambda n, k, g=gaussian: _ImageOf(g.T)
    with_matrices, without = (trained(net, inputs, targets, 12) for net in (explicit, conditional))
    assert (with_matrices[-1] - with_matrices[0]).abs().max() > 0.1
    assert max(max(pair) for pair in conditional.n_products.values()) == 40  # all of a matrix is known by then
    torch.testing.assert_close(without, with_matrices, rtol=1e-9, atol=1e-9)


def test_a_net_without_its_matrices_has_the_distribution_of_those_with_them():
    """Mean and spread of outputs of 8 neurons after some steps, over seeds."""

    def outputs(interpreter):
        runs = [
            trained(
                infinite(
                    chain(torch.tanh), base_width=4, neurons=8, lr=0.2, rule="ntk", interpreter=interpreter, seed=seed
                ),
                normal(0, P, D).float(),
                normal(1, P, 1).float(),
                4,
            )
            for seed in range(80)
        ]
        return torch.stack(runs)[:, 1:].flatten(1)

    explicit, conditional = outputs("explicit"), outputs("conditional")
    error = ((explicit.var(0) + conditional.var(0)) / len(explicit)).sqrt()
    assert ((explicit.mean(0) - conditional.mean(0)).abs() < 4 * error).all()
    assert (conditional.std(0) / explicit.std(0)).log().abs().max() < 0.5


# ---- exact neurons

SIGNS = np.random.default_rng(5).choice([-1.0, 1.0], (18, 2))


@pytest.mark.parametrize(
    ("activation", "n_hidden", "steps", "lr"),
    [("linear", 1, 18, 0.2), ("linear", 2, 9, 0.2), ("square", 1, 5, 0.05), ("square", 2, 3, 0.005)],
)
def test_exact_neurons_are_those_of_the_limits_of_yang_and_hu(activation, n_hidden, steps, lr):
    """Fig. 4 of Yang & Hu 2021 by its own code (coefficients, or quadrature in numpy) and by an ordinary torch loop."""
    phi = {"linear": lambda h: h, "square": lambda h: h**2}[activation]
    nodes = {
        "linear": [[2, 2]] if n_hidden == 1 else [[2] * steps, [2] * (steps + 1)],
        "square": [[degree // 2 + 1 for degree in of_layer] for of_layer in _degrees(n_hidden, steps)],
    }[activation]
    ξ, y = SIGNS[:steps].T
    known = limit_outputs(activation, n_hidden=n_hidden, inputs=ξ, targets=y, lr=lr)
    net = infinite(chain(phi, n_hidden, d=1), base_width=1, lr=lr, interpreter="exact", nodes=nodes)
    optimizer, outputs = net.optimizer(), []
    for step, (x, target) in enumerate(torch.from_numpy(SIGNS[:steps])):
        f = net(x.reshape(1, 1)).squeeze()
        outputs.append(f.item())
        if step < steps - 1:
            optimizer.zero_grad()
            (0.5 * (f - target) ** 2).backward()
            optimizer.step()
    assert np.abs(known).max() > 0.5
    np.testing.assert_allclose(outputs, known, rtol=1e-12, atol=1e-12)


def test_exact_neurons_are_what_sampled_ones_approach():
    """A function that no other code of exact limits takes; biases, momentum and decay."""
    phi = lambda h: h + 0.3 * h**2  # noqa: E731
    build, inputs, targets = chain(phi, d=1, bias=True), torch.tensor([[0.7]]), torch.tensor([[1.0]])
    options = {"base_width": 4, "lr": 0.3, "momentum": 0.7, "weight_decay": 0.2}

    def exact(more):
        nodes = [[n + more for n in of_layer] for of_layer in ([20, 8, 4, 2], [10, 10, 8, 6])]
        net = infinite(build, interpreter="exact", nodes=nodes, **options)
        return trained(net, inputs.double(), targets.double(), 3)

    limit = exact(0)
    torch.testing.assert_close(exact(1), limit, rtol=1e-10, atol=1e-12)
    mean, error = replicas(
        lambda seed: trained(infinite(build, neurons=20_000, seed=seed, **options), inputs, targets, 3), range(4)
    )
    assert limit[-1].abs().min() > 0.03
    assert ((mean - limit).abs() < 4 * error + 2e-4).all(), (mean, limit, error)


# ---- kernel limits through the same loop


def centred(net, inputs, targets, steps, lr_times=1.0):
    """Return f - f_0 before every step of training it on the targets."""
    optimizer, outputs = net.optimizer(), []
    with torch.no_grad():
        start = net(inputs)
    for _ in range(steps):
        f = net(inputs) - start
        outputs.append(f.detach().clone())
        optimizer.zero_grad()
        (0.5 * lr_times * (f - targets).square().sum()).backward()
        optimizer.step()
    return torch.stack(outputs)


def test_the_kernel_limit_is_kernel_descent():
    """The composed NTK of the NTK parametrization, and descent in closed form, test points among them."""
    x, y, points = normal(0, P, D), normal(1, P, 2), normal(2, 5, D)
    net = infinite(chain(torch.relu, 3, k=2), base_width=4, lr=0.1, rule="ntk", layer_lr="variance")
    steps = 7
    found = centred(net, x, y, steps + 1)
    kernels = lambda *sets: mlp_kernels(*sets, n_hidden=3, activation="relu", sigma_w=1.0, sigma_b=0.0)  # noqa: E731
    descent = KernelDescent.of(kernels(x.numpy()).ntk, y.numpy())
    progress = [descent.descent(0.1, step) for step in range(steps + 1)]
    known = np.stack([descent.train_outputs(done) for done in progress])
    np.testing.assert_allclose(found, known, rtol=1e-7, atol=1e-7)
    with torch.no_grad():
        at_points = net(points)
    tangent = descent.test_outputs(kernels(points.numpy(), x.numpy()).ntk, descent.descent(0.1, steps + 1))
    fresh = infinite(chain(torch.relu, 3, k=2), base_width=4, lr=0.1, rule="ntk", layer_lr="variance")
    with torch.no_grad():
        fresh(x)
        start = fresh(points)  # the same draw
    np.testing.assert_allclose(at_points - start, tangent, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("rule", "options"), [("ntk", {}), ("sp_lr", {}), ("stp", {"richness": "1/4"}), ("mup_gauge", {"richness": "1/4"})]
)
def test_wide_nets_have_these_kernels(rule, options):
    """One step of wide nets with biases moves the output by the kernel of the limit."""
    build, x, y = chain(torch.tanh, 2, bias=True), normal(0, P, D), normal(1, P, 1)
    options = {"base_width": 16, "lr": 0.02, "rule": rule, "dtype": torch.float64, **options}
    limit = centred(infinite(build, **options), x, y, 3)[-1]

    def error(n):
        runs = [
            centred(infinite(build, neurons=n, interpreter="explicit", seed=seed, **options), x, y, 3)[-1]
            for seed in range(6)
        ]
        return (torch.stack(runs).mean(0) - limit).square().mean().sqrt() / limit.square().mean().sqrt()

    narrow, wide = error(64), error(768)
    assert wide < 0.08
    assert wide < 0.6 * narrow


def test_first_outputs_have_the_covariance_of_the_limit():
    x = normal(0, 2, D)
    kernel = mlp_kernels(x.numpy(), n_hidden=2, activation="tanh", sigma_w=1.0, sigma_b=0.0).nngp
    net = infinite(chain(torch.tanh, k=2000), base_width=4, lr=0.1, rule="ntk")
    with torch.no_grad():
        draws = torch.cat([net(x[:1]), net(x[1:])])  # one after the other
        assert torch.equal(net(x[:1]), draws[:1])
    np.testing.assert_allclose(draws.cov(), kernel, atol=4 * math.sqrt(2 / 2000) * kernel.max())
    lazy = infinite(chain(torch.tanh), base_width=4, lr=0.1, rule="stp", richness="1/4")
    assert (lazy(x) == 0).all()


def test_mup_goes_to_the_kernel_limit_as_richness_goes_to_zero():
    """Sampled neurons of μP at readout scale s and rate lr/s², s → ∞, against the composed kernels."""
    build, x, y = chain(torch.tanh, 2), normal(0, P, D).float(), normal(1, P, 1).float()
    options = {"base_width": 16, "layer_lr": "variance"}
    kernel = centred(infinite(build, lr=0.4, rule="ntk", **options), x, y, 8)

    def distance(scale):
        def run(seed):
            rate = 0.4 / scale**2
            net = infinite(build, neurons=8000, lr=rate, readout_scale=scale, seed=seed, tolerance=1e-4, **options)
            return trained(net, x, y, 8)

        mean, error = replicas(run, range(3))
        return (mean - kernel).square().mean().sqrt() / kernel.square().mean().sqrt(), error.square().mean().sqrt()

    (far, _), (near, error) = distance(0.125), distance(16.0)
    assert far > 0.1
    assert near < 0.02 + 2 * error


def test_kernel_nets_take_batches_momentum_and_schedules_as_sgd_does():
    """Against SGD on the features of the kernel: the same function, its weights written out."""
    x, y = normal(0, 6, D), normal(1, 6, 1)
    net = infinite(chain(torch.relu), base_width=4, lr=0.2, rule="stp", richness="1/4", momentum=0.6)
    kernel = net.kernels(x.numpy())[0]
    values, vectors = np.linalg.eigh(kernel)
    features = torch.from_numpy(vectors * np.sqrt(values.clip(0)))
    weights = nn.Parameter(torch.zeros(6, 1, dtype=torch.float64))
    optimizers = net.optimizer(), torch.optim.SGD([weights], lr=0.2, momentum=0.6)
    schedules = [torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.8) for optimizer in optimizers]
    for step in range(8):
        batch = torch.tensor([step % 6, (2 * step + 1) % 6, (step + 3) % 6])
        for f, optimizer, schedule in zip(
            (net(x[batch]), features[batch] @ weights), optimizers, schedules, strict=True
        ):
            optimizer.zero_grad()
            F.mse_loss(f, y[batch]).backward()
            optimizer.step()
            schedule.step()
    with torch.no_grad():
        torch.testing.assert_close(net(x), features @ weights, rtol=1e-9, atol=1e-9)
    assert len(net.points) == 6
