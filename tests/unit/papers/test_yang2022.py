"""The equal formulations of μP."""

import numpy as np
import pytest
import torch

from infwidth.analysis.table import Table
from infwidth.papers.yang2022 import limits
from infwidth.papers.yang2022.measured import differing_exponents, form_differences
from infwidth.papers.yang2022.solve import Formulations, formulations
from infwidth.parametrization import parametrize


def _small(optimizer: str) -> Table:
    spec = Formulations(
        name="yang2022.formulations",
        optimizer=optimizer,
        width=20,
        n_hidden=2,
        n_inputs=4,
        n_outputs=3,
        steps=5,
        lr=0.05,
        n_seeds=1,
    )
    return Table(formulations(spec, None).frame().assign(optimizer=optimizer, cell=""), "formulations")


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_forms_of_mup_are_one_training_and_the_standard_one_is_another(optimizer: str) -> None:
    largest = form_differences(_small(optimizer)).groupby("layer").value.max()
    assert largest["table_8"] < 1e-12
    assert largest["table_9"] < 1e-12
    assert largest["sp"] > 1e-2


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_printed_exponents_are_the_derived_ones(optimizer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And a misprint is found: Table 3's readout at the rate of Table 8."""
    assert differing_exponents(_small(optimizer)).value.sum() == 0
    wrong = limits.PRINTED["table_3"]._replace(sgd_lr=(1, 0, 1), adam_lr=("0", "-1", "0"))
    monkeypatch.setitem(limits.PRINTED, "table_3", wrong)
    found = differing_exponents(_small(optimizer))
    assert found[found.value > 0][["layer", "letter", "index"]].to_numpy().tolist() == [["table_3", "c", 2]]


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_table_3_is_what_torch_nets_get(optimizer: str) -> None:
    """Ratios of standard deviations and rates between widths 16 and 64 of a torch net in ``mup``."""

    def net(width: int) -> torch.nn.Module:
        sizes = [(5, width), (width, width), (width, 3)]
        return torch.nn.Sequential(*[torch.nn.Linear(*size, bias=False) for size in sizes])

    plan = parametrize(net(64), net(16), "mup", optimizer=optimizer, lr=1.0).values()
    base = parametrize(net(16), net(16), "mup", optimizer=optimizer, lr=1.0, delta_model=net(32)).values()
    printed = limits.PRINTED["table_3"]
    rates = [float(x) for x in (printed.sgd_lr if optimizer == "sgd" else printed.adam_lr)]
    assert np.log([a.lr / b.lr for a, b in zip(plan, base, strict=True)]) == pytest.approx(np.log(4) * np.array(rates))
    stds = [a.init_std / b.init_std for a, b in zip(plan, base, strict=True)]
    assert np.log(stds) == pytest.approx(np.log(4) * np.array(printed.init_variance) / 2)
