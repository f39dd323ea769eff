"""The pages: every row is on its page, in the catalog's order, in both forms, and nothing of the tables is markup."""

import dataclasses
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from infwidth.experiments.catalog import read_catalog
from infwidth.report.contents import VERDICTS, Contents
from infwidth.report.readme import published_contents, scales
from infwidth.report.render import pages

ROOT = Path(__file__).parents[3]
PUBLISHED = ROOT / "results" / "published"


class Tables(HTMLParser):
    """The texts of a page's cells by row; every tag that is opened must be closed, in order."""

    VOID = ("br", "meta", "img")

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


def markdown_rows(page: str) -> list[list[str]]:
    """Return the cells of all tables of a page in Markdown; every row of a table has as many as its head."""
    rows: list[list[str]] = []
    for table in re.findall(r"(?:^\|.*\n)+", page, re.MULTILINE):
        lines = [re.split(r"(?<!\\)\|", line)[1:-1] for line in table.splitlines()]
        assert len({len(line) for line in lines}) == 1, table
        assert set(lines[1]) == {"---"}, "a table without a head, or cut in two"
        rows += [[cell.strip() for cell in line] for line in lines if line != lines[1]]
    return rows


@pytest.fixture(scope="module", params=scales(PUBLISHED))
def said(request: pytest.FixtureRequest) -> tuple[Contents, pd.DataFrame]:
    return published_contents(PUBLISHED / request.param)


def test_every_claim_is_on_its_page(said: tuple[Contents, pd.DataFrame]) -> None:
    contents, cells = said
    html, markdown = pages(contents, cells, "html"), pages(contents, cells, "markdown")
    expected = [claim.verdict for claim in contents.claims]
    counted = [claim.verdict for claim in contents.claims if claim.same_as is None]
    assert 0 < len(counted) <= len(expected)
    for rows in (Tables(html["claims.html"]).rows, markdown_rows(markdown["claims.md"].replace("**", ""))):
        ledger = [row for row in rows if len(row) == 4 and row[0] != "claim"]
        shown = [next((v for v in VERDICTS[::-1] if row[-1].startswith(v)), "") for row in ledger]
        assert list(filter(None, shown)) == expected
        *counts, _ = next(row for row in rows if row[0] == "all")[1:]
        assert [int(n) for n in counts] == [counted.count(verdict) for verdict in rows[0][1:-1]]
    for paper in contents.papers:
        page = markdown[f"papers/{paper.name}.md"]
        assert [line for line in page.splitlines() if line.startswith("## ")][: len(paper.figures)] == [
            f"## {figure.title}" for figure in paper.figures
        ]
        shown = unescape(html[f"papers/{paper.name}.html"])
        assert all(claim.statement in shown for claim in paper.claims)


def test_claims_stand_under_their_figures_in_the_order_of_the_catalog(said: tuple[Contents, pd.DataFrame]) -> None:
    page = pages(*said, "html")["claims.html"]
    found = re.findall(r'<th colspan="4">.*?<code>(.*?)</code>', page)
    assert found == [figure.rule for figure in said[0].figures if figure.claims]
    order = [entry.rule for entry in read_catalog()]
    assert found == sorted(found, key=order.index)


def test_a_claim_is_text_and_no_markup(said: tuple[Contents, pd.DataFrame]) -> None:
    contents, cells = said
    paper = contents.papers[0]
    figure = next(figure for figure in paper.figures if figure.claims)
    claim = dataclasses.replace(
        figure.claims[0],
        statement="a < b & |c|",
        expected="<b>",
        measured="1",
        interval="0 … 2",
        n=3,
        note="<script>",
        twin="7",
        elsewhere="",
    )
    spoiled = dataclasses.replace(
        contents,
        papers=[dataclasses.replace(paper, figures=[dataclasses.replace(figure, claims=[claim])])],
    )
    rows = Tables(pages(spoiled, cells, "html")["claims.html"]).rows
    assert rows[-1] == ["a < b & |c|<script>", "<b>", "1(0 … 2, n = 3)twin 7", claim.verdict]
    rows = markdown_rows(pages(spoiled, cells, "markdown")["claims.md"])
    assert rows[-1][:3] == [
        r"a < b & \|c\|<br><sub>&lt;script></sub>",
        "&lt;b>",
        "1<br><sub>(0 … 2, n = 3)</sub><br><sub>twin 7</sub>",
    ]


def test_every_figure_of_the_catalog_is_on_its_page(said: tuple[Contents, pd.DataFrame]) -> None:
    entries = [[entry.rule, entry.what] for entry in read_catalog()]
    rows = Tables(pages(*said, "html")["catalog.html"]).rows
    assert [row[:2] for row in rows if row[0] != "figure"] == entries
    rows = markdown_rows(pages(*said, "markdown")["catalog.md"])
    assert [[row[0].strip("`"), row[1].replace("\\|", "|")] for row in rows if row[0] != "figure"] == entries


def test_every_cell_is_on_its_page_the_longest_first(said: tuple[Contents, pd.DataFrame]) -> None:
    contents, cells = said
    rows = Tables(pages(contents, cells, "html")["provenance.html"]).rows
    of_cells = rows[-len(cells) :]
    assert {row[0] for row in of_cells} == set(cells["cell"])
    seconds = [float(row[3]) for row in of_cells]
    assert seconds == sorted(seconds, reverse=True)
    for found in contents.provenance["datasets"]:
        assert any(found["sha256"] in row for row in rows)


def test_links_and_pictures_of_the_pages_lead_somewhere(said: tuple[Contents, pd.DataFrame]) -> None:
    contents, cells = said
    written = pages(contents, cells, "markdown")
    for name, page in written.items():
        assert not re.search(r"\{[{%]", page)
        for target in re.findall(r"\]\(([^)]+)\)", page):
            path, _, anchor = target.partition("#")
            found = Path("/", name).parent.joinpath(path).resolve().relative_to("/").as_posix() if path else name
            if anchor:
                assert f'<a id="{anchor}">' in written[found], target
            assert found in written or (PUBLISHED / contents.scale / found).exists(), f"{name}: {target}"
