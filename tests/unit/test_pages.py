"""The pages of the report: every row is on its page, in the order asked for, and nothing of the tables is markup."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from infwidth.experiments.catalog import read_catalog, read_titles
from infwidth.plan.graph import in_catalog_order, load_graph
from infwidth.report.pages import catalog_page, claims_page, provenance_page

ROOT = Path(__file__).parents[2]
PUBLISHED = sorted(path.parent for path in (ROOT / "results" / "published").glob("*/MANIFEST.json"))
GRAPH = load_graph("laptop", ROOT / "config" / "schemas")
IN_ORDER = in_catalog_order(GRAPH.papers.values(), read_catalog())
TITLES = {paper.name: paper.title for paper in IN_ORDER}
FIGURES = {figure.rule: figure.title for paper in IN_ORDER for figure in paper.figures}


class Tables(HTMLParser):
    """The texts of a page's cells by row; every tag that is opened must be closed, in order."""

    VOID = ("br", "meta")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self._open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if {"td", "th"} & set(self._open):
            self.rows[-1][-1] += data


@pytest.mark.parametrize("folder", PUBLISHED, ids=lambda folder: folder.name)
def test_every_claim_is_on_its_page(folder: Path) -> None:
    claims = pd.read_csv(folder / "claims.csv")
    rows = Tables(claims_page(claims, TITLES, FIGURES)).rows
    verdicts = set(claims["verdict"])
    shown = [row[-1] for row in rows if row[-1] in verdicts and len(row) == 4 and row[0] != "paper"]
    assert sorted(shown) == sorted(claims["verdict"])
    total = next(row for row in rows if row[0] == "all")
    assert {name: int(n) for name, n in zip(rows[0][1:], total[1:], strict=True)} == dict(claims.verdict.value_counts())


def test_claims_stand_under_their_figures_in_the_order_of_the_catalog() -> None:
    page = claims_page(pd.read_csv(PUBLISHED[0] / "claims.csv"), TITLES, FIGURES)
    found = re.findall(r'<th colspan="4">.*?<code>(.*?)</code>', page)
    assert found == [rule for rule in FIGURES if rule in found]
    assert len(found) > 10


def test_claims_of_figures_that_were_not_asked_for_are_left_out() -> None:
    claims = pd.read_csv(PUBLISHED[0] / "claims.csv")
    rule = "harvard2024_mup_vs_ntk"
    rows = Tables(claims_page(claims, TITLES, {rule: FIGURES[rule]})).rows
    n = int(((claims["paper"] + "_" + claims["figure"]) == rule).sum())
    assert next(row for row in rows if row[0] == "all")[1:] == [str(n)]
    assert "mei2018" not in str(rows)


def test_a_claim_is_text_and_no_markup() -> None:
    row = ("harvard2024", "mup_vs_ntk", "c", "a < b & c", "<b>", 1.0, 0.5, 1.5, 3, "reproduced", "<script>")
    claims = pd.DataFrame([row], columns=pd.read_csv(PUBLISHED[0] / "claims.csv").columns)
    rows = Tables(claims_page(claims, TITLES, FIGURES)).rows
    assert rows[-1] == ["a < b & c<script>", "<b>", "1(0.5 … 1.5, n = 3)", "reproduced"]


def test_every_figure_of_the_catalog_is_on_its_page() -> None:
    entries = read_catalog()
    columns = {"scales": "", "why": "to come", "status": "not yet", "minutes": None}
    catalog = pd.DataFrame([{"paper": e.paper, "figure": e.rule, "what": e.what, "cost": e.cost} for e in entries])
    rows = Tables(catalog_page(catalog.assign(**columns), read_titles() | GRAPH.titles)).rows
    assert [row[:2] for row in rows if row[0] != "figure"] == [[e.rule, e.what] for e in entries]


@pytest.mark.parametrize("folder", PUBLISHED, ids=lambda folder: folder.name)
def test_every_cell_is_on_its_page_the_longest_first(folder: Path) -> None:
    cells = pd.read_csv(folder / "cells.csv")
    rows = Tables(provenance_page(cells)).rows
    of_cells = rows[-len(cells) :]
    assert {row[0] for row in of_cells} == set(cells["cell"])
    seconds = [float(row[3]) for row in of_cells]
    assert seconds == sorted(seconds, reverse=True)
    for digest in cells["dataset_sha256"].dropna().unique():
        assert any(digest in row for row in rows)


def test_papers_and_figures_come_in_the_order_of_the_catalog() -> None:
    built = set(FIGURES)
    assert list(FIGURES) == [entry.rule for entry in read_catalog() if entry.rule in built]
    assert [figure.rule for paper in IN_ORDER for figure in paper.figures] != [f.rule for f in GRAPH.figures]
