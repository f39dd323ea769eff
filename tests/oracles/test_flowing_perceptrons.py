"""Gradient flow in implicit steps against descent in small ones, and against the net's linearization."""

import numpy as np
import torch

from infwidth.seeding import numpy_stream
from infwidth.solve.flowing_perceptrons import Flowing, _solved

D, P, TEST = 5, 8, 20


def _nets(alpha: float, *, width: int = 24, n: int = 2) -> Flowing:
    sizes = {"width": width, "n_hidden": 2, "n_inputs": D}
    return Flowing.drawn(**sizes, sigma_w=alpha ** (1 / 3), seeds=range(n), dtype=torch.float64)


def _problem() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    x = numpy_stream("subset", "flow").standard_normal((D, P + TEST))
    x /= np.linalg.norm(x, axis=0)
    here = torch.from_numpy(x)
    return here[:, :P], here[0, :P] * here[1, :P] * 5, here[:, P:]


def _module(nets: Flowing, net: int) -> torch.nn.Sequential:
    layers: list[torch.nn.Module] = []
    for w in nets.weights:
        layer = torch.nn.Linear(w.shape[2], w.shape[1], bias=False, dtype=torch.float64)
        layer.weight.data = w[net].clone()
        layers += [layer, torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def _gradients(nets: Flowing, net: int, x: torch.Tensor, *, alpha: float) -> np.ndarray:
    """Return the gradients [P, parameters] of a net's output in its standard normals, of weights σ W/√fan-in."""
    module, rows = _module(nets, net), []
    sizes = [alpha ** (1 / 3) / w.shape[2] ** 0.5 for w in nets.weights]
    for one in x.T:
        found = torch.autograd.grad(module(one)[0], list(module.parameters()))
        rows.append(torch.cat([g.flatten() * size for g, size in zip(found, sizes, strict=True)]))
    return torch.stack(rows).numpy()


def test_kernels_are_those_of_automatic_differentiation() -> None:
    nets, (x, _, x_test) = _nets(2.0), _problem()
    cross = nets.kernel(nets.tangent(x_test), nets.tangent(x)).numpy()
    for net in range(2):
        expected = _gradients(nets, net, x_test, alpha=2.0) @ _gradients(nets, net, x, alpha=2.0).T
        np.testing.assert_allclose(cross[net], expected, rtol=1e-10, atol=1e-12)


def test_kernels_of_many_points_by_one_triangle_are_the_whole_ones() -> None:
    nets = _nets(2.0)
    passes = nets.tangent(torch.from_numpy(numpy_stream("subset", "flow").standard_normal((D, 530))))
    np.testing.assert_allclose(nets.kernel(passes), nets.kernel(passes, passes), rtol=1e-12, atol=1e-12)


def test_a_net_that_goes_back_has_the_passes_of_before() -> None:
    nets, (x, _, _) = _nets(2.0), _problem()
    before = nets.tangent(x)
    for w in nets.weights:
        w.mul_(1.5)
    now, moved = nets.tangent(x), nets.tangent(x)
    now.put_back(torch.tensor([True, False]), before)
    for layers, old, new in zip(now, before, moved, strict=True):
        for z, was, then in zip(layers, old, new, strict=True):
            np.testing.assert_array_equal(z[0], was[0])
            np.testing.assert_array_equal(z[1], then[1])


def test_steps_are_solved_for_whether_or_not_rounding_left_a_kernel_indefinite() -> None:
    x = numpy_stream("subset", "flow").standard_normal((P, P))
    kernels = torch.from_numpy(np.stack([x @ x.T, x + x.T]))
    assert torch.linalg.eigvalsh(kernels)[1, 0] < 0
    shifts, errors = torch.tensor([0.1, 0.2], dtype=torch.float64), torch.ones(2, P, dtype=torch.float64)
    solved = _solved(kernels, shifts, errors)
    for i in range(2):
        np.testing.assert_allclose(
            (kernels[i] + shifts[i] * torch.eye(P, dtype=torch.float64)) @ solved[i], errors[i], rtol=1e-9
        )


def test_ends_where_small_steps_of_descent_end() -> None:
    """Through kinks of ReLU the path depends a little on the steps: nearer than two nets are to each other."""
    x, y, x_test = _problem()
    flowed, descended = _nets(0.2), _nets(0.2)
    start, start_test = descended._forward(x)[0][-1][:, 0], flowed.outputs(x_test)
    left = flowed.flow(x, y, accuracy=0.02, left=1e-4)
    assert (left < 1e-4).all()
    for _ in range(20000):
        now = descended.tangent(x)
        error = now.entering[-1][:, 0] - start - y
        if (error.square().mean(dim=1) < 1e-4 * y.square().mean()).all():
            break
        step = 0.3 / descended.kernel(now).diagonal(dim1=1, dim2=2).sum(dim=1)
        descended.push(x, (step[:, None] * error).numpy())
    ends, expected = flowed.outputs(x_test) - start_test, descended.outputs(x_test) - start_test
    off = ((ends - expected) ** 2).mean()
    assert off < 0.02 * ((expected[0] - expected[1]) ** 2).mean()


def test_lazy_nets_end_at_regression_with_their_initial_kernel() -> None:
    """Which in turn is where descent of the linearized net ends, in the space of its parameters."""
    x, y, x_test = _problem()
    nets = _nets(1e6)
    start, here, there = nets.outputs(x_test), nets.tangent(x), nets.tangent(x_test)
    K, k = nets.kernel(here).numpy(), nets.kernel(there, here).numpy()
    regression = np.stack([cross @ np.linalg.solve(kernel, y.numpy()) for kernel, cross in zip(K, k, strict=True)])

    J, J_test = (_gradients(nets, 0, z, alpha=1e6) for z in (x, x_test))
    θ = np.zeros(J.shape[1])
    for _ in range(5000):
        θ -= J.T @ (J @ θ - y.numpy()) / K[0].trace()
    np.testing.assert_allclose(J_test @ θ, regression[0], rtol=1e-4, atol=1e-4)

    nets.flow(x, y, accuracy=0.1, left=1e-12)
    np.testing.assert_allclose(nets.outputs(x_test) - start, regression, rtol=2e-3, atol=2e-3)
