"""A plan that was saved is the same plan, and nothing else is read as one."""

import json
from fractions import Fraction
from pathlib import Path

import pytest
import torch
from torch import nn

from infwidth.errors import SpecError
from infwidth.parametrization import Plan, load_plan, parametrize, save_plan, with_muon
from infwidth.parametrization.muon import MuonPlan


def mlp(width: int) -> nn.Module:
    return nn.Sequential(nn.Linear(3, width), nn.LayerNorm(width), nn.Linear(width, width), nn.Linear(width, 2))


def _plan() -> Plan:
    options = {"optimizer": "adamw", "lr": 1 / 3, "weight_decay": 0.1, "betas": (0.8, 0.99)}
    return parametrize(mlp(48), mlp(32), "stp", richness="1/3", keep=["3.bias"], **options)


def test_a_saved_plan_comes_back_to_the_last_bit(tmp_path: Path) -> None:
    plan = _plan()
    save_plan(plan, tmp_path / "plan.json")
    loaded = load_plan(tmp_path / "plan.json")
    assert type(loaded) is Plan
    assert loaded == plan
    assert loaded["2.weight"].fan_in_multiplier == Fraction(3, 2)
    assert loaded["3.bias"].start == "kept"


def _muon() -> MuonPlan:
    plan = parametrize(mlp(48), mlp(32), "mup", optimizer="adamw", lr=0.1)
    return with_muon(plan, mlp(48), lr=0.02, adjustment="match_rms_adamw", momentum=0.9, nesterov=False)


def test_a_saved_plan_of_muon_trains_by_muon(tmp_path: Path) -> None:
    plan = _muon()
    save_plan(plan, tmp_path / "plan.json")
    loaded = load_plan(tmp_path / "plan.json")
    assert isinstance(loaded, MuonPlan)
    assert loaded == plan
    assert {type(part) for part in loaded.optimizer(mlp(48))._parts} == {torch.optim.Muon, torch.optim.AdamW}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"matrices": ["2.wieght"]}, "2.wieght, no parameter of the plan"),
        ({"adjustment": "frobenius"}, "adjustment is 'frobenius', none of original"),
        ({"nesterov": "yes"}, "nesterov is 'yes'"),
        ({"momentum": None}, "not a whole plan"),
    ],
)
def test_what_muon_cannot_be_is_refused(tmp_path: Path, change: dict[str, object], message: str) -> None:
    path = tmp_path / "plan.json"
    save_plan(_muon(), path)
    document = json.loads(path.read_text())
    path.write_text(json.dumps(document | {"muon": document["muon"] | change}))
    with pytest.raises(SpecError, match=message):
        load_plan(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 1}, "not a plan of format 2"),
        ({"optimizer": "sgdd"}, "optimizer is 'sgdd', none of sgd, adam, adamw"),
        ({"betas": [0.9]}, "not a whole plan"),
        ({"parameters": {"0.weight": {"lr": 1}}}, "missing or too many"),
        ({"exponents": {"a": ["0"]}}, "not a whole plan"),
    ],
)
def test_what_is_no_plan_is_refused(tmp_path: Path, change: dict[str, object], message: str) -> None:
    path = tmp_path / "plan.json"
    save_plan(_plan(), path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(SpecError, match=message):
        load_plan(path)
    path.write_text("{")
    with pytest.raises(SpecError, match="no plan can be read"):
        load_plan(path)


def test_a_rate_that_is_no_number_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    save_plan(_plan(), path)
    document = json.loads(path.read_text())
    document["parameters"]["0.weight"]["lr"] = float("nan")
    path.write_text(json.dumps(document))
    with pytest.raises(SpecError, match="not finite"):
        load_plan(path)
