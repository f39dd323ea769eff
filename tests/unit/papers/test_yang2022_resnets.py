"""The sweep over ResNets: its nets against single ones trained by torch, and what is measured on tables of them."""

from collections.abc import Hashable
from itertools import product

import numpy as np
import pandas as pd
import pytest
import torch
from torch.nn.functional import cross_entropy

from infwidth.analysis.claims import ledger
from infwidth.analysis.table import Table
from infwidth.data.images import Images
from infwidth.data.streams import Batches
from infwidth.errors import SpecError
from infwidth.models.resnet import ResNet
from infwidth.papers.yang2022.claims.resnets import CLAIMS
from infwidth.papers.yang2022.sweeps import LOSS
from infwidth.solve.resnet_sweep import Member, Spec, plan_of, rows, train
from infwidth.specs.block import read

BLOCK = {
    "name": "resnet_sweep", "rule": "mup", "width": 6, "base_width": 2, "blocks": [1, 1], "stem_stride": 1,
    "norm": "batch", "branch_power": "0", "output_multiplier": 2.0, "lrs": [0.02, 0.05], "tuned_lr": 0.05,
    "output_multipliers": [0.5, 2.0], "momentum": 0.9, "steps": 5, "batch_size": 8, "evaluations": 2, "n_seeds": 2,
}  # fmt: skip


def _images() -> Images:
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(28, 1, 4, 4, generator=generator)
    y = torch.arange(28) % 3
    return Images(x[:16], y[:16], x[16:], y[16:], 3, "noise", "")


def _by_hand(spec: Spec, member: Member, images: Images) -> tuple[list[float], float]:
    """Train one net by torch's SGD, its logits multiplied; rates by Table 3. Return losses, and the final test loss."""
    net = ResNet((1, 4, 4), 3, width=6, blocks=[1, 1], stem_stride=1, norm="batch", branch_multiplier=1.0,
                 branch_power="0")  # fmt: skip
    plan_of(spec, images, member).init_(net, member.seed)
    wider = 3.0 if spec.rule == "mup" else 1.0

    def factor(name: str, p: torch.nn.Parameter) -> float:
        if "readout" in name:
            return 1 / wider
        return wider if p.ndim == 1 or "stem" in name else 1.0

    groups = [{"params": [p], "lr": member.lr * factor(name, p)} for name, p in net.named_parameters()]
    optimizer = torch.optim.SGD(groups, momentum=0.9)
    batches, losses = Batches(16, 8), []
    for step in range(spec.steps):
        seen = batches.indices(step)
        loss = cross_entropy(spec.settings[member.index] * net(images.x_train[seen]), images.y_train[seen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    parts = [torch.arange(first, 12, 2) for first in range(2)]
    with torch.no_grad():
        tests = [spec.settings[member.index] * net(images.x_test[part]) for part in parts]
        test = sum(cross_entropy(logits, images.y_test[part]).item() for logits, part in zip(tests, parts, strict=True))
    return losses, test / 2


@pytest.mark.parametrize("rule", ["sp", "mup"])
def test_stacked_nets_are_those_that_torch_trains_one_by_one(rule: str) -> None:
    spec, images = read(Spec, BLOCK | {"rule": rule}, where="here"), _images()
    nets = [Member(0.02, 0), Member(0.05, 1), Member(0.05, 0, 1)]
    losses, tests = train(spec, images, nets)
    by_hand = [_by_hand(spec, net, images) for net in nets]
    np.testing.assert_allclose(losses.T, [found[0] for found in by_hand], rtol=2e-4)
    np.testing.assert_allclose(tests["test_loss"], [found[1] for found in by_hand], rtol=2e-3)


def test_every_rate_is_trained_and_other_multipliers_at_the_tuned_one() -> None:
    found = rows(read(Spec, BLOCK, where="here"), _images()).frame()
    losses = found[found.metric == LOSS]
    assert set(zip(losses.lr, losses["index"], strict=True)) == {(0.02, 0), (0.05, 0), (0.05, 1)}
    assert losses.groupby(["lr", "index", "seed"]).step.apply(tuple).unique().tolist() == [(3, 5)]
    of = found[found.metric == "output_multiplier"].groupby("index").value.first().to_dict()
    assert of == {0: 2.0, 1: 0.5}
    accuracies = found[found.metric == "test_accuracy"]
    assert len(accuracies) == 6
    assert accuracies.value.between(0, 1).all()


def test_a_net_that_diverges_is_a_row_and_others_go_on() -> None:
    found = rows(read(Spec, BLOCK | {"lrs": [0.05, 1e38]}, where="here"), _images()).frame()
    assert set(found[found.metric == "diverged"].lr) == {1e38}
    assert not (found[found.lr == 1e38].metric == "test_loss").any()
    kept = found[(found.lr == 0.05) & (found["index"] == 0) & (found.metric == LOSS)].value
    alone = rows(read(Spec, BLOCK | {"lrs": [0.05]}, where="here"), _images()).frame()
    np.testing.assert_allclose(kept, alone[(alone.metric == LOSS) & (alone["index"] == 0)].value, rtol=1e-5)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"tuned_lr": None}, "say both or neither"),
        ({"tuned_lr": 0.04}, "tuned_lr 0.04 must be one of lrs"),
    ],
)
def test_sweeps_without_meaning_are_refused(changed: dict[str, object], words: str) -> None:
    with pytest.raises(SpecError, match=words):
        read(Spec, BLOCK | changed, where="here")


def _planted(sp: float, mup: float) -> Table:
    """Return a sweep whose best rate moves by so many octaves a doubling, and whose best multiplier by half of it."""
    rng, records = np.random.default_rng(0), []
    for (rule, slope), place, seed in product((("sp", sp), ("mup", mup)), range(4), range(4)):
        net = {"rule": rule, "width": 4 * 2**place, "seed": seed, "of": "net", "layer": "", "cell": "", "step": 2}

        def add(lr: int, index: int, metric: str, value: float, net: dict[str, object] = net) -> None:
            records.append({**net, "lr": 2.0**lr, "index": index, "metric": metric, "value": value})

        for lr in range(-6, 5):
            far = lr - slope * place
            loss = 1.0 - 0.1 * place + 0.05 * far**2 + 1e-3 * rng.standard_normal()
            add(lr, 0, LOSS, loss)
            add(lr, 0, "test_loss", loss + 0.1 * place * (rule == "sp"))
            add(lr, 0, "test_accuracy", 0.9 - 0.02 * far**2)
        for α in range(-5, 3):
            index = 0 if α == 0 else 10 + α
            add(0, index, "output_multiplier", 2.0**α)
            if index:
                add(
                    0,
                    index,
                    LOSS,
                    1.0 - 0.1 * place + 0.03 * (2 * α - slope * place) ** 2 + 1e-3 * rng.standard_normal(),
                )
    return Table(pd.DataFrame(records), "resnets")


def _verdicts(sp: float, mup: float) -> dict[Hashable, str]:
    return ledger("yang2022", CLAIMS, {"resnets": _planted(sp, mup)}).set_index("claim").verdict.to_dict()


def test_rates_that_move_in_sp_only_are_transfer() -> None:
    found = _verdicts(-1.0, 0.0)
    assert found.pop("resnet_widest_underperforms_in_sp") != "reproduced"
    assert set(found.values()) == {"reproduced"}, found


def test_rates_that_move_in_mup_only_are_none() -> None:
    found = _verdicts(0.0, -1.0)
    assert set(found.values()) == {"not reproduced"}, found
