"""Seeds as cells of their own: joined they are the whole cell, bit for bit, and each stands for itself."""

import json
import logging
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

from builders import changed, expanded, train
from infwidth.__main__ import main
from infwidth.errors import DataError, SpecError
from infwidth.experiments.cells import Cell, read_cell
from infwidth.experiments.rehearsal import rehearsed
from infwidth.plan import places
from infwidth.plan.code import this_package
from infwidth.plan.cost import recorded_seconds
from infwidth.plan.current import Currency
from infwidth.plan.demand import bundles
from infwidth.plan.graph import Graph, load_graph
from infwidth.results import cell_file
from infwidth.results.facts import outputs_file
from infwidth.results.tables import write_provenance
from infwidth.specs.cells import Train
from infwidth.specs.identity import canonical, cell_id, from_canonical
from infwidth.workflow.adopt import adopt
from infwidth.workflow.cell import compute_cell

#: Every probe that makes something of all seeds, two rates of which one diverges, f − f0.
DOCUMENT = changed(
    data={"name": "mnist5k", "image_size": 14, "train_size": 200, "test_size": 30, "normalization": "standardize"},
    optimizer={"name": "sgd", "lr": [0.3, 1e9], "momentum": 0.9},
    training={"steps": 12, "batch_size": 15, "loss": "mse", "centred": True, "evaluations": 5},
    probes=[
        {"name": "losses"},
        {"name": "ensemble"},
        {"name": "feature_kernels", "points": 3},
        {"name": "sharpness", "iterations": 2, "points": 20},
        {"name": "ntk_spectrum", "points": 5, "at": "last"},
    ],
    seeds=[0, 1, 4],
)
JOINED: Train = train({**DOCUMENT, "kind": "join"})


@pytest.fixture(scope="module")
def prepared(mnist5k: Path) -> Path:
    return mnist5k.parent


def compute(spec: Train, prepared: Path, folder: Path, **options: Any) -> Path:
    output = folder / f"{cell_id(spec)}.parquet"
    compute_cell(spec, prepared=prepared, output=output, device="cpu", threads=1, **options)
    return output


@pytest.fixture(scope="module")
def made(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all cells: three of one seed each, and the one that joins them."""
    folder = tmp_path_factory.mktemp("cells")
    for spec in (*JOINED.members, JOINED):
        compute(spec, prepared, folder)
    return folder


def of(spec: Train, folder: Path) -> Path:
    return folder / f"{cell_id(spec)}.parquet"


def test_joined_cells_are_the_whole_one_bit_for_bit(made: Path, prepared: Path, tmp_path: Path) -> None:
    whole = cell_file.read_cell(compute(train(DOCUMENT), prepared, tmp_path))
    pd.testing.assert_frame_equal(cell_file.read_cell(of(JOINED, made)), whole, check_exact=True)
    ensembles = whole[whole.of == "ensemble"]
    assert {"ensemble_loss", "logit_deviation", "ntk_alignment"} <= set(ensembles.metric)
    assert (whole.metric == "diverged").sum() == len(JOINED.seeds)
    assert not list(tmp_path.glob("*.outputs")), "what a half-done cell keeps is removed"


def test_joined_cells_are_the_stacked_whole_one_to_rounding(made: Path, prepared: Path, tmp_path: Path) -> None:
    stable = {**DOCUMENT, "optimizer": {**DOCUMENT["optimizer"], "lr": [0.3]}}
    whole = cell_file.read_cell(compute(train(stable), prepared, tmp_path, execution="stacked"))
    joined = cell_file.read_cell(of(JOINED, made)).query("lr == 0.3").reset_index(drop=True)
    pd.testing.assert_frame_equal(joined, whole, rtol=1e-4, atol=1e-5)


def test_a_member_has_its_own_rows_and_the_outputs_of_its_nets_but_no_ensemble(made: Path) -> None:
    for member in JOINED.members:
        rows = cell_file.read_cell(of(member, made))
        assert set(rows.of) == {"net"}
        assert set(rows.seed) == set(member.seeds)
        size = outputs_file(of(member, made)).stat().st_size
        logits = 4 * 30 * 10 * 5 * 2  # bytes × images × classes × evaluations × rates, of which one stops early
        assert size < 2 * logits, "outputs on the evaluation points, never weights"


def test_no_published_name_changes() -> None:
    assert "apart" not in canonical(train(DOCUMENT))
    assert cell_id(train(DOCUMENT)) != cell_id(JOINED)
    for spec in (JOINED, *JOINED.members):
        again = read_cell(from_canonical(canonical(spec)), where="a test")
        assert again == spec
        assert cell_id(again) == cell_id(spec)


def test_another_seed_is_one_more_cell() -> None:
    more = train({**DOCUMENT, "kind": "join", "seeds": [0, 1, 4, 5]})
    known = {cell_id(member) for member in JOINED.members}
    assert {cell_id(member) for member in more.members} - known == {cell_id(more.members[-1])}
    assert cell_id(more) != cell_id(JOINED)


def test_a_cell_that_joins_tells_everything_of_its_members(made: Path, tmp_path: Path) -> None:
    write_provenance([of(JOINED, made)], tmp_path / "cells.csv")
    told = pd.read_csv(tmp_path / "cells.csv").set_index("cell")
    assert set(told.index) == {cell_id(spec) for spec in (*JOINED.members, JOINED)}
    for member in JOINED.members:
        _, provenance = cell_file.read_provenance(of(member, made))
        assert told.wall_seconds[cell_id(member)] == provenance["wall_seconds"]
        assert told.outputs_sha256[cell_id(member)] == provenance["outputs_sha256"]
    alone = tmp_path / "cells" / "join"
    alone.mkdir(parents=True)
    (alone / of(JOINED, made).name).write_bytes(of(JOINED, made).read_bytes())
    assert set(recorded_seconds(alone.parent, pd.DataFrame({"cell": [], "wall_seconds": []}))) == set(told.index)


class TestCurrency:
    """What is current, in a folder of results of its own."""

    TOP = Cell(id=cell_id(JOINED), spec=JOINED, axes={})

    @pytest.fixture(autouse=True)
    def _results(self, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        for spec in (*JOINED.members, JOINED):
            adopt(of(spec, made), places.CELLS)

    @staticmethod
    def is_current(cell: Cell) -> bool:
        return Currency(this_package(), Graph("smoke", {}, {cell.id: cell}, (), {})).is_current_cell(cell)

    def test_all_are(self) -> None:
        assert all(self.is_current(cell) for cell in (*self.TOP.members, self.TOP))

    def test_what_is_joined_may_be_gone(self) -> None:
        for member in self.TOP.members:
            places.cell_file(member).unlink()
        assert self.is_current(self.TOP)

    def test_a_member_without_its_outputs_is_not(self) -> None:
        first, second, third = self.TOP.members
        outputs_file(places.cell_file(first)).unlink()
        damaged = outputs_file(places.cell_file(second))
        damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
        assert [self.is_current(cell) for cell in (first, second, third)] == [False, False, True]

    def test_a_member_made_anew_with_other_numbers_is_joined_anew(self) -> None:
        file = places.cell_file(self.TOP.members[1])
        spec, provenance = cell_file.read_provenance(file)
        rows = cell_file.read_cell(file)
        cell_file.write_cell(file, rows.assign(value=rows.value * 2), spec, provenance)
        assert self.is_current(self.TOP.members[1])
        assert not self.is_current(self.TOP)

    def test_outputs_are_adopted_with_their_cell_or_neither_is(self, made: Path, tmp_path: Path) -> None:
        member = JOINED.members[0]
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        file = elsewhere / of(member, made).name
        file.write_bytes(of(member, made).read_bytes())
        with pytest.raises(DataError, match=r"\.npz"):
            adopt(file, tmp_path / "new")
        assert not (tmp_path / "new").exists()


def test_a_killed_member_goes_on_and_the_others_are_left_alone(made: Path, prepared: Path, tmp_path: Path) -> None:
    member, output = JOINED.members[1], tmp_path / of(JOINED.members[1], made).name
    with pytest.MonkeyPatch.context() as patch:
        original, count = torch.autograd.grad, 0

        def killing(*arguments: Any, **options: Any) -> Any:
            nonlocal count
            count += 1
            if count == 4:  # within a later evaluation
                raise KeyboardInterrupt
            return original(*arguments, **options)

        patch.setattr(torch.autograd, "grad", killing)
        with pytest.raises(KeyboardInterrupt):
            compute(member, prepared, tmp_path, checkpoint_seconds=0.0)
    assert output.with_suffix(".checkpoint").exists()
    kept = {path.name for path in output.with_suffix(".outputs").rglob("*.npy")}
    assert 0 < len(kept) < 5
    compute(member, prepared, tmp_path)
    assert [path.name for path in tmp_path.iterdir() if path.suffix not in (".parquet", ".npz")] == []
    assert outputs_file(output).read_bytes() == outputs_file(of(member, made)).read_bytes()
    pd.testing.assert_frame_equal(cell_file.read_cell(output), cell_file.read_cell(of(member, made)), check_exact=True)


def test_what_is_missing_or_of_other_code_is_named(made: Path, prepared: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="the cell of seed 0 is not there"):
        compute(JOINED, prepared, tmp_path)
    with pytest.raises(DataError, match="made by other code"):
        compute(JOINED, prepared, tmp_path, members=made, code="0" * 16)
    assert not list(tmp_path.iterdir())


def test_the_command_line_computes_what_is_joined_first(
    prepared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], made: Path
) -> None:
    files = []
    for spec in (JOINED, *JOINED.members):
        files.append(str(tmp_path / f"{cell_id(spec)}.json"))
        Path(files[-1]).write_text(json.dumps(Cell(id=cell_id(spec), spec=spec, axes={}).document))
    assert main(["cell", *files, "--prepared", str(prepared), "--to", str(tmp_path), "--device", "cpu"]) == 0
    logging.getLogger().handlers.clear()
    *_, last = capsys.readouterr().out.splitlines()
    assert last == f"wrote {of(JOINED, tmp_path)}"
    ours, theirs = (cell_file.read_cell(of(JOINED, folder)) for folder in (tmp_path, made))
    pd.testing.assert_frame_equal(ours, theirs, check_exact=True)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"apart": True}, "apart: is for a training of one seed"),
        ({"apart": True, "kind": "join", "seeds": [0]}, "apart: is for a training of one seed"),
        ({"kind": "joined"}, "known: train, join"),
    ],
)
def test_what_has_no_meaning_is_refused(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(SpecError, match=says):
        read_cell({**DOCUMENT, **wrong}, where="here")


def test_experiments_say_it_by_a_key() -> None:
    blocks = {key: value for key, value in DOCUMENT.items() if key != "seeds"}
    blocks["optimizer"] = {**blocks["optimizer"], "lr": [0.3]}
    whole, apart = (expanded(**blocks, seeds=2, seeds_apart=said) for said in (False, True))
    assert [cell.kind for cell in whole + apart] == ["train", "join"]
    assert whole == expanded(**blocks, seeds=2)
    assert [member.spec.seeds for member in apart[0].members] == [(0,), (1,)]  # type: ignore[union-attr]
    assert [member.title for member in apart[0].members] == ["mlp on mnist5k (; seed 0)", "mlp on mnist5k (; seed 1)"]
    rehearsal = rehearsed(apart[0])
    assert rehearsal.kind == "join"
    assert all(member.spec.training.steps == 4 for member in rehearsal.members)  # type: ignore[union-attr]
    with pytest.raises(SpecError, match="seeds_apart"):
        expanded(solve={"name": "desiderata", "n_hidden": 2}, seeds_apart=True)


def test_the_graph_has_members_before_what_joins_them_and_a_job_each() -> None:
    graph = load_graph("smoke", "harvard2024_mup_vs_ntk", {"harvard2024.width_sweep.seeds_apart": True})
    kinds = [cell.kind for cell in graph.cells.values()]
    assert kinds == ["train", "train", "join"] * 4
    assert [cell.kind for cell in graph.table_cells] == ["join"] * 4
    assert list(graph.cells_of_figure(graph.figures[0])) == list(graph.cells)
    jobs = bundles(graph.cells.values(), {})
    joins = {jobs[cell.id] for cell in graph.table_cells}
    assert len(joins) == 4
    assert joins.isdisjoint(jobs[member.id] for cell in graph.table_cells for member in cell.members)
