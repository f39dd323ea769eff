"""Settings changed for one run: what they change, what they leave alone, and what is refused by name."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from infwidth.errors import SpecError
from infwidth.experiments.papers import load_paper
from infwidth.experiments.settings import as_text, name_of, read_settings
from infwidth.plan.graph import Graph, load_graph
from infwidth.report.publish import publish

WIDTHS = "harvard2024.width_sweep.model.width"


def changed(text: str) -> Graph:
    return load_graph("smoke", settings=read_settings(text))


@pytest.mark.parametrize(
    "given",
    [
        "a.b.lr=[0.1, 1];a.b.name= x y; z ;a.c.seeds=3",
        [" a.c.seeds = 3", "a.b.name=x y; z", "a.b.lr=[0.1, 1]"],
        {"a.b.lr": [0.1, 1], "a.c.seeds": 3, "a.b.name": "x y; z"},
    ],
)
def test_however_they_are_given_they_are_the_same_and_one_text_without_spaces_says_them(given: Any) -> None:
    settings = read_settings(given)
    assert settings == {"a.b.lr": [0.1, 1], "a.b.name": "x y; z", "a.c.seeds": 3}
    text = as_text(settings)
    assert len(text.split()) == 1  # as the jobs' command line is taken apart
    assert read_settings(text) == settings
    assert yaml.load(text, Loader=yaml.BaseLoader) == text  # as Snakemake reads a configuration
    assert name_of("smoke", read_settings(text)) == name_of("smoke", settings)


@pytest.mark.parametrize("given", [None, "", [], {}, [""]])
def test_none_is_the_papers_own(given: Any) -> None:
    assert read_settings(given) == {}
    assert load_graph("smoke", settings={}).folder == "smoke"


@pytest.mark.parametrize("path", [WIDTHS, WIDTHS.replace(".model", ".sweep.model")])
def test_a_swept_key_has_the_values_given_and_shares_the_cells_that_it_keeps(path: str) -> None:
    before, after = load_graph("smoke"), changed(f"{path}=[16, 64]")
    assert [cell.spec.model.width for cell in after.cells_of("harvard2024", "width_sweep")] == [16, 16, 64, 64]
    old, new = (
        {(cell.axes["width"], cell.axes["rule"]): cell.id for cell in graph.cells_of("harvard2024", "width_sweep")}
        for graph in (before, after)
    )
    assert {axes: new[axes] for axes in old.keys() & new.keys()} == {(16, r): old[16, r] for r in ("ntk", "mup")}
    assert not set(old.values()) & {new[64, "ntk"], new[64, "mup"]}
    rest = [graph.papers["harvard2024"].cells | {"width_sweep": ()} for graph in (before, after)]
    assert rest[0] == rest[1]


def test_one_value_of_a_swept_key_is_a_sweep_of_one() -> None:
    assert {cell.axes["width"] for cell in changed(f"{WIDTHS}=32").cells_of("harvard2024", "width_sweep")} == {32}


def test_what_is_like_a_changed_experiment_stays_as_it_was() -> None:
    paper = load_paper("harvard2024", "smoke")
    like = load_paper("harvard2024", "smoke", read_settings("harvard2024.mup_widths_sgd.model.width=[32]"))
    assert {cell.spec.model.width for cell in like.cells["mup_widths_sgd"]} == {32}
    assert {name for name in paper.cells if paper.cells[name] != like.cells[name]} == {"mup_widths_sgd"}


def test_a_key_that_is_unsaid_a_grid_and_seeds_can_be_given() -> None:
    settings = {
        "harvard2024.width_sweep.seeds": 3,
        "harvard2024.width_sweep.training.dtype": "float64",
        "harvard2024.width_sweep.optimizer.lr": {"from": 0.25, "to": 1.0, "factor": 2},
    }
    for cell in load_paper("harvard2024", "smoke", settings).cells["width_sweep"]:
        assert (cell.spec.seeds, cell.spec.training.dtype, cell.spec.optimizer.lr) == (
            (0, 1, 2),
            "float64",
            (0.25, 0.5, 1),
        )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("harvard202.width_sweep.seeds=3", r"no paper 'harvard202' \(did you mean 'harvard2024'\?\)"),
        ("harvard2024.width_swep.seeds=3", r"no experiment 'width_swep' \(did you mean 'width_sweep'\?\)"),
        ("harvard2024.width_sweep.modl.width=[3]", r"no 'modl\.width' \(did you mean 'model\.width'\?\)"),
        ("harvard2024.width_sweep.sweep.model.wdth=[3]", r"no 'sweep\.model\.wdth' \(did you mean 'model\.width'\?\)"),
        ("harvard2024.width_sweep.training.stps=3", r"training\.stps: .*unknown key 'stps' \(did you mean 'steps'\?\)"),
        (f"{WIDTHS}=sixteen", r"with set .*model\.width: 'sixteen': must be a whole number"),
        (f"{WIDTHS}=[16,", r"'\[16,' is not a value of YAML"),
        (f"{WIDTHS}=[]", "at least one value"),
        (f"{WIDTHS}=[8]; {WIDTHS}=[16]", "is there twice"),
        (f"{WIDTHS}=[8]; harvard2024.width_sweep.sweep.model.width=[16]", "also given without 'sweep.'"),
        (f"{WIDTHS}=.nan", "nan is not a finite number"),
        ("harvard2024.width_sweep=3", "says no key"),
        ("harvard2024.width_sweep.model=3", r"no 'model' \(did you mean 'model\.name'\?\)"),
        ("harvard2024", "says no value"),
        ("harvard2024=3", "no <paper>.<experiment>.<block>.<key>"),
    ],
)
def test_what_has_no_meaning_is_refused_by_name(text: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        changed(text)


def test_results_have_a_folder_of_their_own_and_are_not_published(tmp_path: Path) -> None:
    graph = changed(f"{WIDTHS}=[16, 64]")
    assert graph.scale == graph.folder == "smoke_set_75eaa957"
    assert graph.scale != changed(f"{WIDTHS}=[16, 32]").scale
    part = load_graph("smoke", "harvard2024_mup_vs_ntk", graph.settings)
    assert part.folder == "smoke_set_75eaa957/only/harvard2024_mup_vs_ntk"
    with pytest.raises(SpecError, match="leave out set=…"):
        publish({}, tmp_path / graph.scale, left_out=[], drawn_by={})
    rehearsal = load_graph("smoke_rehearsal", settings=graph.settings)
    assert rehearsal.scale == "smoke_rehearsal_set_75eaa957"
    with pytest.raises(SpecError, match="not published"):
        publish({}, tmp_path / "smoke_rehearsal", left_out=[], drawn_by={})
