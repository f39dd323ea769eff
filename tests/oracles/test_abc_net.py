"""Small nets with their multipliers written out, against torch: kernel, gradient descent at an output scale, Adam."""

from itertools import islice

import numpy as np
import pytest
import torch

from infwidth.activations import ACTIVATIONS
from infwidth.limits.abc_net import Adam, descent, initial, normals, trajectory
from infwidth.limits.kernels import mlp_kernels
from infwidth.solve.small_nets import examples, point, tanh_net

#: Layer by layer, all different, so that no two can be taken for one another.
A, B, C = [0.1, 0.4, 0.6], [0.2, 0.3, 0.1], [0.3, -0.2, 0.5]
D, WIDTH, P = 3, 9, 5


def _net():
    draws = [z[None] for z in normals(np.random.default_rng(0), width=WIDTH, n_hidden=2, n_inputs=D, n_outputs=1)]
    return initial(draws, (A, B, C), ACTIVATIONS["tanh"]), draws


def _torch_weights(net):
    return [torch.tensor(w[0], requires_grad=True) for w in net.w]


def _output(net, weights, x):
    h = torch.tensor(x)
    for i, (g, w) in enumerate(zip(net.multipliers, weights, strict=True)):
        h = g * (w @ (torch.tanh(h) if i else h))
    return h


def test_the_tangent_kernel_is_that_of_autograd_with_the_rates():
    net, _ = _net()
    x = np.random.default_rng(1).standard_normal((D, P))
    weights = _torch_weights(net)
    rows = []
    for p in range(P):
        gradients = torch.autograd.grad(_output(net, weights, x)[0, p], weights)
        scaled = [rate**0.5 * g.flatten() for rate, g in zip(net.rates, gradients, strict=True)]
        rows.append(torch.cat(scaled))
    jacobian = torch.stack(rows)
    np.testing.assert_allclose(net.kernel(x)[0], (jacobian @ jacobian.T).numpy(), rtol=1e-12)


@pytest.mark.parametrize("scale", [1.0, 0.3, 7.0])
def test_descent_is_that_of_torch_on_the_scaled_centred_function(scale):
    net, _ = _net()
    rng = np.random.default_rng(2)
    x, y = rng.standard_normal((D, P)), rng.standard_normal((1, P))
    weights = _torch_weights(net)
    start = _output(net, weights, x).detach()
    groups = [{"params": [w], "lr": 0.2 * r / scale**2} for w, r in zip(weights, net.rates, strict=True)]
    optimizer = torch.optim.SGD(groups)
    expected = []
    for _ in range(6):
        function = scale * (_output(net, weights, x) - start)
        expected.append(function.detach().numpy())
        optimizer.zero_grad()
        (0.5 * (function - torch.tensor(y)) ** 2).mean().backward()
        optimizer.step()
    found = [f[0] for _, f in islice(descent(net, x, y, lr=0.2, scale=scale), 6)]
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


def test_adam_is_that_of_torch():
    net, draws = _net()
    rng = np.random.default_rng(3)
    inputs, targets = rng.standard_normal((8, D)), rng.standard_normal((8, 1))
    weights = _torch_weights(net)
    layers = zip(weights, net.rates, net.multipliers, strict=True)
    optimizer = torch.optim.Adam([{"params": [w], "lr": 0.1 * r, "eps": 1e-3 * g} for w, r, g in layers])
    for x, y in zip(inputs, targets, strict=True):
        optimizer.zero_grad()
        (0.5 * (_output(net, weights, x[:, None]) - torch.tensor(y)) ** 2).sum().backward()
        optimizer.step()
    *_, last = trajectory(
        draws, (A, B, C), ACTIVATIONS["tanh"], inputs=inputs, targets=targets, lr=0.1, update=Adam(eps=1e-3)
    )
    for found, expected in zip(last.w, weights, strict=True):
        np.testing.assert_allclose(found[0], expected.detach().numpy(), rtol=1e-9)


@pytest.mark.parametrize("rule", ["ntk", "mup", "sp_readout"])
def test_kernels_of_small_nets_are_those_of_the_limit(rule):
    """NTP and μP have one initial kernel at infinite width; SP with a readout of n^(−1/2) lacks its first layer."""
    x, _ = examples(4, 8)
    limit = mlp_kernels(np.sqrt(8) * x.T, n_hidden=2, activation="tanh", sigma_w=1.0, sigma_b=0.0)
    nets = [tanh_net("test", seed, point(rule, 2), width=512, n_inputs=8) for seed in range(20)]
    mean = np.mean([net.kernel(x)[0] for net in nets], axis=0)
    first_layer = limit.covariance[0] * limit.derivative[0] * limit.derivative[1]
    expected = limit.ntk - (first_layer if rule == "sp_readout" else 0.0)
    assert np.linalg.norm(mean - expected) < 0.05 * np.linalg.norm(expected)


def test_the_prefactor_of_the_activity_is_an_output_scale():
    """γ in α = γ n^r divides the readout and multiplies the rates below it by γ²: the kernel stays."""
    x, _ = examples(4, 8)
    kernels = [
        np.mean(
            [
                tanh_net("test", seed, point("stp", 2, "1/4"), width=256, n_inputs=8, gamma=gamma).kernel(x)[0]
                for seed in range(5)
            ],
            axis=0,
        )
        for gamma in (1.0, 4.0)
    ]
    np.testing.assert_allclose(*kernels, rtol=1e-10)
