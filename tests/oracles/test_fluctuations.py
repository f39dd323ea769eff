"""Fluctuations of order 1/N: closed form against the general propagator, and both against nets with weights."""

import numpy as np
import pytest
import torch

from infwidth.activations import ACTIVATIONS
from infwidth.errors import SpecError
from infwidth.limits.deep_linear_fluctuations import Layout, action, deep_linear_fluctuations, hessian, saddle
from infwidth.limits.fluctuations import Problem, fluctuations, predicted_variance, quadrature, sampled
from infwidth.limits.lazy_fluctuations import lazy_fluctuations
from infwidth.limits.linear_fluctuations import linear_fluctuations, linear_nets, population_errors
from infwidth.papers.bordelon2023.limits import deep_linear_nets, initial_kernels, soft_tanh, two_layer_nets


@pytest.mark.parametrize("centred", [True, False])
@pytest.mark.parametrize(("gamma0", "lr"), [(0.3, 0.1), (4.0, 0.05), (5.0, 0.2)])
def test_the_closed_form_is_the_propagator_of_linear_nets(gamma0: float, lr: float, centred: bool) -> None:
    """Also where η γ0 Δ = 1 and a unit forgets a half of what it was."""
    said = {"gamma0": gamma0, "lr": lr, "steps": 12, "centred": centred}
    problem = Problem.checked(np.eye(1), [1.0], activation="linear", **said)
    general, closed = fluctuations(problem, quadrature(np.eye(1), 8)), linear_fluctuations(1.0, **said)
    assert general.outputs[:, 0] == pytest.approx(closed.outputs)
    assert general.kernels[:, 0] == pytest.approx(closed.kernels)
    assert general.variance(general.output_influences)[:, 0] == pytest.approx(closed.output_variance, abs=1e-12)
    assert general.variance(general.kernel_influences)[:, 0] == pytest.approx(closed.kernel_variance, abs=1e-12)
    assert general.variance(general.kernel_sources)[:, 0] == pytest.approx(closed.uncoupled)


def test_errors_across_the_target_are_those_of_an_input_that_is_orthogonal() -> None:
    """Its target is zero: two orthogonal examples are two directions."""
    said = {"gamma0": 2.0, "lr": 0.1, "steps": 10}
    problem = Problem.checked(np.eye(2), [1.0, 0.0], activation="linear", **said)
    general = fluctuations(problem, quadrature(np.eye(2), 8))
    found = general.variance(general.output_influences)
    closed = linear_fluctuations(1.0, **said)
    assert found[:, 0] == pytest.approx(closed.output_variance, rel=1e-3, abs=1e-9)  # few nodes were left out
    assert found[:, 1] == pytest.approx(closed.across, rel=1e-3, abs=1e-9)


@pytest.mark.parametrize("n_train", [1, 2])
def test_propagator_and_shift_are_those_of_many_nets(n_train: int) -> None:
    """Of 10000 nets of 48 units, whose fields are drawn, up to the next order in 1/48; two examples are opposite."""
    kernel, width, nets = np.array([[1.0, 0.5], [0.5, 1.0]]), 48, 10_000
    targets = np.array([1.0, -0.5])[:n_train]
    said = {"gamma0": 3.0, "lr": 0.1, "steps": 12}
    φ = soft_tanh(0.4)
    problem = Problem.checked(kernel, targets, activation=φ, pairs=((0, 0), (1, 0)), **said)
    theory = fluctuations(problem, quadrature(kernel, 14), shift=True)
    at = (4, 12)
    runs = two_layer_nets(np.random.default_rng(0), kernel, targets, 0.4, at=at, width=width, nets=nets, **said)
    for step, run in zip(at, runs, strict=True):
        for place, (limit, influence, shift) in enumerate(
            (
                (theory.outputs, theory.output_influences, theory.output_shift),
                (theory.kernels, theory.kernel_influences, theory.kernel_shift),
            )
        ):
            found, variance = run[place], theory.variance(influence)[step]
            error = np.sqrt(variance * width / nets)  # of N times the mean
            assert width * found.var(0) == pytest.approx(variance, rel=0.15, abs=5e-4)
            assert np.abs(width * (found.mean(0) - limit[step]) - shift[step]) == pytest.approx(
                0, abs=4 * error.max() + 0.15 * np.abs(shift[step]).max()
            )


def test_nets_of_fields_are_nets_of_weights() -> None:
    """A net with weights in D dimensions, trained by autograd, has the fields that are drawn in its place."""
    import torch

    rng, D, width, γ, lr = np.random.default_rng(1), 5, 7, 1.5, 0.1
    x = torch.tensor(rng.standard_normal((3, D)))
    y = torch.tensor([0.7, -0.4], dtype=torch.float64)
    W, z = (torch.tensor(rng.standard_normal(shape), requires_grad=True) for shape in ((width, D), (width,)))
    kernel = (x @ x.T / D).numpy()
    h, read = (W @ x.T / D**0.5).detach().numpy().T.copy(), z.detach().numpy().copy()
    start = read @ h.T / (γ * width)
    # The law of units is a sample of these few here, which are then the net itself.
    units = type(quadrature(np.eye(1), 2))(h, read, np.full(width, 1 / width))
    problem = Problem.checked(kernel, y.numpy(), gamma0=γ, lr=lr, steps=5, activation="linear")
    found = fluctuations(problem, units).outputs
    for step in range(6):
        f = W @ x.T / D**0.5
        f = z @ f / (γ * width)
        assert f.detach().numpy() - start == pytest.approx(found[step], abs=1e-12)
        loss = 0.5 * ((f[:2] - torch.tensor(start[:2]) - y) ** 2).sum()
        W_grad, z_grad = torch.autograd.grad(loss, (W, z))
        with torch.no_grad():
            W -= lr * γ**2 * width * W_grad
            z -= lr * γ**2 * width * z_grad


def test_linear_nets_are_two_numbers_and_their_averages_close() -> None:
    rng, width, γ = np.random.default_rng(2), 9, 2.0
    units = rng.standard_normal((1, width, 2))
    gram = units.swapaxes(1, 2) @ units / width
    X, Y = (units[0, :, 0] + units[0, :, 1]) / 2**0.5, (units[0, :, 0] - units[0, :, 1]) / 2**0.5
    squares = np.array([[(X**2).mean()], [(Y**2).mean()]])
    outputs, _ = linear_nets(squares, 1.0, gamma0=γ, lr=0.1, steps=6)
    assert population_errors(gram, gamma0=γ, lr=0.1, steps=6)[:, 0, 0] == pytest.approx(1 - outputs[:, 0])
    # In three directions, step by step with the weights themselves.
    units = rng.standard_normal((1, width, 4))
    found = population_errors(units.swapaxes(1, 2) @ units / width, gamma0=γ, lr=0.1, steps=6)[:, 0]
    w, a = units[0, :, :3], units[0, :, 3]
    start = w.T @ a / (γ * width)
    for errors in found:
        d = np.eye(3)[0] - w.T @ a / (γ * width) + start
        assert errors == pytest.approx(d)
        w, a = w + 0.1 * γ * np.outer(a, d), a + 0.1 * γ * w @ d


def test_kernels_of_trained_linear_nets_have_variance_4_at_any_richness() -> None:
    for gamma0 in (0.5, 3.0):
        last = linear_fluctuations(1.0, gamma0=gamma0, lr=0.005, steps=600)
        assert last.kernels[-1] == pytest.approx(2 * np.sqrt(1 + gamma0**2), rel=2e-3)
        assert last.kernel_variance[-1] == pytest.approx(4, rel=2e-2)


def test_a_doubling_is_worth_more_than_two_nets_where_the_mean_is_biased() -> None:
    x = np.random.default_rng(0).standard_normal((2, 6))
    found = predicted_variance(x, [1.0], gamma0=2.0, lr=0.05, steps=10)
    assert found.deviation(400)[-1] == pytest.approx(np.sqrt(found.variance[-1] / 400 + found.shift[-1] ** 2 / 160_000))
    # Targets in the direction in which the mean departs, and against it.
    members = [found.members(found.outputs[10] - sign * found.shift[10])[10] for sign in (-1, 0, 1)]
    assert members[1] == pytest.approx(2)
    assert members[0] < 2 < members[2]
    v, b = found.variance[10].sum(), 2 * (found.shift[10] ** 2).sum()
    assert b + v / members[2] == pytest.approx((b + v) / 2)
    assert np.isinf(found.members(found.outputs[10] - 1e3 * found.shift[10])[10])


def test_more_inputs_are_sampled() -> None:
    """Three trained of four inputs; the sample's limit has their errors, and quadrature refuses them."""
    x = np.random.default_rng(0).standard_normal((4, 6))
    kernel = x @ x.T / 6
    problem = Problem.checked(kernel, [1.0, 0.0, -1.0], gamma0=1.0, lr=0.1, steps=6, activation="tanh")
    few, many = (fluctuations(problem, sampled(kernel, n, "a test")) for n in (2000, 8000))
    of = [found.variance(found.output_influences)[-1] for found in (few, many)]
    assert of[0] == pytest.approx(of[1], rel=0.15)
    with pytest.raises(SpecError, match="up to 3 inputs"):
        quadrature(kernel, 4)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"activation": "relu"}, "kink"),
        ({"targets": [1.0, 2.0]}, "P from 1 to Q"),
        ({"gamma0": 0.0}, "must be positive"),
    ],
)
def test_what_has_no_meaning_is_refused(wrong: dict[str, object], words: str) -> None:
    said = {"targets": [1.0], "gamma0": 1.0, "lr": 0.1, "steps": 3, "activation": "tanh"} | wrong
    with pytest.raises(SpecError, match=words):
        Problem.checked(np.eye(1), said.pop("targets"), **said)  # type: ignore[arg-type]
    with pytest.raises(SpecError, match="must be positive"):
        linear_fluctuations(1.0, gamma0=1.0, lr=-1.0, steps=3)


@pytest.mark.parametrize("gamma0", [0.3, 2.0])
def test_the_action_of_one_layer_has_the_closed_form(gamma0: float) -> None:
    said = {"gamma0": gamma0, "lr": 0.1, "steps": 5}
    deep, closed = deep_linear_fluctuations(1.0, n_hidden=1, **said), linear_fluctuations(1.0, **said)
    assert deep.kernels == pytest.approx(closed.kernels)
    assert deep.error_variance == pytest.approx(closed.output_variance, abs=1e-10)
    assert deep.kernel_variance == pytest.approx(closed.kernel_variance)


def test_the_action_of_two_layers_has_the_variance_of_nets() -> None:
    """And before training that of products of χ² variables, 2 l."""
    said = {"n_hidden": 2, "gamma0": 1.5, "lr": 0.08, "steps": 4}
    theory = deep_linear_fluctuations(1.0, **said)
    assert theory.feature_variance[:, 0] == pytest.approx([2, 4])
    *_, (errors, features, kernels) = deep_linear_nets(np.random.default_rng(0), width=64, nets=2500, **said)
    assert 64 * errors.var() == pytest.approx(theory.error_variance[-1], rel=0.15)
    assert 64 * features.var(axis=1) == pytest.approx(theory.feature_variance[:, -1], rel=0.15)
    assert 64 * kernels.var() == pytest.approx(theory.kernel_variance[-1], rel=0.15)


@pytest.mark.parametrize("n_hidden", [1, 2, 3])
def test_the_hessian_of_layers_is_that_of_the_action(n_hidden: int) -> None:
    """Off the solution too, where conjugates are not zero."""
    lay, said = Layout(n_hidden, 4), (1.0, 1.5, 0.05)
    q = saddle(said[0], lay, *said[1:])
    q = q + 0.02 * torch.randn(lay.size, dtype=q.dtype, generator=torch.Generator().manual_seed(0))
    whole = torch.autograd.functional.hessian(lambda at: action(at, lay, *said), q)
    torch.testing.assert_close(hessian(q, lay, *said), whole, rtol=0, atol=1e-12)


def test_too_many_steps_for_a_hessian_are_refused() -> None:
    with pytest.raises(SpecError, match="take fewer steps"):
        deep_linear_fluctuations(1.0, n_hidden=3, gamma0=1.0, lr=0.01, steps=40)


def test_lazy_fluctuations_are_those_of_the_propagator_at_little_richness() -> None:
    x = np.random.default_rng(3).standard_normal((3, 4))
    kernel, y, φ = x @ x.T / 4, np.array([1.0, -1.0, 0.5]), ACTIVATIONS["tanh"]
    units = sampled(kernel, 300, "a test")
    lazy = lazy_fluctuations(kernel, y, units, φ, lr=0.2, times=np.arange(9))
    problem = Problem.checked(kernel, y, gamma0=1e-3, lr=0.2, steps=8, activation=φ)
    found = fluctuations(problem, units)
    along = np.einsum("tps,pk->tks", found.output_influences, lazy.eigenvectors)
    assert lazy.variance == pytest.approx(found.variance(along), rel=1e-3, abs=1e-9)


@pytest.mark.parametrize("name", ["linear", "unit_relu"])
def test_kernels_drawn_without_matrices_have_the_law_of_those_with(name: str) -> None:
    """Means and covariances of features and gradients of three layers of 6 units, where all orders of 1/N matter."""
    φ, width, nets, rng = ACTIVATIONS[name], 6, 20_000, np.random.default_rng(4)
    drawn = np.concatenate(initial_kernels(rng, φ, n_hidden=3, width=width, nets=nets))
    h = [rng.standard_normal((nets, width))]
    matrices = [rng.standard_normal((nets, width, width)) / np.sqrt(width) for _ in range(2)]
    for W in matrices:
        h.append(np.einsum("nij,nj->ni", W, φ.value(h[-1])))
    g = [φ.slope(h[-1]) * rng.standard_normal((nets, width))]
    for W, below in zip(matrices[::-1], h[-2::-1], strict=True):
        g.insert(0, φ.slope(below) * np.einsum("nij,ni->nj", W, g[0]))
    explicit = np.array([(φ.value(v) ** 2).mean(1) for v in h] + [(v**2).mean(1) for v in g])
    assert drawn.mean(1) == pytest.approx(explicit.mean(1), rel=0.05)
    roots = [np.cov(np.sqrt(of)) for of in (drawn, explicit)]  # squares of squares scatter too much
    assert roots[0] == pytest.approx(roots[1], rel=0.05, abs=0.01)
