"""A plan that was saved is the same plan, and nothing else is read as one."""

import json
from fractions import Fraction
from pathlib import Path

import pytest
from torch import nn

from infwidth.errors import SpecError
from infwidth.parametrization import Plan, load_plan, parametrize, save_plan


def _plan() -> Plan:
    def mlp(width: int) -> nn.Module:
        return nn.Sequential(nn.Linear(3, width), nn.LayerNorm(width), nn.Linear(width, width), nn.Linear(width, 2))

    options = {"optimizer": "adamw", "lr": 1 / 3, "weight_decay": 0.1, "betas": (0.8, 0.99)}
    return parametrize(mlp(48), mlp(32), "stp", richness="1/3", keep=["3.bias"], **options)


def test_a_saved_plan_comes_back_to_the_last_bit(tmp_path: Path) -> None:
    plan = _plan()
    save_plan(plan, tmp_path / "plan.json")
    loaded = load_plan(tmp_path / "plan.json")
    assert loaded == plan
    assert loaded["2.weight"].fan_in_multiplier == Fraction(3, 2)
    assert loaded["3.bias"].start == "kept"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "not a plan of format 1"),
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
