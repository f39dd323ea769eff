"""Multipliers are written out in place, or the model is refused as it is."""

import pytest
import torch
from torch import nn

from infwidth.errors import SpecError
from infwidth.parametrization import Plan, parametrize, write_multipliers_


class _Tied(nn.Module):
    """A table that is the readout, too; torch keeps it under the name of its first owner."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.table, self.hidden = nn.Embedding(7, width), nn.Linear(width, width)
        self.readout = nn.Linear(width, 7, bias=False)
        self.readout.weight = self.table.weight

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return self.readout(self.hidden(self.table(tokens)).relu())


def _mlp(width: int) -> nn.Module:
    return nn.Sequential(nn.Linear(5, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 3))


def _plan(model: nn.Module, base: nn.Module, **options: str) -> Plan:
    return parametrize(model, base, "mup", optimizer="sgd", lr=0.1, **options)  # type: ignore[arg-type]


def test_a_tied_model_is_refused_before_anything_has_changed() -> None:
    model = _Tied(8)
    plan = _plan(model, _Tied(4), tied_readout="multiplied")
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.raises(SpecError, match="tied parameters"):
        write_multipliers_(model, plan, "mup_gauge", lr=0.1)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_a_model_in_a_wrapper_is_refused() -> None:
    model = _mlp(8)
    wrapped = nn.DataParallel(model)
    with pytest.raises(SpecError, match="before wrapping it"):
        write_multipliers_(wrapped, _plan(wrapped, _mlp(4)), "mup_gauge", lr=0.1)
    assert not any("parametrizations" in name for name, _ in model.named_parameters())


def test_the_plan_of_another_model_is_refused() -> None:
    with pytest.raises(SpecError, match=r"4\.bias, 4\.weight only in one"):
        write_multipliers_(_mlp(8)[:3], _plan(_mlp(8), _mlp(4)), "mup_gauge", lr=0.1)
