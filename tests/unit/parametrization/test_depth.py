"""Depth scaling: what it does to a plan, and that learning rates then mean the same at every depth."""

from fractions import Fraction

import pytest
import torch
from torch.nn import functional as F

from infwidth.errors import SpecError
from infwidth.models.residual_mlp import ResidualMLP
from infwidth.parametrization import Plan, parametrize, scale_with_depth


def _net(n_blocks: int, branch_power: str = "1/2", width: int = 32) -> ResidualMLP:
    return ResidualMLP(
        (16,), 4, width=width, n_blocks=n_blocks, activation="tanh", branch_multiplier=2.0, branch_power=branch_power
    )


def _plan(net: ResidualMLP, optimizer: str = "adamw", lr: float = 0.01) -> Plan:
    n_blocks = len(net.residual_branches)
    return parametrize(
        net,
        _net(n_blocks),
        "mup",
        optimizer=optimizer,
        lr=lr,
        weight_decay=0.1 if optimizer == "adamw" else 0.0,
        delta_model=_net(n_blocks, width=64),
    )


def _branches(net: ResidualMLP) -> set[str]:
    inside = {id(p) for branch in net.residual_branches for p in branch.parameters()}
    return {name for name, p in net.named_parameters() if id(p) in inside}


def test_adam_s_rate_falls_as_the_root_of_the_depth_inside_the_branches_only() -> None:
    net = _net(16)
    plan, inside = _plan(net), _branches(net)
    scaled = scale_with_depth(plan, inside, Fraction(16, 4))
    assert 0 < len(inside) < len(plan)
    for name in plan:
        factor = 0.5 if name in inside else 1.0
        assert scaled[name].lr == pytest.approx(factor * plan[name].lr)
        assert scaled[name].eps == pytest.approx(factor * plan[name].eps)
        assert scaled[name].lr * scaled[name].weight_decay == pytest.approx(plan[name].lr * plan[name].weight_decay)
        assert scaled[name].init_std == plan[name].init_std


def test_sgd_s_rate_stays_and_the_base_depth_changes_nothing() -> None:
    net = _net(4)
    assert scale_with_depth(_plan(net, "sgd"), _branches(net), Fraction(8)) == _plan(net, "sgd")
    assert scale_with_depth(_plan(net), _branches(net), Fraction(1)) == _plan(net)


def test_a_parameter_that_is_not_in_the_plan_is_named() -> None:
    with pytest.raises(SpecError, match="no parameters stranger"):
        scale_with_depth(_plan(_net(2)), {"stranger"}, Fraction(2))


def _change_of_output(n_blocks: int, optimizer: str, *, scaled: bool) -> float:
    """Root mean square of the change of the logits after three steps, averaged over eight seeds."""
    changes = []
    for seed in range(8):
        net = _net(n_blocks)
        plan = _plan(net, optimizer, lr=0.1 if optimizer == "sgd" else 0.001)
        if scaled:
            plan = scale_with_depth(plan, _branches(net), Fraction(n_blocks, 4))
        plan.init_(net, seed)
        generator = torch.Generator().manual_seed(1)
        x, y = torch.randn(32, 16, generator=generator), torch.randint(4, (32,), generator=generator)
        before = net(x).detach()
        steps = plan.optimizer(net)
        for _ in range(3):
            steps.zero_grad()
            F.cross_entropy(net(x), y).backward()
            steps.step()
        changes.append((net(x).detach() - before).square().mean().sqrt())
    return float(torch.stack(changes).mean())


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_the_output_moves_as_far_at_every_depth(optimizer: str) -> None:
    shallow, deep = (_change_of_output(n, optimizer, scaled=True) for n in (4, 64))
    assert deep == pytest.approx(shallow, rel=0.35)


def test_without_the_scaling_adam_moves_deeper_nets_further() -> None:
    shallow, deep = (_change_of_output(n, "adam", scaled=False) for n in (4, 64))
    assert deep > 1.8 * shallow
