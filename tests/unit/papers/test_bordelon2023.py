"""Fluctuations of finite width: the figures, drawn from smoke tables."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from matplotlib import pyplot as plt

from infwidth.analysis.table import Table
from infwidth.data.load import load_data
from infwidth.experiments.papers import load_paper
from infwidth.plotting.style import style
from infwidth.results.tables import gather
from infwidth.solve import solve
from infwidth.specs.cells import Solve

_FIGURES = (
    "two_layer_variance",
    "n_scaling",
    "linear_two_layer",
    "catapult",
    "online_linear",
    "lazy_modes",
    "deep_linear",
    "init_kernels",
    "cnn_ensembles",
)


@pytest.fixture(scope="module")
def tables(mnist5k: Path) -> dict[str, Table]:
    """Return the tables at smoke scale."""

    def rows(spec: Solve[Any]) -> pd.DataFrame:
        return solve(spec.solve, spec.data and load_data(mnist5k.parent, spec.data.model_dump()))

    return {
        name: Table(gather({c.id: rows(c.spec) for c in cells}, {c.id: c.axes for c in cells}), name)
        for name, cells in load_paper("bordelon2023", "smoke").cells.items()
    }


@pytest.mark.parametrize("figure", _FIGURES)
def test_figures_are_drawn_from_smoke_tables(figure: str, tables: dict[str, Table]) -> None:
    with style():
        drawn = getattr(import_module(f"infwidth.papers.bordelon2023.figures.{figure}"), figure)(tables)
        assert all(axes.has_data() for axes in drawn.axes)
        plt.close(drawn)
