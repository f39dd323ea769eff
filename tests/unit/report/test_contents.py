"""What a scale has to say: every claim, figure, cost and deviation of the tables is in it, in the catalog's order."""

import math

import pandas as pd
import pytest

from builders import train
from infwidth.analysis.claims import COLUMNS, UNDECIDED_BY
from infwidth.errors import DataError
from infwidth.experiments.catalog import Entry
from infwidth.experiments.cells import Cell
from infwidth.experiments.papers import Figure, Paper
from infwidth.plan.graph import Graph
from infwidth.report.contents import CostRow, Deviation, Shared, contents, deviations, part_reproduced, tally

CATALOG = [Entry("ada1843", name, "", "C0", 1) for name in ("notes", "engine", "loom")]
IMAGES = {"ada1843_notes": "/notes.png", "ada1843_engine": "/engine.png"}


@pytest.fixture
def graph() -> Graph:
    cells = {name: Cell(id=name * 16, spec=train(), axes={}) for name in "ab"}
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
    columns = ["figure", "claim", "statement", "expected", "measured", "ci_low", "ci_high", "n", "twin", "verdict"]
    rows = [
        ("notes", "one", "It computes.", "> 0", 0.12345, 0.1, 0.2, 8, 0.12, "reproduced"),
        ("notes", "two", "It weaves.", "< 0", -4.2e-16, -1e-15, math.inf, 8, nan, "inconclusive"),
        ("engine", "three", "It turns.", "= 1", nan, nan, nan, 0, nan, "not testable at this scale"),
        ("engine", "four", "It computes too.", "> 0", 0.12345, 0.1, 0.2, 8, 0.12, "reproduced"),
    ]
    more = {
        "undecided_by": ["", "seeds", "", ""],
        "seeds_to_decide": pd.array([None, 40, None, None], dtype="Int64"),
        "tables": "ada1843.cards",
        "cells": "c0ffee",
        "same_as": ["", "", "", "ada1843.one"],
        "note": ["", "By hand.", None, ""],
    }
    found = pd.DataFrame(rows, columns=columns).assign(paper="ada1843", **more)
    assert set(found) == {*COLUMNS, "same_as"}
    return found


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


def test_every_claim_and_figure_is_there(graph: Graph, claims: pd.DataFrame, cells: pd.DataFrame) -> None:
    said = contents(graph, CATALOG, claims, cells, images=IMAGES, published={}, cited={"ada1843"})
    (paper,) = said.papers
    assert {figure.rule: figure.image for figure in paper.figures} == IMAGES
    assert [figure.caption for figure in paper.figures] == ["Caption of notes.", "Caption of engine."]
    assert [figure.tables for figure in paper.figures] == [["ada1843.cards"]] * 2
    assert [claim.claim for claim in paper.claims] == claims["claim"].tolist()
    assert [claim.statement for claim in paper.claims] == claims["statement"].tolist()
    assert [claim.measured for claim in paper.claims] == ["0.123", "−4.2·10⁻¹⁶", "—", "0.123"]
    assert [claim.interval for claim in paper.claims] == ["0.1 … 0.2", "−1·10⁻¹⁵ … ∞", "", "0.1 … 0.2"]
    assert [claim.note for claim in paper.claims] == ["", "By hand.", "", ""]
    assert [claim.twin for claim in paper.claims] == ["0.12", "", "", "0.12"]
    assert [claim.to_decide for claim in paper.claims] == ["", "about 40 seeds would decide", "", ""]
    assert said.figures_left_out == ["ada1843_loom"]
    assert paper.deviations == [Deviation(["cards"], "data", "notes", "none")]
    assert [(row.figure, row.status) for row in said.catalog[0].figures] == [
        (f"ada1843_{name}", "built, not published") for name in ("notes", "engine", "loom")
    ]


def test_what_is_one_measurement_counts_once_and_both_say_so(
    graph: Graph, claims: pd.DataFrame, cells: pd.DataFrame
) -> None:
    said = contents(graph, CATALOG, claims, cells, images=IMAGES, published={})
    one, two, three, four = said.claims
    assert one.also == [Shared("ada1843.four", "ada1843", "ada1843_engine")]
    assert four.same_as == Shared("ada1843.one", "ada1843", "ada1843_notes")
    assert [claim.is_counted for claim in said.claims] == [True, True, True, False]
    assert [claim.also for claim in (two, three, four)] == [[], [], []]
    assert tally(said.claims) == {"reproduced": 1, "inconclusive": 1, "not testable at this scale": 1}
    assert part_reproduced(said.claims) == "50 %"
    assert part_reproduced([three, four]) == "—"


@pytest.mark.parametrize(
    ("by", "words"),
    [
        ("scatter", "three or more"),
        ("value", "is missing"),
        ("rounding", "their rounding twins do not agree"),
        ("control", "the value lies inside; what is missing is a control"),
        ("threshold", "no number of seeds would decide: the value is at the threshold"),
    ],
)
def test_what_no_number_of_seeds_decides_is_said(
    graph: Graph, claims: pd.DataFrame, cells: pd.DataFrame, by: str, words: str
) -> None:
    claims.loc[1, ["undecided_by", "seeds_to_decide"]] = [by, pd.NA]
    said = contents(graph, CATALOG, claims, cells, images=IMAGES, published={})
    assert [words in claim.to_decide for claim in said.claims] == [False, True, False, False]


def test_a_ledger_of_an_older_version_is_to_be_published_anew(
    graph: Graph, claims: pd.DataFrame, cells: pd.DataFrame
) -> None:
    with pytest.raises(DataError, match="ledger of laptop is of an older version, without undecided_by; publish"):
        contents(graph, CATALOG, claims.drop(columns="undecided_by"), cells, images=IMAGES, published={})


def test_whatever_leaves_a_claim_open_has_its_words(graph: Graph, claims: pd.DataFrame, cells: pd.DataFrame) -> None:
    for by in UNDECIDED_BY:
        claims.loc[1, "undecided_by"] = by
        said = contents(graph, CATALOG, claims, cells, images=IMAGES, published={})
        assert said.claims[1].to_decide


def test_cost_and_provenance_are_there(graph: Graph, claims: pd.DataFrame, cells: pd.DataFrame) -> None:
    said = contents(graph, CATALOG, claims, cells, images=IMAGES, published={})
    behind = CostRow(cells=2, minutes="1.50", memory="300")
    assert said.cost == behind
    assert said.papers[0].cost == behind
    assert [figure.cost for figure in said.figures] == [behind] * 2
    assert said.provenance["commits"] == [{"commit": "c" * 40, "cells": 2}]
    assert said.provenance["datasets"] == [{"name": "d", "sha256": "5" * 64, "cells": 1}]
    assert not said.papers[0].cited


def test_claims_of_figures_that_were_not_asked_for_are_left_out(
    graph: Graph, claims: pd.DataFrame, cells: pd.DataFrame
) -> None:
    said = contents(graph, CATALOG, claims.assign(figure="loom"), cells, images=IMAGES, published={})
    assert said.claims == []


def test_a_figure_without_picture_is_named(graph: Graph, claims: pd.DataFrame, cells: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="no picture of ada1843_engine"):
        contents(graph, CATALOG, claims, cells, images={"ada1843_notes": "/notes.png"}, published={})


def test_blocks_that_experiments_share_are_one_entry() -> None:
    shared = {"source": "s", "deviation": "d"}
    experiments = {"one": {"data": shared, "kind": "train"}, "two": {"data": shared, "parts": [{"limit": shared}]}}
    assert [(entry.experiments, entry.block) for entry in deviations(experiments)] == [
        (["one", "two"], "data"),
        (["two"], "limit"),
    ]
