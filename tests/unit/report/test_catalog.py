"""The catalog knows every figure of the code by name, and says of each what has become of it."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from infwidth.__main__ import main
from infwidth.errors import DataError, SpecError
from infwidth.experiments.catalog import CATALOG, Entry, check_catalog, read_catalog, read_titles
from infwidth.experiments.papers import paper_names
from infwidth.plan.graph import load_graph
from infwidth.report.catalog import catalog_table, write_catalog
from infwidth.report.contents import catalog_rows
from infwidth.report.published import published_scales

ROOT = Path(__file__).parents[3]
SMALL = """paper,figure,what,cost,stage
abc2020,one,"first, with a | in it",C0,1
abc2020,two,second,C1,1
abc2020,three,third,G,2
xyz2021,four,fourth,C2,3
xyz2021,five,fifth,X,3
"""


def _catalog(folder: Path, text: str = SMALL) -> list[Entry]:
    (folder / "catalog.csv").write_text(text, encoding="utf-8")
    return read_catalog(folder / "catalog.csv")


def _publish(folder: Path, scale: str, figures: list[str], not_run: list[str]) -> None:
    (folder / scale / "figures").mkdir(parents=True)
    for figure in figures:
        (folder / scale / "figures" / f"{figure}.png").touch()
    (folder / scale / "MANIFEST.json").write_text(
        json.dumps({"sha256": {}, "figures_not_run": not_run}), encoding="utf-8"
    )


def test_every_figure_of_the_code_is_in_the_catalog() -> None:
    figures = [figure.rule for figure in load_graph("smoke").figures]
    assert figures
    check_catalog(read_catalog(), figures)


def test_of_what_cannot_be_rebuilt_its_paper_says_why() -> None:
    graph = load_graph("smoke")
    beyond = {entry.rule for entry in read_catalog() if entry.cost == "X" and entry.paper in paper_names()}
    assert set(graph.beyond) == beyond
    built = [figure.rule for figure in graph.figures]
    table = catalog_table(read_catalog(), built, {}, {}, graph.beyond).set_index("figure")
    for name, why in graph.beyond.items():
        assert tuple(table.loc[name, ["status", "why"]]) == ("cannot be rebuilt here", why)


def test_what_the_catalog_has_rebuilt_is_not_beyond_it() -> None:
    with pytest.raises(SpecError, match=r"beyond: papers/catalog.csv has no figure 'yang2022_fig3' of class X"):
        check_catalog(read_catalog(), [], ["yang2022_fig3"])


def test_every_paper_has_one_title() -> None:
    """In its experiments.yaml, or as long as it has none in catalog_titles.csv."""
    papers = {entry.paper for entry in read_catalog()}
    assert set(paper_names()) <= papers
    assert set(read_titles()) == papers - set(paper_names())


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("harvard2024_mup_ntk", r"no figure 'harvard2024_mup_ntk' \(did you mean 'harvard2024_mup_vs_ntk'\?\)"),
        ("yang2022_translation", r"yang2022_translation is of class X, cannot be rebuilt, but the code draws it"),
    ],
)
def test_a_figure_that_the_catalog_has_not_is_refused(name: str, says: str) -> None:
    with pytest.raises(SpecError, match=says):
        check_catalog(read_catalog(), ["harvard2024_logits", name])


def test_a_renamed_row_is_refused_with_the_figure_of_the_code(tmp_path: Path) -> None:
    text = CATALOG.read_text(encoding="utf-8")
    assert text.count("harvard2024,logits,") == 1
    catalog = _catalog(tmp_path, text.replace("harvard2024,logits,", "harvard2024,logit,"))
    figures = [figure.rule for figure in load_graph("smoke").figures]
    with pytest.raises(SpecError, match=r"no figure 'harvard2024_logits' \(did you mean 'harvard2024_logit'\?\)"):
        check_catalog(catalog, figures)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("paper,figure,", "figure,paper,", "the first line is not 'paper,figure,what,cost,stage'"),
        ("two,second", "two,second,half", r"row 3: 6 fields instead of 5; quote"),
        ("two,second", "two", r"row 3: 4 fields instead of 5"),
        ("abc2020,two", "ABC,two", r"row 3: 'ABC', 'two' are not names"),
        ("second", " ", r"row 3: abc2020_two does not say what it shows"),
        ("C1", "C7", r"row 3: unknown cost class 'C7'; known: C0, C1, C2, G, X"),
        ("C1,1", "C1,soon", r"row 3: stage 'soon' is not a number from 1, nor 'ours'"),
        ("two", "one", r"row 3: abc2020_one is there twice"),
    ],
)
def test_a_row_without_meaning_is_refused(old: str, new: str, says: str, tmp_path: Path) -> None:
    assert old in SMALL
    with pytest.raises(SpecError, match=says):
        _catalog(tmp_path, SMALL.replace(old, new, 1))


def test_status_follows_from_code_and_published_results(tmp_path: Path) -> None:
    _publish(tmp_path / "published", "laptop", ["abc2020_one", "abc2020_three"], [])
    _publish(tmp_path / "published", "workstation", ["abc2020_one"], ["abc2020_two"])
    published = published_scales(tmp_path / "published")
    built = ["abc2020_one", "abc2020_two", "abc2020_three"]
    table = catalog_table(_catalog(tmp_path), built, published, {"abc2020_one": 0.02, "abc2020_two": None})
    found = table.set_index("figure")[["status", "scales", "why"]].apply(tuple, axis=1).to_dict()
    assert found == {
        "abc2020_one": ("published", "laptop workstation", ""),
        "abc2020_two": ("built, not published", "", ""),
        "abc2020_three": ("published", "laptop", ""),
        "xyz2021_four": ("not yet", "", "to come in stage 3"),
        "xyz2021_five": ("cannot be rebuilt here", "", "beyond one machine"),
    }
    assert table["minutes"].fillna(-1).tolist() == [0.02, -1, -1, -1, -1]
    without = catalog_table(_catalog(tmp_path), built[:2], published, {}).set_index("figure")
    assert tuple(without.loc["abc2020_three", ["status", "why"]]) == ("not yet", "to come in stage 2, wants a GPU")

    first, second = catalog_rows(table, {"abc2020": "Alpha", "xyz2021": "Omega"})
    assert [(paper.title, paper.rebuilt, len(paper.figures)) for paper in (first, second)] == [
        ("Alpha", 3, 3),
        ("Omega", 0, 2),
    ]
    assert [row.detail for row in first.figures] == ["laptop, workstation", "", "laptop"]
    assert [row.detail for row in second.figures] == ["to come in stage 3", "beyond one machine"]
    assert [row.minutes for row in first.figures] == ["0.02", "", ""]
    with pytest.raises(SpecError, match="no title of 'xyz2021'"):
        catalog_rows(table, {"abc2020": "Alpha"})


def test_figures_of_ours_are_told_apart_and_promise_nothing(tmp_path: Path) -> None:
    catalog = _catalog(tmp_path, SMALL.replace("abc2020,three,third,G,2", "abc2020,three,third,C0,ours"))
    assert [entry.ours for entry in catalog] == [False, False, True, False, False]
    table = catalog_table(catalog, ["abc2020_one", "abc2020_three"], {}, {})
    first, second = catalog_rows(table, {"abc2020": "Alpha", "xyz2021": "Omega"})
    assert ([row.figure for row in first.figures], first.rebuilt) == (["abc2020_one", "abc2020_two"], 1)
    assert [row.figure for row in first.ours] == ["abc2020_three"]
    assert second.ours == []
    with pytest.raises(SpecError, match="abc2020_three is of stage 'ours', but no code draws it"):
        check_catalog(catalog, ["abc2020_one"])


def test_an_image_of_a_figure_that_was_not_run_is_refused(tmp_path: Path) -> None:
    _publish(tmp_path, "laptop", ["abc2020_one"], ["abc2020_one"])
    with pytest.raises(DataError, match="says it was not run"):
        published_scales(tmp_path)


def test_nothing_is_published_where_there_is_no_folder(tmp_path: Path) -> None:
    assert published_scales(tmp_path / "nowhere") == {}


def test_the_workflow_s_catalog_takes_its_minutes_from_the_run(tmp_path: Path) -> None:
    graph = load_graph("smoke", "mei2018_radial, harvard2024_logits")
    radial, logits = (graph.cells_of_figure(figure) for figure in sorted(graph.figures, key=lambda f: f.rule)[::-1])
    seconds = [*radial, *list(logits)[1:]]  # one cell of the other was not run
    pd.DataFrame({"cell": list(seconds), "wall_seconds": 30.0}).to_csv(tmp_path / "cells.csv", index=False)
    write_catalog(graph, {}, tmp_path / "cells.csv", tmp_path / "out.csv")
    table = pd.read_csv(tmp_path / "out.csv", keep_default_na=False, dtype=str).set_index("figure")
    expected = dict.fromkeys([entry.rule for entry in read_catalog()], "") | {"mei2018_radial": str(len(radial) / 2)}
    assert table["minutes"].to_dict() == expected
    assert table.loc["vyas2023_fig1", "status"] == "built, not published"


def test_the_command_prints_the_catalog(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    assert main(["catalog", "--paper", "yang2022"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + sum(entry.paper == "yang2022" for entry in read_catalog()) + 1
    assert lines[-1].endswith("1 cannot be rebuilt here")
    assert main(["catalog", "--paper", "harvard204"]) == 1
    assert "no paper 'harvard204' (did you mean 'harvard2024'?)" in capsys.readouterr().err


def test_the_check_before_a_run_loads_no_pandas() -> None:
    """Every job reads the Snakefile, and would wait for it."""
    code = "import infwidth.experiments.catalog, infwidth.report.published, sys; sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
