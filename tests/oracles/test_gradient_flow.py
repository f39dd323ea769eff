"""The flow of adaptive steps against exponentials and scipy; lazy nets against their linearization."""

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp

from infwidth.activations import activation_of
from infwidth.empirical import empirical_ntk
from infwidth.limits.flat_nets import FlatNets
from infwidth.limits.gradient_flow import Flow, Velocity

SHAPE = FlatNets((3, 8, 8, 1), (3**-0.5, 8**-0.5, 8**-0.5), activation_of("tanh"))
X = torch.randn(3, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
X_TEST = torch.randn(3, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
Y = torch.tensor([1.0, -1.0, 1.0, 1.0, -1.0, -1.0], dtype=torch.float64)
START = torch.randn(4, SHAPE.n, dtype=torch.float64, generator=torch.Generator().manual_seed(3))


def _velocity(α: torch.Tensor, start: torch.Tensor = START, n: int = 6) -> Velocity:
    """Return the flow of ½ the mean of (α (f − f_0) − y)²/α² over the first examples."""
    x, y = X[:, :n], Y[:n]
    f0 = SHAPE.forward(start, x)[0]

    def velocity(state: torch.Tensor, nets: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        f, passed = SHAPE.forward(state, x)
        errors = α[nets, None] * (f - f0[nets]) - y
        return SHAPE.pull(state, passed, -errors / (α[nets, None] * n)), errors

    return velocity


def _run(flow: Flow, steps: int, below: float = 0.0) -> Flow:
    for _ in range(steps):
        flow.step()
        flow.running &= flow.outputs.abs().amax(1) > below
        if not flow.running.any():
            break
    return flow


@pytest.mark.parametrize("stages", [2, 6])
def test_linear_flows_are_exponentials(stages: int) -> None:
    rates = torch.logspace(-1, 2, 7, dtype=torch.float64)
    start = torch.stack([torch.ones(7, dtype=torch.float64), rates**-0.5])
    errors = []
    for tolerance in (1e-2, 1e-2 / 8, 1e-2 / 64):
        flow = Flow(start, lambda w, _: (-rates * w, w), tolerance=tolerance, stages=stages)
        while flow.running.any():
            flow.step()
            flow.running &= flow.times < 0.05
        exact = start * torch.exp(-rates * flow.times[:, None])
        way = (exact - start).norm(dim=1)
        errors.append(((flow.state - exact).norm(dim=1) / way).max().item())
    assert errors[0] < 1e-2
    # The error of a step is of third order: an eighth of it is half the step and a quarter of the error at the end.
    assert errors[2] < errors[0] / 8


def test_more_stages_reach_further_where_a_flow_is_stiff() -> None:
    rates = torch.tensor([1.0, 1e3], dtype=torch.float64)
    evaluations = []
    for stages in (2, 10):
        flow = Flow(torch.ones(1, 2, dtype=torch.float64), lambda w, _: (-rates * w, w), tolerance=1e-2, stages=stages)
        while flow.times[0] < 1:
            flow.step()
        evaluations.append(flow.evaluations[0].item())
    assert evaluations[1] < 0.75 * evaluations[0]


def test_nets_flow_as_scipy_has_them_and_each_by_itself() -> None:
    α = torch.tensor([0.1, 1.0, 10.0, 1000.0], dtype=torch.float64)
    flow = _run(Flow(START, _velocity(α), tolerance=1e-4, stages=6), 40)
    assert flow.times.unique().numel() == 4  # steps of their own
    for net in range(4):
        only = torch.tensor([net])
        alone = _velocity(α)
        exact = solve_ivp(
            lambda _, w, only=only, alone=alone: alone(torch.from_numpy(w)[None], only)[0][0].numpy(),
            (0, flow.times[net].item()),
            START[net].numpy(),
            method="DOP853",
            rtol=1e-10,
            atol=1e-13,
        ).y[:, -1]
        way = np.linalg.norm(exact - START[net].numpy())
        assert np.linalg.norm(flow.state[net].numpy() - exact) < 2e-3 * way


def test_pulls_are_gradients() -> None:
    state = START.clone().requires_grad_()
    f, passed = SHAPE.forward(state, X)
    pulls = torch.arange(24, dtype=torch.float64).reshape(4, 6)
    (gradient,) = torch.autograd.grad((f * pulls).sum(), state)
    torch.testing.assert_close(SHAPE.pull(state.detach(), passed, pulls), gradient)


class _Module(torch.nn.Module):
    def __init__(self, w: torch.Tensor) -> None:
        super().__init__()
        self.w = torch.nn.Parameter(w)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return SHAPE.forward(self.w[None], x.mT)[0].mT


def test_lazy_nets_are_regression_with_their_initial_kernel() -> None:
    """Distances of functions and weights from the linearized ones fall as 1/α and 1/α²."""
    first, n = START[:1], 3
    kernel = empirical_ntk(_Module(first[0]), torch.cat([X[:, :n], X_TEST], 1).mT)
    solved = torch.linalg.solve(kernel[:n, :n], Y[:n])
    passed = SHAPE.forward(first.expand(n, -1), X[:, :n])[1]
    move = solved @ SHAPE.pull(first.expand(n, -1), passed, torch.eye(n, dtype=torch.float64))
    apart, weights = [], []
    for α in (30.0, 300.0):
        velocity = _velocity(torch.tensor([α], dtype=torch.float64), first, n)
        flow = _run(Flow(first, velocity, tolerance=1e-4, stages=6), 2000, below=1e-4)
        assert not flow.running.any()
        f = α * (SHAPE.forward(flow.state, X_TEST)[0] - SHAPE.forward(first, X_TEST)[0])[0]
        apart.append((f - kernel[n:, :n] @ solved).norm().item() / f.norm().item())
        weights.append((flow.state[0] - first[0] - move / α).norm().item())
    assert apart[1] < 1e-2
    assert apart[0] / apart[1] == pytest.approx(10, rel=0.15)
    assert weights[0] / weights[1] == pytest.approx(100, rel=0.15)
