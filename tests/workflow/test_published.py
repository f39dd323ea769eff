"""Published results are whole, current, and what the code says of the published tables."""

import hashlib
import json
from pathlib import Path

import pandas as pd
import pytest

from infwidth.experiments.twins import is_twin
from infwidth.plan.graph import Graph, load_graph
from infwidth.report.ledger import collect, judge
from infwidth.report.readme import published_pages, with_published

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "results" / "published"
SCALES = sorted(path.name for path in PUBLISHED.iterdir())


def _manifest(scale: str) -> dict:
    return json.loads((PUBLISHED / scale / "MANIFEST.json").read_text())


def _graph(scale: str) -> Graph:
    """Return the graph of the figures that were run at this scale."""
    left_out = _manifest(scale)["figures_not_run"]
    figures = [figure.rule for figure in load_graph(scale).figures if figure.rule not in left_out]
    return load_graph(scale, ",".join(figures))


def test_laptop_is_published_whole() -> None:
    assert "laptop" in SCALES
    assert _manifest("laptop")["figures_not_run"] == []


@pytest.mark.parametrize("scale", SCALES)
def test_files_are_what_the_manifest_says(scale: str) -> None:
    manifest = _manifest(scale)
    found = {
        path.relative_to(PUBLISHED / scale).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (PUBLISHED / scale).rglob("*")
        if path.is_file() and path.name != "MANIFEST.json" and path.suffix != ".md"
    }
    assert found == manifest["sha256"]
    assert manifest["uncommitted_changes"] is False


@pytest.mark.parametrize("scale", SCALES)
def test_published_cells_are_those_of_the_experiments(scale: str) -> None:
    """A change of any hyperparameter changes a cell's name: whoever makes it has to publish anew."""
    graph = _graph(scale)
    published = set(pd.read_csv(PUBLISHED / scale / "cells.csv").cell)
    twins = {name for name, cell in graph.cells.items() if is_twin(cell)}
    assert published | twins == set(graph.cells)
    assert not twins & published or twins <= published, (
        "a scale has rounding twins, or it was run before there were any"
    )
    assert {path.stem for path in (PUBLISHED / scale / "figures").glob("*.png")} == {f.rule for f in graph.figures}


@pytest.mark.parametrize("scale", SCALES)
def test_published_claims_are_judged_anew_the_same(scale: str, tmp_path: Path) -> None:
    parts = []
    for name, paper in _graph(scale).papers.items():
        if paper.figures:
            parts.append(tmp_path / f"{name}.csv")
            tables = {(of, table): PUBLISHED / scale / "tables" / of / f"{table}.parquet" for of, table in paper.tables}
            judge(name, tables, parts[-1], [figure.name for figure in paper.figures])
    collect(parts, tmp_path / "claims.csv")
    pd.testing.assert_frame_equal(
        pd.read_csv(tmp_path / "claims.csv"), pd.read_csv(PUBLISHED / scale / "claims.csv"), rtol=1e-9
    )


@pytest.mark.parametrize("scale", SCALES)
def test_pages_are_those_of_the_published_results(scale: str) -> None:
    found = {
        path.relative_to(PUBLISHED / scale).as_posix(): path.read_text(encoding="utf-8")
        for path in (PUBLISHED / scale).rglob("*.md")
    }
    assert found == published_pages(PUBLISHED / scale), "run: ./run python -m infwidth readme"


def test_readme_shows_the_published_verdicts() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert readme == with_published(readme, PUBLISHED), "run: ./run python -m infwidth readme"
