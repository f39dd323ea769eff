"""Whether hyperparameters transfer is judged on losses whose optimum is known, and on a net that is trained."""

import json
import math
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from infwidth.__main__ import main
from infwidth.errors import SpecError
from infwidth.parametrization.watching import Inputs
from infwidth.transfer import DRIFTS, TRANSFERS, UNDECIDED, TransferStudy, transfer_check
from infwidth.transfer.cost import cost_of, described
from infwidth.transfer.named import study_named
from infwidth.transfer.study import Shape, Trained

RATES = [2.0**-k for k in range(8, 0, -1)]


def _mlp(width: int) -> nn.Module:
    return nn.Sequential(nn.Linear(6, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 1))


class _Residual(nn.Module):
    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        self.read_in, self.readout = nn.Linear(6, width), nn.Linear(width, 1)
        self.blocks = nn.ModuleList(nn.Linear(width, width) for _ in range(depth))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.read_in(x)
        for block in self.blocks:
            h = h + torch.relu(block(h)) / len(self.blocks)
        return self.readout(h)


def _batches(seed: int) -> Iterator[tuple[Inputs, torch.Tensor]]:
    chance = torch.Generator().manual_seed(seed)
    while True:
        x = torch.randn(16, 6, generator=chance)
        yield x, x[:, :1] * x[:, 1:2]


def _study(**changes: Any) -> TransferStudy:
    settings: dict[str, Any] = {
        "build_model": _mlp,
        "batches": _batches,
        "loss": nn.functional.mse_loss,
        "widths": [16, 32, 64],
        "base_width": 16,
        "rates": RATES,
        "steps": 4,
        "seeds": 2,
    }
    return TransferStudy(**settings | changes)


class _Known(TransferStudy):
    """Losses that are a parabola in log₂ of the rate, whose vertex moves by 0, ±1/2, … octaves a doubling."""

    octaves = 0.0
    noise = 0.02

    def trained(self, shape: Shape, lr: float, seed: int) -> Trained:
        if lr > 0.3:
            return Trained(math.nan, 2.0)
        size = shape.width / self.base_width if shape.depth is None else shape.depth / 4
        # Seeds differ in where their optimum is, each size by itself.
        away = self.noise * math.cos(3.7 * seed + 1.3 * size)
        at = -4.3 + self.octaves * math.log2(size) + away
        return Trained(0.1 + 0.02 * (math.log2(lr) - at) ** 2, 2.0)


def _known(octaves: float, noise: float = 0.02, **changes: Any) -> _Known:
    study = _study(seeds=5, **changes)
    known = _Known(**study.__dict__)
    object.__setattr__(known, "octaves", octaves)
    object.__setattr__(known, "noise", noise)
    return known


@pytest.mark.parametrize(
    ("octaves", "noise", "verdict"),
    [(0.0, 0.02, TRANSFERS), (0.2, 0.02, TRANSFERS), (-0.6, 0.02, DRIFTS), (0.6, 0.02, DRIFTS), (0.2, 1.5, UNDECIDED)],
)
def test_the_verdict_follows_the_interval_of_the_drift(octaves: float, noise: float, verdict: str) -> None:
    check = transfer_check(_known(octaves, noise))
    (axis,) = check.axes
    assert axis.drift is not None
    assert axis.verdict == check.verdict == verdict
    if noise < 1:
        assert axis.drift.value == pytest.approx(octaves, abs=0.02)
    assert verdict in check.explain().splitlines()[0]
    assert ("Look at:" in check.explain()) == (verdict != TRANSFERS)
    assert ("seeds" in check.explain()) == (verdict == UNDECIDED)


def test_the_price_of_a_drift_is_told() -> None:
    """The largest net is two doublings away: at the base's best rate it is off by the octaves of both."""
    (axis,) = transfer_check(_known(-1.0)).axes
    losses = {x: 0.1 + 0.02 * (x + 4.3 + 2) ** 2 for x in range(-8, 0)}
    assert axis.regret == pytest.approx(losses[-4] / min(losses.values()), rel=0.05)


def test_an_optimum_at_the_edge_of_the_grid_is_not_enough_to_say() -> None:
    check = transfer_check(_known(-2.0))
    assert check.verdict == UNDECIDED
    assert "edge of the grid" in check.explain()


def test_depth_is_an_axis_of_its_own() -> None:
    check = transfer_check(_known(-0.6, build_model=_Residual, depths=[2, 4, 8], base_depth=4))
    assert [axis.axis for axis in check.axes] == ["width", "depth"]
    assert set(zip(check.table.width, check.table.depth, strict=True)) == {(16, 2), (16, 4), (16, 8), (32, 4), (64, 4)}
    # At the base depth size is told by the depth alone, so widths do not differ.
    assert [axis.verdict for axis in check.axes] == [TRANSFERS, DRIFTS]
    assert check.verdict == DRIFTS
    assert "divide branches" in check.explain()


def test_a_study_goes_on_where_it_was_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = _study(rates=RATES[:3], widths=[16, 32])
    whole = transfer_check(study).table
    trained, calls = TransferStudy.trained, []

    def stopped(self: TransferStudy, shape: Shape, lr: float, seed: int) -> Trained:
        calls.append(shape)
        if len(calls) == 6:
            raise KeyboardInterrupt
        return trained(self, shape, lr, seed)

    monkeypatch.setattr(TransferStudy, "trained", stopped)
    with pytest.raises(KeyboardInterrupt):
        transfer_check(study, tmp_path)
    assert len((tmp_path / "transfer.csv").read_text().splitlines()) == 1 + 5
    resumed = transfer_check(study, tmp_path).table
    assert len(calls) == 6 + 7
    assert resumed.round(12).equals(whole.round(12))

    transfer_check(replace(study, seeds=1), tmp_path)
    assert len(calls) == 13  # fewer of the same: all there
    with pytest.raises(SpecError, match="another study, which differs in optimizer, steps"):
        transfer_check(replace(study, optimizer="sgd", steps=5), tmp_path)
    (tmp_path / "transfer.csv").write_text("width\n3\n")
    with pytest.raises(SpecError, match="not what transfer_check wrote"):
        transfer_check(study, tmp_path)


@pytest.mark.parametrize("added", ["narrower", "shallower"])
def test_smaller_nets_may_be_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, added: str) -> None:
    few = {"build_model": _Residual, "rates": RATES[:3], "seeds": 1, "base_width": 32, "base_depth": 4}
    study = _study(widths=[32, 64], depths=[4, 8], **few)
    transfer_check(study, tmp_path)
    trained, calls = TransferStudy.trained, []

    def counted(self: TransferStudy, shape: Shape, lr: float, seed: int) -> Trained:
        calls.append(shape)
        return trained(self, shape, lr, seed)

    monkeypatch.setattr(TransferStudy, "trained", counted)
    more = replace(study, widths=[16, 32, 64]) if added == "narrower" else replace(study, depths=[2, 4, 8])
    transfer_check(more, tmp_path)
    assert set(calls) == {Shape(16, 4) if added == "narrower" else Shape(32, 2)}


def test_one_seed_is_not_enough_to_say_and_says_so() -> None:
    check = transfer_check(replace(_known(0.0), seeds=1))
    assert check.verdict == UNDECIDED
    assert "of one seed, which shows no scatter" in check.explain()


def test_where_every_net_diverges_it_is_said() -> None:
    check = transfer_check(_study(optimizer="sgd", rates=[1e6, 1e7, 1e8], steps=60, seeds=1))
    assert check.verdict == UNDECIDED
    assert "all of them diverged" in check.explain()
    assert check.plot().axes


@pytest.mark.parametrize("whole", [np.int64, lambda x: torch.tensor(x)])
def test_whole_numbers_of_other_libraries_are_numbers(tmp_path: Path, whole: Callable[[int], Any]) -> None:
    few = {"rates": RATES[:3], "steps": whole(4), "seeds": whole(1)}
    study = _study(widths=[whole(16), whole(32)], base_width=whole(16), **few)
    assert study.widths == (16, 32)
    transfer_check(study, tmp_path)
    assert json.loads((tmp_path / "transfer.json").read_text())["steps"] == 4
    with pytest.raises(SpecError, match=r"widths: \[16.5, 32\]; it takes positive whole numbers"):
        _study(widths=[16.5, 32])


def test_a_diverged_net_has_no_loss_and_chance_is_seeded() -> None:
    study = _study(steps=60, optimizer="sgd")
    assert math.isnan(study.trained(Shape(16), 1e6, 0).loss)
    first, again = (study.trained(Shape(16), 0.01, 0) for _ in range(2))
    assert first == again
    assert study.trained(Shape(16), 0.01, 1) != first


def test_held_out_loss_is_that_of_the_trained_net() -> None:
    batch = next(_batches(7))
    study = _study(steps=1, held_out=batch, optimizer="sgd")
    model = study.built(Shape(16), 0)
    plan = study.plan(model, Shape(16), 0.05)
    plan.init_(model, 0)
    inputs, targets = next(_batches(0))
    optimizer = plan.optimizer(model)
    nn.functional.mse_loss(model(inputs), targets).backward()
    optimizer.step()
    expected = nn.functional.mse_loss(model(batch[0]), batch[1]).item()
    assert study.trained(Shape(16), 0.05, 0).loss == pytest.approx(expected, rel=1e-6)


def test_branches_follow_the_depth() -> None:
    study = _study(
        build_model=_Residual, depths=[2, 4, 8], base_depth=4, branches=["blocks.*"], branch_power="1/2", widths=[16]
    )
    model = study.built(Shape(16, 8))
    plan = study.plan(model, Shape(16, 8), 0.1)
    assert plan["blocks.0.weight"].lr == pytest.approx(0.1 / math.sqrt(2))
    assert plan["read_in.weight"].lr == pytest.approx(0.1)


def test_the_cost_is_counted_on_the_model() -> None:
    costs = cost_of(_study(rates=RATES[:3]))
    # Forward, and twice that backward but for the inputs' gradient, of 16 rows.
    widths = [6 * w + w * w + w for w in (16, 32, 64)]
    for cost, weights, width in zip(costs, widths, (16, 32, 64), strict=True):
        assert cost.nets == 6
        assert cost.operations == 6 * 4 * 2 * 16 * (3 * weights - 6 * width)
    assert re.search(r"in all .* operations, about \d+ s on this machine", described(costs))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"widths": [16]}, "at least two widths"),
        ({"widths": [32, 16]}, "ascending"),
        ({"base_width": 8}, "none of the widths"),
        ({"rates": [0.1, 0.2]}, "no optimum"),
        ({"rates": [0.0, 0.1, 0.2]}, "positive numbers"),
        ({"steps": 0}, "at least 1"),
        ({"depths": [2, 4], "base_depth": 2}, "build_model takes one argument"),
        ({"branches": ["blocks.*"]}, "no depths"),
        ({"plan_options": {"lr": 1.0}}, "sets itself"),
    ],
)
def test_a_wrong_study_is_refused_before_it_trains(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        _study(**changes)


def test_batches_that_end_are_named() -> None:
    def few(seed: int) -> Iterator[tuple[Inputs, torch.Tensor]]:
        batches = _batches(seed)
        yield next(batches)

    with pytest.raises(SpecError, match="ended after 1 of 4 steps"):
        _study(batches=few).trained(Shape(16), 0.1, 0)


def test_hints_name_what_the_model_has() -> None:
    class Attends(nn.Module):
        def __init__(self, width: int) -> None:
            super().__init__()
            self.embedding = nn.Embedding(5, width)
            self.attention = nn.MultiheadAttention(width, 2)
            self.readout = nn.Linear(width, 1)

    study = _known(-0.6, build_model=Attends, optimizer="adamw", plan_options={"weight_decay": 0.1, "eps": 1e-6})
    explained = transfer_check(study).explain()
    for word in ("coordinate check", "attention's scale", "eps", "weight decay"):
        assert word in explained
    assert "attention's scale" not in transfer_check(_known(-0.6)).explain()


def test_the_figure_shows_every_size() -> None:
    figure = transfer_check(_known(0.0)).plot()
    (axes,) = figure.axes
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["16", "32", "64"]
    assert axes.get_title() == f"width: {TRANSFERS}"


def test_what_is_kept_can_be_read_by_others(tmp_path: Path) -> None:
    transfer_check(_known(0.0), tmp_path)
    settings = json.loads((tmp_path / "transfer.json").read_text())
    assert settings["rule"] == "mup"
    assert settings["base"]["0.weight"] == [16, 6]


def test_a_study_is_found_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_nets.py").write_text("def none():\n    return 3\n\n\nlength = 3\n")
    for name, message in [
        ("my_nets", "names no module or no function"),
        ("my_nets:length", "no function 'length'"),
        ("my_nets.py:none", "returns a int"),
        ("not_there:study", "no module 'not_there'"),
        (":none", "names no module"),
        ("", "names no module"),
        ("..my_nets:none", "no module"),
        ("elsewhere/nets:none", "no file elsewhere/nets.py"),
    ]:
        with pytest.raises(SpecError, match=message):
            study_named(name)
    (tmp_path / "json.py").write_text("def none():\n    return 3\n")
    with pytest.raises(SpecError, match="returns a int"):
        study_named("./json.py:none")  # that file, not what Python has of this name


@pytest.mark.parametrize(
    "name", ["./inside/my_study.py:study", "../{here}/inside/my_study:study", "{whole}/inside/my_study.py:study"]
)
def test_a_study_is_found_by_its_file(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module beside it is found, too, also where it is imported only when the study is made."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [*sys.path])
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "its_width.py").write_text("WIDTH = 48\n")
    (tmp_path / "inside" / "my_study.py").write_text(
        "from torch import nn\n"
        "from infwidth.transfer import TransferStudy\n\n\n"
        "def study():\n"
        "    from its_width import WIDTH\n\n"
        "    return TransferStudy(build_model=lambda n: nn.Linear(n, n), batches=None, loss=None, widths=[24, WIDTH],\n"
        "                         base_width=24, rates=[0.1, 0.2, 0.4])\n"
    )
    for module in ("my_study", "its_width"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    found = study_named(name.format(here=tmp_path.name, whole=tmp_path))
    assert tuple(found.widths) == (24, 48)


def test_the_command_says_the_cost_and_writes_table_figure_and_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("infwidth.transfer.named.study_named", lambda name: _study(rates=RATES[:3], widths=[16, 32]))
    assert main(["transfer-check", "mine:study", "--cost"]) == 0
    assert "in all" in capsys.readouterr().out
    assert main(["transfer-check", "mine:study", "--to", str(tmp_path / "kept")]) == 0
    printed = capsys.readouterr().out
    assert printed.count("loss") >= 12
    assert "mup with adam, 4 steps: " in printed
    assert {path.name for path in (tmp_path / "kept").iterdir()} == {"transfer.csv", "transfer.json", "transfer.png"}
