"""Figures: a paper's drawing function applied to its tables, saved as PDF and PNG."""

from collections.abc import Mapping
from pathlib import Path

from infwidth.analysis.table import Table
from infwidth.papers import figure_function
from infwidth.plotting.save import save_figure
from infwidth.plotting.style import style
from infwidth.results.tables import read_table


def draw(paper: str, figure: str, tables: Mapping[str, Path], *, pdf: Path, png: Path) -> None:
    """Draw one figure from its tables (experiment → CSV)."""
    with style():
        from matplotlib import pyplot as plt

        drawn = figure_function(paper, figure)({name: Table(read_table(path), name) for name, path in tables.items()})
        save_figure(drawn, pdf, png)
        plt.close(drawn)
