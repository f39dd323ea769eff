"""Muon in a plan: which of torch's adjustments needs which rate, held by the coordinate check and a schedule."""

import copy
import math

import pytest
import torch
from torch import nn

from infwidth.errors import SpecError
from infwidth.parametrization import Plan, coordinate_check, parametrize, with_muon
from infwidth.parametrization.muon import ADJUSTMENTS, Adjustment, MuonPlan

WIDTHS = (32, 64, 128, 256)


def _mlp(width: int, ratio: int = 1) -> nn.Module:
    return nn.Sequential(
        nn.Linear(12, width), nn.ReLU(), nn.Linear(width, ratio * width), nn.ReLU(), nn.Linear(ratio * width, 3)
    )


def _plan(model: nn.Module, base: nn.Module, adjustment: Adjustment = "original", **options: float) -> MuonPlan:
    plan = parametrize(model, base, "mup", optimizer="adamw", lr=0.01, delta_model=_mlp(48))
    return with_muon(plan, model, lr=0.02, adjustment=adjustment, **options)


def _hidden_slopes(adjustment: Adjustment, *, scaled: bool) -> list[float]:
    """Return how the change of the hidden layer behind the matrix grows with the width, after every step."""

    def make(model: nn.Module, base: nn.Module) -> Plan:
        plan = _plan(model, base, adjustment)
        # The rate of Muon alone is what is looked at.
        still = {name: its.lr if name in plan.matrices else 1e-12 for name, its in plan.items()}
        rates = {name: 0.02 if name in plan.matrices and not scaled else rate for name, rate in still.items()}
        for name, rate in rates.items():
            plan = plan.replace(name, lr=rate)
        return plan

    x = torch.randn(24, 12, generator=torch.Generator().manual_seed(0))
    check = coordinate_check(
        _mlp, make, WIDTHS, base_width=32, inputs=x, targets=torch.arange(24) % 3,
        loss=nn.functional.cross_entropy, n_seeds=2,
    )  # fmt: skip
    rows = check.slopes[(check.slopes.module == "2") & (check.slopes.statistic == "change")]
    return rows.slope.tolist()


@pytest.mark.parametrize("adjustment", ADJUSTMENTS)
def test_features_move_alike_at_all_widths(adjustment: Adjustment) -> None:
    assert max(map(abs, _hidden_slopes(adjustment, scaled=True))) < 0.12


def test_updates_of_the_same_rms_move_features_by_the_root_of_the_width() -> None:
    """The control: torch's match_rms_adamw with one rate for all widths, as it comes."""
    for slope in _hidden_slopes("match_rms_adamw", scaled=False):
        assert slope == pytest.approx(0.5, abs=0.12)


def test_entries_of_the_update_keep_their_rms_where_the_name_says_so() -> None:
    for width in (32, 128):
        weight = nn.Parameter(torch.zeros(width, width))
        weight.grad = torch.randn(width, width, generator=torch.Generator().manual_seed(0))
        torch.optim.Muon([weight], lr=1.0, weight_decay=0.0, adjust_lr_fn="match_rms_adamw").step()
        assert weight.square().mean().sqrt().item() == pytest.approx(0.2, rel=0.15)


def test_shapes_that_change_with_the_width_are_followed() -> None:
    """A layer twice as wide as it was against its input: √(out/in) grows, and original gives that only above one."""
    model, base = _mlp(32, ratio=4), _mlp(32, ratio=2)
    plan = with_muon(parametrize(model, base, "mup", optimizer="adamw", lr=0.01, delta_model=_mlp(64)), model, lr=0.02)
    assert plan["2.weight"].lr == pytest.approx(0.02)
    narrow = nn.Sequential(nn.Linear(12, 64), nn.Linear(64, 32), nn.Linear(32, 3))
    its_base = nn.Sequential(nn.Linear(12, 32), nn.Linear(32, 32), nn.Linear(32, 3))
    adamw = parametrize(narrow, its_base, "mup", optimizer="adamw", lr=0.01, delta_model=nn.Sequential(
        nn.Linear(12, 64), nn.Linear(64, 64), nn.Linear(64, 3)))  # fmt: skip
    assert with_muon(adamw, narrow, lr=0.02)["1.weight"].lr == pytest.approx(0.02 / math.sqrt(2))
    unclamped = with_muon(adamw, narrow, lr=0.02, adjustment="spectral_unclamped")
    assert unclamped["1.weight"].lr == pytest.approx(0.02)


def test_matrices_go_to_muon_and_all_else_to_adamw() -> None:
    model = _mlp(64)
    plan = _plan(model, _mlp(32), weight_decay=0.1)
    assert plan.matrices == {"2.weight"}
    optimizer = plan.optimizer(model)
    assert sum(len(group["params"]) for group in optimizer.param_groups) == len(plan)
    assert plan["2.weight"].lr * plan["2.weight"].weight_decay == pytest.approx(0.02 * 0.1)


def test_a_schedule_keeps_the_ratio_of_rates_and_a_checkpoint_goes_on() -> None:
    def losses(model: nn.Module, optimizer: torch.optim.Optimizer, schedule: object, steps: int) -> list[float]:
        found = []
        for _ in range(steps):
            loss = model(x).square().mean()
            found.append(loss.item())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()  # type: ignore[attr-defined]
        return found

    x = torch.randn(8, 12, generator=torch.Generator().manual_seed(0))
    model = _mlp(64)
    plan = _plan(model, _mlp(32))
    plan.init_(model, 0)
    optimizer = plan.optimizer(model)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=8)
    rates = [group["lr"] for group in optimizer.param_groups]
    losses(model, optimizer, schedule, 3)
    now = [group["lr"] for group in optimizer.param_groups]
    assert [a / b for a, b in zip(now, rates, strict=True)] == pytest.approx([now[0] / rates[0]] * len(rates))
    assert now[0] < rates[0]
    state = {name: value.clone() for name, value in model.state_dict().items()}
    kept, kept_schedule = copy.deepcopy(optimizer.state_dict()), schedule.state_dict()

    again = _mlp(64)
    again.load_state_dict(state)
    other = plan.optimizer(again)
    its_schedule = torch.optim.lr_scheduler.CosineAnnealingLR(other, T_max=8)
    other.load_state_dict(kept)
    its_schedule.load_state_dict(kept_schedule)
    assert losses(again, other, its_schedule, 3) == losses(model, optimizer, schedule, 3)


def test_plans_that_have_nothing_for_muon_are_refused() -> None:
    model, base = _mlp(64), _mlp(32)
    for rule, optimizer in (("sp", "adamw"), ("mup", "sgd")):
        with pytest.raises(SpecError, match="mup and adamw"):
            with_muon(parametrize(model, base, rule, optimizer=optimizer, lr=0.1), model, lr=0.1)
    with pytest.raises(SpecError, match="no hidden matrix"):
        with_muon(parametrize(base, _mlp(32), "mup", optimizer="adamw", lr=0.1), base, lr=0.1)
    with pytest.raises(SpecError, match="it is original"):
        with_muon(parametrize(model, base, "mup", optimizer="adamw", lr=0.1), model, lr=0.1, adjustment="frobenius")  # type: ignore[arg-type]
    with pytest.raises(SpecError, match="a rate is positive"):
        with_muon(parametrize(model, base, "mup", optimizer="adamw", lr=0.1), model, lr=0.0)


@pytest.mark.parametrize("frozen", ["hidden matrices", "all else"])
def test_where_one_of_the_two_has_nothing_left_it_says_so(frozen: str) -> None:
    model = _mlp(64)
    plan = _plan(model, _mlp(32))
    for name, parameter in model.named_parameters():
        parameter.requires_grad_((name in plan.matrices) == (frozen == "all else"))
    with pytest.raises(SpecError, match="use the other optimizer alone"):
        plan.optimizer(model)
