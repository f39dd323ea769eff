"""The papers on tangent kernels and lazy nets: every figure is drawn, and every claim judged, at smoke scale."""

from importlib import import_module
from pathlib import Path

import pytest
from matplotlib import pyplot as plt

from builders import expanded
from infwidth.analysis.claims import ledger
from infwidth.analysis.table import Table
from infwidth.data.load import load_data
from infwidth.errors import SpecError
from infwidth.experiments.papers import load_paper
from infwidth.papers import paper_module
from infwidth.plotting.style import style
from infwidth.results.tables import gather
from infwidth.solve import solve

FIGURES = {
    "jacot2018": ["fig1", "fig2", "fig3"],
    "lee2019": ["fig1", "fig2", "fig3"],
    "arora2019": ["table1"],
    "chizat2019": ["fig1", "fig2", "fig3"],
    "geiger2020": ["test_error", "variance", "time_dynamics", "kernel_dyn", "weights"],
}


@pytest.fixture(scope="module", params=FIGURES)
def paper(request: pytest.FixtureRequest, mnist5k: Path) -> tuple[str, dict[str, Table]]:
    """Return a paper and its tables at smoke scale."""
    tables, rows = {}, {}
    for name, cells in load_paper(request.param, "smoke").cells.items():
        for cell in cells:
            if cell.id not in rows:  # experiments may share cells
                data = cell.spec.data and load_data(mnist5k.parent, cell.spec.data.model_dump())
                rows[cell.id] = solve(cell.spec.solve, data)
        tables[name] = Table(gather({cell.id: rows[cell.id] for cell in cells}, {c.id: c.axes for c in cells}), name)
    return request.param, tables


def test_figures_are_drawn(paper: tuple[str, dict[str, Table]]) -> None:
    name, tables = paper
    for figure in FIGURES[name]:
        draw = getattr(import_module(f"infwidth.papers.{name}.figures.{figure}"), figure)
        with style():
            drawn = draw(tables)
            drawn.canvas.draw()
            plt.close(drawn)


def test_claims_are_judged(paper: tuple[str, dict[str, Table]]) -> None:
    name, tables = paper
    verdicts = ledger(name, paper_module(name, "claims").CLAIMS, tables)
    assert set(verdicts.verdict) <= {"reproduced", "inconclusive", "not reproduced"}
    assert verdicts.measured.notna().all()


def test_depths_of_convolutional_kernels_rise() -> None:
    data = {"name": "mnist5k", "image_size": 4, "train_size": 20, "test_size": 10, "normalization": "standardize"}
    block = {"name": "cntk", "depths": [4, 3], "n_parts": 2, "ridge": 0.0}
    with pytest.raises(SpecError, match="depths must rise from 2"):
        expanded(solve=block, data=data)
