"""The report as a person opens it: in a browser, without a server or a network. Skipped where there is no Chromium."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from infwidth.experiments.catalog import read_catalog
from infwidth.experiments.papers import Paper, load_paper, paper_names
from infwidth.plan.graph import in_catalog_order

from .browser import CHROMIUM, Page, browser

pytestmark = [
    pytest.mark.workflow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]

# What a person can click: the entries of the menu, and the eye and the i at the end of a row of results.
MENU = "[...document.querySelectorAll('nav li a')]"
ROWS = "[...document.querySelectorAll('nav tbody tr')]"


@pytest.fixture(scope="module")
def papers() -> list[Paper]:
    """All papers, and their figures, in the order of the catalog."""
    loaded = [load_paper(name, "smoke") for name in paper_names()]
    return in_catalog_order(loaded, read_catalog())


@pytest.fixture(scope="module")
def report(smoke: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("profile")) as page:
        page.open((smoke / "results" / "smoke" / "report.html").as_uri())
        page.wait_for(f"{MENU}.length > 0")
        yield page


def _open_category(report: Page, ending: str) -> list[str]:
    """Go home, open the category whose name ends so, and return the first cell of each row of its table."""
    report.run("document.querySelector('nav ol a, nav ul a').click()")
    found = f"{MENU}.find(a => a.innerText.endsWith({json.dumps(ending)}))"
    report.wait_for(f"!!{found}")
    report.run(f"{found}.click()")
    report.wait_for(f"{ROWS}.length > 0")
    return list(report.run(f"{ROWS}.map(row => row.cells[0].innerText)"))


def _click(report: Page, row: str, link: int) -> None:
    """Click the eye (0) or the i (1) of the row that begins so."""
    report.run(f"{ROWS}.find(r => r.cells[0].innerText === {json.dumps(row)}).querySelectorAll('a')[{link}].click()")


def test_the_menu_lists_every_paper_in_the_order_of_the_catalog(report: Page, papers: list[Paper]) -> None:
    entries = report.run(f"{MENU}.map(a => a.innerText)")
    numbered = [entry.partition(". ")[2] for entry in entries if entry[:1].isdigit()]
    assert numbered == [paper.title for paper in papers]
    assert {"Catalog", "Claims", "Provenance", "Tables"} <= set(entries)


def test_it_opens_at_its_description(report: Page) -> None:
    text = report.run("document.body.innerText")
    assert "rebuilt at scale smoke" in text
    assert "System Message" not in text, "docutils did not understand a caption"


def test_every_figure_is_in_its_paper_in_the_order_of_the_catalog(report: Page, papers: list[Paper]) -> None:
    for paper in papers:
        page, *rows = _open_category(report, paper.title)
        assert page.endswith("0. Captions, claims and deviations on one page")
        assert [row.partition(". ")[2] for row in rows] == [figure.title for figure in paper.figures]


@pytest.mark.parametrize("which", [0, -1])
def test_a_figure_shows_its_picture_and_its_caption(report: Page, papers: list[Paper], which: int) -> None:
    paper = papers[which]
    row = _open_category(report, paper.title)[1]  # the first is the page of the whole paper
    _click(report, row, 0)
    width = report.wait_for("[...document.querySelectorAll('#app img')].map(i => i.naturalWidth).find(w => w > 300)")
    assert width > 300
    _click(report, row, 1)
    report.wait_for("!!document.querySelector('nav .prose')")
    caption = " ".join(report.run("document.querySelector('nav .prose').innerText").split())
    assert paper.figures[0].title in caption
    assert "Run at scale smoke" in caption
    assert "System Message" not in caption


def test_every_result_has_one_label(report: Page) -> None:
    # Of a second label that two results do not share, the report makes a switch, and cannot show either of them.
    assert report.run("Object.values(results).filter(r => Object.keys(r.labels).length !== 1).length") == 0


def test_no_caption_holds_what_docutils_did_not_understand(report: Page) -> None:
    lacks = "!r.caption && !path.endsWith('.parquet')"  # tables have none
    broken = f"Object.entries(results).filter(([path, r]) => ({lacks}) || r.caption.includes('system-message'))"
    assert report.run(f"{broken}.map(([path, _]) => path)") == []


@pytest.mark.parametrize(
    ("category", "page", "file", "words"),
    [
        ("Claims", "all claims and verdicts", "claims", ("expected", "measured", "verdict", "reproduced")),
        ("Catalog", "all figures of all papers", "catalog", ("harvard2024_mup_vs_ntk", "not yet")),
        ("Provenance", "all cells", "provenance", ("torch", "SHA-256", "training of cnn")),
    ],
)
def test_tables_open_as_pages(report: Page, category: str, page: str, file: str, words: tuple[str, ...]) -> None:
    assert page in _open_category(report, category)
    _click(report, page, 0)
    source = "document.querySelector('#app iframe')?.src"
    report.wait_for(f"{source}?.includes('filename={file}.html;')")
    # A page out of a data URI is a stranger to the page around it, so its text is decoded rather than read.
    text = base64.b64decode(report.run(source).partition(",")[2]).decode()
    for word in words:
        assert word in text
