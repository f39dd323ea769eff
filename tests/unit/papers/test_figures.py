"""Figures are found by their names, and drawn to the same bytes each time."""

from pathlib import Path

import pytest
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from builders import graph
from infwidth.analysis.table import Table
from infwidth.experiments.papers import paper_names
from infwidth.papers import PAPERS_DIR, figure_function
from infwidth.plan.code import Package
from infwidth.plan.entries import of_figure
from infwidth.plotting.save import save_figure
from infwidth.plotting.style import FULL, HALF, style
from infwidth.report.published import read_manifest
from infwidth.results.tables import read_table

ROOT = Path(__file__).parents[3]
PUBLISHED = ROOT / "results" / "published" / "laptop" / "tables"
PAPERS = paper_names()
FIGURES = graph("laptop").figures


@pytest.mark.parametrize("paper", PAPERS)
def test_every_figure_is_the_function_of_its_name_in_the_module_of_its_name(paper: str) -> None:
    names = {figure.name for figure in FIGURES if figure.paper == paper}
    modules = {path.stem for path in (PAPERS_DIR / paper / "figures").glob("[!_]*.py")}
    assert modules == names
    for name in names:
        assert figure_function(paper, name).__name__ == name


def _drawn(rule: str) -> Figure:
    """Return a figure drawn from published tables; save it within ``style()``."""
    (figure,) = (figure for figure in FIGURES if figure.rule == rule)
    tables = {name: Table(read_table(PUBLISHED / paper / f"{name}.parquet"), name) for paper, name in figure.tables}
    return figure_function(figure.paper, figure.name)(tables)


@pytest.mark.parametrize("rule", ["msr2021_fig1", "msr2021_fig2", "msr2021_fig5"])
def test_the_same_tables_make_the_same_bytes(rule: str, tmp_path: Path) -> None:
    with style():
        for name in ("first", "second"):
            save_figure(_drawn(rule), tmp_path / f"{name}.pdf", tmp_path / f"{name}.png")
        plt.close("all")
    for suffix in ("pdf", "png"):
        assert (tmp_path / f"first.{suffix}").read_bytes() == (tmp_path / f"second.{suffix}").read_bytes()


@pytest.fixture(scope="module")
def package() -> Package:
    return Package(PAPERS_DIR.parent)


@pytest.mark.workflow
@pytest.mark.parametrize("rule", [figure.rule for figure in FIGURES])
def test_every_figure_is_drawn_from_published_tables_on_one_of_two_canvases(rule: str, package: Package) -> None:
    """Its lines and texts are laid out, which fails on all that cannot be drawn, and not rasterized.

    A figure that was published by the code of now was drawn, from these tables: the manifest has both.
    """
    paper, _, figure = rule.partition("_")
    if read_manifest(PUBLISHED.parent)["drawn_by"].get(rule) == package.code_of(of_figure(paper, figure)):
        return
    with style():
        drawn = _drawn(rule)
        drawn.draw_without_rendering()
        plt.close(drawn)
    assert drawn.get_figwidth() in (FULL, HALF)
