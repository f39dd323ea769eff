"""Fluctuations of finite width: the figures, drawn from smoke tables."""

from importlib import import_module

import pytest
from matplotlib import pyplot as plt

from infwidth.analysis.table import Table
from infwidth.experiments.papers import load_paper
from infwidth.plotting.style import style
from infwidth.results.tables import gather
from infwidth.solve import solve

_FIGURES = (
    "two_layer_variance",
    "n_scaling",
    "linear_two_layer",
    "catapult",
    "online_linear",
    "lazy_modes",
    "deep_linear",
    "init_kernels",
)


@pytest.fixture(scope="module")
def tables() -> dict[str, Table]:
    """Return the tables at smoke scale of what needs no images."""
    return {
        name: Table(gather({c.id: solve(c.spec.solve, None) for c in cells}, {c.id: c.axes for c in cells}), name)
        for name, cells in load_paper("bordelon2023", "smoke").cells.items()
    }


@pytest.mark.parametrize("figure", _FIGURES)
def test_figures_are_drawn_from_smoke_tables(figure: str, tables: dict[str, Table]) -> None:
    with style():
        drawn = getattr(import_module(f"infwidth.papers.bordelon2023.figures.{figure}"), figure)(tables)
        assert all(axes.has_data() for axes in drawn.axes)
        plt.close(drawn)
