"""The sweeps over hyperparameters of transformers: which nets are trained, and what is measured on tables of them."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
import torch

from infwidth.analysis.claims import ledger
from infwidth.analysis.table import Table
from infwidth.data.tokens import Windows
from infwidth.errors import SpecError
from infwidth.papers.yang2022.claims import CLAIMS
from infwidth.papers.yang2022.sweeps import LOSS, by_setting, regret, setting_move
from infwidth.solve.transformer_sweep import Spec, rows
from infwidth.specs.block import read

BLOCK = {
    "name": "transformer_sweep", "rule": "mup", "base_width": 4, "base_head_width": 2, "base_mlp_ratio": 1, "width": 8,
    "n_heads": 2, "n_blocks": 1, "mlp_ratio": 1, "norm": "post", "lrs": [0.01, 0.02], "steps": 4, "batch_size": 2,
    "evaluations": 2, "n_seeds": 2,
}  # fmt: skip
SETTINGS = {"tuned_lr": 0.02, "output_multipliers": [0.5, 1.0, 2.0], "schedules": ["linear", "constant"]}


def _texts() -> Windows:
    ids = torch.randint(7, (4, 4), generator=torch.Generator().manual_seed(1), dtype=torch.int32)
    return Windows(ids[:, :-1], ids[:, 1:], ids[:, :-1], ids[:, 1:], 7, "text", "")


def test_a_sweep_trains_every_rate_and_changes_one_other_hyperparameter_at_a_time() -> None:
    found = rows(read(Spec, BLOCK | SETTINGS, where="here"), _texts()).frame()
    losses = found[found.metric == LOSS]
    assert set(zip(losses.lr, losses["index"], strict=True)) == {(0.01, 0), (0.02, 0), (0.02, 1), (0.02, 2), (0.02, 3)}
    assert losses.groupby(["lr", "index", "seed"]).step.apply(list).map(tuple).unique().tolist() == [(2, 4)]
    of = {name: found[found.metric == name].groupby("index").value.first().to_dict() for name in found.metric.unique()}
    assert of["output_multiplier"] == {0: 1.0, 1: 0.5, 2: 2.0}
    assert of["schedule"] == {0: 1.0, 3: 0.0}
    alone = rows(read(Spec, BLOCK | {"lrs": [0.02]}, where="here"), _texts()).frame()
    usual = losses[(losses.lr == 0.02) & (losses["index"] == 0)]
    np.testing.assert_allclose(usual.value, alone.value, rtol=1e-5)
    halved = losses[losses["index"] == 1].set_index(["seed", "step"]).value
    assert (halved != usual.set_index(["seed", "step"]).value).any()


def test_a_net_that_diverges_is_a_row_and_has_no_losses_from_then_on() -> None:
    found = rows(read(Spec, BLOCK | {"lrs": [0.01, 1e38]}, where="here"), _texts()).frame()
    lost = found[found.lr == 1e38]
    assert set(lost[lost.metric == "diverged"].seed) == {0, 1}
    assert not (lost.metric == LOSS).any() or lost[lost.metric == LOSS].step.max() < 4
    assert not (found[found.lr == 0.01].metric == "diverged").any()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"n_heads": 3}, "a width of 8 cannot be divided among 3 heads"),
        ({"init_scales": [0.5, 1.0]}, "tuned_lr is the rate at which other hyperparameters are swept"),
        ({"init_scales": [0.5, 1.0], "tuned_lr": 0.04}, "tuned_lr 0.04 must be one of lrs"),
    ],
)
def test_sweeps_without_meaning_are_refused(changed: dict[str, object], words: str) -> None:
    with pytest.raises(SpecError, match=words):
        read(Spec, BLOCK | changed, where="here")


def _sweep(slope: float, schedules: tuple[int, int] = (0, 0)) -> Table:
    """Return nets whose best rate and output multiplier move by ``slope`` octaves a doubling, of losses that fall."""
    rng, records = np.random.default_rng(0), []
    for place, seed in product(range(3), range(4)):
        net = {"width": 32 * 2**place, "seed": seed, "of": "net", "layer": "", "cell": "", "step": 2}
        for lr in range(-5, 6):
            value = 1.0 - 0.1 * place + 0.05 * (lr - slope * (place - 1)) ** 2 + 1e-3 * rng.standard_normal()
            records.append({**net, "lr": 2.0**lr, "index": 0, "metric": LOSS, "value": value})
            records.append({**net, "lr": 1.0, "index": 10 + lr, "metric": LOSS, "value": value})
            records.append({**net, "lr": 1.0, "index": 10 + lr, "metric": "output_multiplier", "value": 2.0**lr})
        for number in range(3):
            best = schedules[0] if place == 0 else schedules[1]
            records.append({**net, "lr": 1.0, "index": 20 + number, "metric": "schedule", "value": number})
            records.append({**net, "lr": 1.0, "index": 20 + number, "metric": LOSS, "value": 1.0 + abs(number - best)})
    return Table(pd.DataFrame(records), "sweep")


def test_the_best_value_of_any_hyperparameter_is_followed_as_the_best_rate_is() -> None:
    assert sorted(by_setting(_sweep(0), "output_multiplier").frame.lr.unique()) == [2.0**k for k in range(-5, 6)]

    judged = {"mup_transformer_rate_stays", "post_output_multiplier_stays", "sp_transformer_rate_falls"}

    def verdicts(sp: float, mup: float) -> dict[str, str]:
        tables = {rule: _sweep(slope).frame.assign(rule=rule) for rule, slope in (("sp", sp), ("mup", mup))}
        rates = pd.concat(tables.values()).query("index == 0")
        settings = tables["mup"].drop(columns="rule")
        chosen = [claim for claim in CLAIMS if claim.name in judged]
        found = {"transformer_rates": Table(rates), "transformer_settings": Table(settings)}
        return ledger("yang2022", chosen, found).set_index("claim").verdict.to_dict()

    assert set(verdicts(-1.0, 0.0).values()) == {"reproduced"}
    assert set(verdicts(0.0, -1.0).values()) == {"not reproduced"}


def test_the_regret_is_what_the_first_nets_schedule_costs_the_last() -> None:
    np.testing.assert_allclose(regret(_sweep(0, (1, 1)), "width"), 0.0)
    np.testing.assert_allclose(regret(_sweep(0, (0, 2)), "width"), 2.0)
    np.testing.assert_allclose(regret(_sweep(0, (0, 2)), "width", blind=True), 1.0)


def test_how_far_a_best_value_moves_has_no_sign() -> None:
    moved = setting_move(_sweep(-1), "output_multiplier", "width")
    assert moved.value == pytest.approx(1.0, abs=0.01)
    assert 0 < moved.low <= moved.value <= moved.high
