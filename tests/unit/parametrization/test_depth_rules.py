"""What depth does to rates: the two rules in the literature are two points of one, and updates keep their size."""

from fractions import Fraction

import pytest
import torch
from torch import nn

from infwidth.errors import SpecError
from infwidth.parametrization import Plan, parametrize, scale_branches, scale_with_depth

WIDTH = 32


class _Net(nn.Module):
    def __init__(self, width: int, depth: int, power: float) -> None:
        super().__init__()
        self.scale = depth**-power
        self.read_in, self.readout = nn.Linear(8, width), nn.Linear(width, 1)
        self.blocks = nn.ModuleList(nn.Linear(width, width) for _ in range(depth))

    def stream(self, x: torch.Tensor) -> torch.Tensor:
        h = self.read_in(x)
        for block in self.blocks:
            h = h + self.scale * torch.tanh(block(h))
        return h

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.readout(self.stream(x))


def _plan(optimizer: str, depth: int = 2, power: float = 0.5) -> tuple[_Net, Plan]:
    model = _Net(WIDTH, depth, power)
    options = {"weight_decay": 0.1} if optimizer != "adam" else {}
    base, other = _Net(WIDTH, depth, power), _Net(2 * WIDTH, depth, power)
    return model, parametrize(model, base, "mup", optimizer=optimizer, lr=0.01, delta_model=other, **options)


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
def test_half_is_depth_mup(optimizer: str) -> None:
    _, plan = _plan(optimizer)
    names = [name for name in plan if name.startswith("blocks")]
    ours, known = scale_branches(plan, names, Fraction(8), power="1/2"), scale_with_depth(plan, names, Fraction(8))
    for name in plan:
        assert ours[name].lr == pytest.approx(known[name].lr, rel=1e-15)
        if optimizer != "sgd":  # which has no eps
            assert ours[name].eps == pytest.approx(known[name].eps, rel=1e-15)
        assert ours[name].weight_decay == pytest.approx(known[name].weight_decay, rel=1e-15)


def test_one_is_complete_p() -> None:
    """Dey et al. 2025: under AdamW rates and decay do not know the depth, eps of hidden weights is over it."""
    _, plan = _plan("adamw")
    scaled = scale_branches(plan, ["blocks.0.weight"], Fraction(4), power=1)
    assert scaled["blocks.0.weight"].lr == plan["blocks.0.weight"].lr
    assert scaled["blocks.0.weight"].weight_decay == plan["blocks.0.weight"].weight_decay
    assert scaled["blocks.0.weight"].eps == plan["blocks.0.weight"].eps / 4
    assert scaled["read_in.weight"] == plan["read_in.weight"]
    assert scale_branches(_plan("sgd")[1], ["blocks.0.weight"], Fraction(4), power=1)["blocks.0.weight"].lr == 0.04


def _moved(optimizer: str, depth: int, power: float, *, scaled: bool) -> float:
    """Return how far one step of the branches alone moves the stream, relative to it."""
    torch.manual_seed(0)
    model, plan = _plan(optimizer, depth, power)
    names = [name for name in plan if name.startswith("blocks")]
    if scaled:
        plan = scale_branches(plan, names, Fraction(depth, 4), power=Fraction(power))
    plan.init_(model, 0)
    for parameter in (*model.read_in.parameters(), *model.readout.parameters()):
        parameter.requires_grad_(False)
    x = torch.randn(16, 8, generator=torch.Generator().manual_seed(1))
    before = model.stream(x).detach()
    steps = plan.optimizer(model)
    # A loss whose gradient at the stream does not know the depth.
    (before.sign() * model.stream(x)).mean().backward()
    steps.step()
    return ((model.stream(x) - before).norm() / before.norm()).item()


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("power", [0.5, 1.0])
def test_a_step_of_all_branches_moves_the_stream_alike_at_all_depths(optimizer: str, power: float) -> None:
    shallow, deep = (_moved(optimizer, depth, power, scaled=True) for depth in (4, 64))
    assert 0.5 < deep / shallow < 2
    if (optimizer, power) in {("adam", 0.5), ("sgd", 1.0)}:  # whose rates do change: unscaled is off by 4 and 1/16
        bare = _moved(optimizer, 64, power, scaled=False) / shallow
        assert bare > 2.5 or bare < 0.2


def test_powers_without_a_limit_and_names_that_are_not_there_are_refused() -> None:
    _, plan = _plan("adam")
    for power in ("1/3", 2):
        with pytest.raises(SpecError, match="have a limit"):
            scale_branches(plan, ["blocks.0.weight"], Fraction(2), power=power)
    with pytest.raises(SpecError, match="no parameters head"):
        scale_branches(plan, ["head"], Fraction(2), power=1)
