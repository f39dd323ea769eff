"""A plan from a base-shapes file trains as microsoft/mup does: its rules written out, multiplier and all."""

import math
from pathlib import Path

import pytest
import torch
import yaml
from torch import nn

from infwidth.errors import SpecError
from infwidth.parametrization import plan_of_base_shapes, read_base_shapes

WIDTH, BASE, STEPS = 24, 8, 8
MULTIPLIER = WIDTH / BASE


def _mlp(width: int = WIDTH) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(5, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 3)
    ).double()


def _file(folder: Path) -> Path:
    """What ``mup.save_base_shapes`` writes for a base of 8 and a delta of 16."""
    path = folder / "mlp.bsh"
    shapes = {
        "0.weight": [BASE, None],
        "0.bias": [BASE],
        "2.weight": [BASE, BASE],
        "2.bias": [BASE],
        "4.weight": [None, BASE],
        "4.bias": [None],
    }
    path.write_text(yaml.safe_dump(shapes))
    return path


class _OfMup(nn.Module):
    """The same net as mup has it: MuReadout divides its input by width_mult, and its weight starts larger by that."""

    def __init__(self, plain: nn.Sequential) -> None:
        super().__init__()
        self.body, self.readout = plain[:4], plain[4]
        with torch.no_grad():
            self.readout.weight.mul_(MULTIPLIER)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.readout(self.body(x) / MULTIPLIER)


def _optimizer_of_mup(net: _OfMup, name: str, lr: float) -> torch.optim.Optimizer:
    """MuSGD: vectors learn at lr·width_mult; MuAdam: matrices at lr/width_mult (mup/optim.py); all else at lr."""
    matrices = [net.body[2].weight]
    vectors = [net.body[0].weight, net.body[0].bias, net.body[2].bias, net.readout.weight]
    scalars = [net.readout.bias]
    scales = {"sgd": (1.0, MULTIPLIER, 1.0), "adam": (1 / MULTIPLIER, 1.0, 1.0)}[name]
    groups = [
        {"params": its, "lr": lr * scale} for its, scale in zip((matrices, vectors, scalars), scales, strict=True)
    ]
    return torch.optim.SGD(groups) if name == "sgd" else torch.optim.Adam(groups, eps=0.0)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_both_train_alike(tmp_path: Path, optimizer: str) -> None:
    lr = {"sgd": 0.1, "adam": 0.01}[optimizer]
    shapes = read_base_shapes(_file(tmp_path))
    ours, theirs = _mlp(), _mlp()
    plan = plan_of_base_shapes(ours, shapes, optimizer=optimizer, lr=lr, eps=0.0)
    plan.init_(ours, 0)
    theirs.load_state_dict(ours.state_dict())
    mup = _OfMup(theirs)
    chance = torch.Generator().manual_seed(0)
    x = torch.randn(16, 5, generator=chance, dtype=torch.float64)
    y = torch.randint(3, (16,), generator=chance)
    trained = [(ours, plan.optimizer(ours)), (mup, _optimizer_of_mup(mup, optimizer, lr))]
    for step in range(STEPS):
        losses = []
        for net, steps in trained:
            loss = nn.functional.cross_entropy(net(x), y)
            losses.append(loss.item())
            steps.zero_grad()
            loss.backward()
            steps.step()
        assert losses[0] == pytest.approx(losses[1], rel=1e-11), step
    assert losses[0] < 0.99 * math.log(3) * 1.2


def test_starts_have_the_scale_of_mup(tmp_path: Path) -> None:
    """mup.init.kaiming_normal_: fan-in for hidden weights, √width_mult more for a readout that is divided by it."""
    plan = plan_of_base_shapes(_mlp(), read_base_shapes(_file(tmp_path)), optimizer="adam", lr=0.1)
    assert plan["2.weight"].init_std == pytest.approx(WIDTH**-0.5)
    assert plan["4.weight"].init_std == pytest.approx(WIDTH**-0.5 * math.sqrt(MULTIPLIER) / MULTIPLIER)


def test_the_width_of_the_base_itself_has_known_roles(tmp_path: Path) -> None:
    plan = plan_of_base_shapes(_mlp(BASE), read_base_shapes(_file(tmp_path)), optimizer="adam", lr=0.1)
    assert plan["2.weight"].role == "hidden"
    assert {its.lr for its in plan.values()} == {0.1}


def test_what_does_not_fit_is_named(tmp_path: Path) -> None:
    shapes = dict(read_base_shapes(_file(tmp_path)))
    with pytest.raises(SpecError, match=r"4\.bias only in one"):
        plan_of_base_shapes(_mlp(), {n: s for n, s in shapes.items() if n != "4.bias"}, optimizer="sgd", lr=0.1)
    with pytest.raises(SpecError, match=r"0\.bias is \[24\]"):
        plan_of_base_shapes(_mlp(), shapes | {"0.bias": (8, 8)}, optimizer="sgd", lr=0.1)
    for text in ("- 3", "a: 3", "a: [x]", "a: [0]", "!!python/object:os.system {}"):
        (tmp_path / "bad.bsh").write_text(text)
        with pytest.raises(SpecError, match=r"bad\.bsh"):
            read_base_shapes(tmp_path / "bad.bsh")
