"""The report as a paper: everything published is in its data, nothing measured is in its text, and it compiles."""

import math
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from infwidth.analysis.claims import COLUMNS
from infwidth.errors import DataError
from infwidth.experiments.catalog import Entry, read_catalog, read_titles
from infwidth.experiments.cells import Cell
from infwidth.experiments.papers import Figure, Paper
from infwidth.plan.graph import Graph, load_graph
from infwidth.report.pdf import bibliography_keys, deviations, number, report_data, write_paper

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "paper" / "report.typ"
BIBLIOGRAPHY = ROOT / "paper" / "references.bib"
PUBLISHED = ROOT / "results" / "published" / "laptop"

CATALOG = [Entry("ada1843", name, "", "C0", 1) for name in ("notes", "engine", "loom")]
IMAGES = {"ada1843_notes": "/notes.png", "ada1843_engine": "/engine.png"}


@pytest.fixture
def graph() -> Graph:
    cells = {name: Cell(id=name * 16, kind="train", spec={"kind": "train"}, axes={}) for name in "ab"}
    document = {"experiments": {"cards": {"data": {"source": "notes", "deviation": "none"}}}}
    figures = tuple(
        Figure("ada1843", name, f"Title of {name}", f"Caption of {name}.", (("ada1843", "cards"),))
        for name in ("notes", "engine")
    )
    paper = Paper("ada1843", "Notes", "Lovelace, Notes, 1843", {"cards": tuple(cells.values())}, figures, document)
    of_id = {cell.id: cell for cell in cells.values()}
    return Graph("laptop", {"ada1843": paper}, of_id, ("ada1843_loom",), {"ada1843": "Notes"})


@pytest.fixture
def claims() -> pd.DataFrame:
    nan = math.nan
    rows = [
        ("ada1843", "notes", "one", "It computes.", "> 0", 0.12345, 0.1, 0.2, 8, "reproduced", ""),
        ("ada1843", "notes", "two", "It weaves.", "< 0", -4.2e-16, -1e-15, math.inf, 8, "inconclusive", "By hand."),
        ("ada1843", "engine", "three", "It turns.", "= 1", nan, nan, nan, 0, "untestable", None),
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


@pytest.fixture
def cells() -> pd.DataFrame:
    constant = {
        "commit": "c" * 40,
        "dirty": False,
        "version": "0.1.0",
        "python": "3.11.7",
        "torch": "2.15.0",
        "numpy": "2.4.6",
        "device": "cpu",
        "machine": "Linux",
        "threads": 1,
        "execution": "loop",
    }
    first = {"cell": "a" * 16, "wall_seconds": 60.0, "peak_memory_mib": 100, "dataset": "d", "dataset_sha256": "5" * 64}
    second = {"cell": "b" * 16, "wall_seconds": 30.0, "peak_memory_mib": 300, "dataset": None, "dataset_sha256": None}
    return pd.DataFrame([constant | first, constant | second])


def test_the_data_hold_every_claim_and_figure(graph: Graph, claims: pd.DataFrame, cells: pd.DataFrame) -> None:
    data = report_data(graph, CATALOG, claims, cells, images=IMAGES, cited={"ada1843"})
    (paper,) = data["papers"]
    assert {figure["rule"]: figure["image"] for figure in paper["figures"]} == IMAGES
    assert [figure["caption"] for figure in paper["figures"]] == ["Caption of notes.", "Caption of engine."]
    printed = [claim for figure in paper["figures"] for claim in figure["claims"]]
    assert [claim["claim"] for claim in printed] == claims["claim"].tolist()
    assert [claim["statement"] for claim in printed] == claims["statement"].tolist()
    assert [claim["measured"] for claim in printed] == ["0.123", "−4.2·10⁻¹⁶", "—"]
    assert [claim["interval"] for claim in printed] == ["0.1 … 0.2", "−1·10⁻¹⁵ … ∞", ""]
    assert [claim["note"] for claim in printed] == ["", "By hand.", ""]
    assert data["claims"] == 3
    assert {entry["verdict"]: entry["n"] for entry in data["verdicts"]} == claims["verdict"].value_counts().to_dict()
    assert data["figures_left_out"] == ["ada1843_loom"]
    assert paper["deviations"] == [
        {"experiments": ["cards"], "block": "data", "source": "notes", "deviation": "none"},
    ]


def test_the_data_hold_cost_and_provenance(graph: Graph, claims: pd.DataFrame, cells: pd.DataFrame) -> None:
    data = report_data(graph, CATALOG, claims, cells, images=IMAGES, cited=set())
    assert data["cost"]["cells"] == 2
    assert data["cost"]["minutes"] == "1.50"
    assert data["papers"][0]["cost"] == {"cells": 2, "minutes": "1.50"}
    rows = [(row["cells"], row["minutes"], row["memory"]) for row in data["cost"]["figures"]]
    assert rows == [(2, "1.50", "300")] * 2
    assert data["provenance"]["commits"] == [{"commit": "c" * 40, "cells": 2}]
    assert data["provenance"]["datasets"] == [{"name": "d", "sha256": "5" * 64, "cells": 1}]
    assert not data["papers"][0]["cited"]


def test_a_figure_without_picture_is_named(graph: Graph, claims: pd.DataFrame, cells: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="no picture of ada1843_engine"):
        report_data(graph, CATALOG, claims, cells, images={"ada1843_notes": "/notes.png"}, cited=set())


def test_blocks_that_experiments_share_are_one_entry() -> None:
    shared = {"source": "s", "deviation": "d"}
    experiments = {"one": {"data": shared, "kind": "train"}, "two": {"data": shared, "parts": [{"limit": shared}]}}
    assert [(entry["experiments"], entry["block"]) for entry in deviations(experiments)] == [
        (["one", "two"], "data"),
        (["two"], "limit"),
    ]


@pytest.mark.parametrize(
    ("value", "text"), [(0.5, "0.5"), (-2.0, "−2"), (1e5, "1·10⁵"), (float("-inf"), "−∞"), (float("nan"), "—")]
)
def test_numbers_for_print(value: float, text: str) -> None:
    assert number(value) == text


# The rule: without comments, lengths (9.5pt, 1fr, 80%), numberings of headings and keys of the bibliography, the
# template holds no decimal number, and no number of more than one digit but these: the level of the intervals, the
# base of powers, how many digits of commits and digests are shown, the name of the digest.
LENGTH = re.compile(r"\d+(\.\d+)?(pt|cm|mm|em|fr|%)(?!\w)")
ALLOWED = {"95", "10", "12", "16", "256"}


def test_the_text_holds_no_measured_number() -> None:
    text = re.sub(r"//.*", "", TEMPLATE.read_text(encoding="utf-8"))
    rest = LENGTH.sub("", re.sub(r'numbering: "[1A]\.1"', "", text))
    rest = re.sub(r"[@<][a-z]+\d{4}\w*", "", rest)  # keys of the bibliography
    assert re.findall(r"\d+\.\d+", rest) == []
    assert {n for n in re.findall(r"\d+", rest) if len(n) > 1} <= ALLOWED


def test_every_key_that_the_text_cites_is_in_the_bibliography() -> None:
    text = TEMPLATE.read_text(encoding="utf-8")
    cited = set(re.findall(r"[@<]([a-z]+\d{4}\w*)", text))
    assert cited == bibliography_keys(BIBLIOGRAPHY)


def test_every_paper_is_in_the_bibliography() -> None:
    assert set(load_graph("laptop", ROOT / "config" / "schemas").papers) <= bibliography_keys(BIBLIOGRAPHY)


def test_titles_of_papers_to_come_are_those_of_the_bibliography() -> None:
    text = BIBLIOGRAPHY.read_text(encoding="utf-8")
    found = dict(re.findall(r"^@\w+\{([^,]+),.*?^  title = \{(.*?)\},$", text, flags=re.MULTILINE | re.DOTALL))
    for paper, title in read_titles().items():
        assert re.sub("[{}]", "", found[paper]).lower() == title.lower()


def test_the_published_report_compiles_twice_to_the_same_bytes(tmp_path: Path) -> None:
    pytest.importorskip("typst", reason="the package typst is not installed")
    shutil.copytree(PUBLISHED / "figures", tmp_path / "figures")
    data = report_data(
        load_graph("laptop", ROOT / "config" / "schemas"),
        read_catalog(),
        pd.read_csv(PUBLISHED / "claims.csv"),
        pd.read_csv(PUBLISHED / "cells.csv"),
        images={path.stem: f"/figures/{path.name}" for path in (tmp_path / "figures").iterdir()},
        cited=bibliography_keys(BIBLIOGRAPHY),
    )
    outputs = [tmp_path / "paper.pdf", tmp_path / "again.pdf"]
    for output in outputs:
        write_paper(data, TEMPLATE, BIBLIOGRAPHY, output)
    first, second = (output.read_bytes() for output in outputs)
    assert first.startswith(b"%PDF")
    assert first == second
    assert b"/MarkInfo" in first, "the PDF is not tagged, so no program can read it aloud"
