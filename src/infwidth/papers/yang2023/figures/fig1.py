"""The plane of depthwise parametrizations with what was measured on it, and the parametrizations as tables."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.yang2023.measured import plane
from infwidth.plotting.style import DIVERGING, DOTTED, FULL, RICH
from infwidth.plotting.tables import text_table

#: How the best parametrization of the depth is made from that at depth one: Table 1 of the paper.
_DEPTH = (
    ("depth L", "branch", "SGD", "Adam"),
    ("standard", "1", "tuned", "tuned"),
    ("Depth-μP", "a/√L", "η", "η/√L"),
)
#: And of the width: Table 2, with weights that are multiplied as they are.
_WIDTH = (
    ("width n", "input", "hidden", "output"),
    ("init variance", "1", "1/n", "1/n²"),
    ("SGD rate", "n", "1", "1/n"),
    ("Adam rate", "1", "1/n", "1/n"),
)


def fig1(tables: Tables) -> Figure:
    """Draw regions and measured exponents (left), and the tables of depth and width (right)."""
    figure, panels = plt.subplot_mosaic(
        [["plane", "depth"], ["plane", "width"]], figsize=(FULL, 3.4), width_ratios=(1.25, 1)
    )
    _plane(panels["plane"], tables["depth_plane"])
    text_table(panels["depth"], _DEPTH, widths=(1.2, 0.9, 1, 1), fills={(2, i): "#fbeed5" for i in range(4)})
    text_table(panels["width"], _WIDTH, widths=(1.3, 0.8, 0.9, 0.9), fills={})
    return figure


def _plane(axes: Axes, table: Table) -> None:
    grid = plane(table)
    room = 0.12
    left, right = grid.alpha.min() - room, grid.alpha.max() + room
    low, high = grid.gamma.min() - room, grid.gamma.max() + 2.2 * room
    α = np.array([0.5, right])
    axes.fill_between([left, 0.5], low, high, color="0.88", linewidth=0)
    axes.fill_between(α, low, np.maximum(1 - α, low), color="#e7c9c3", linewidth=0)
    axes.fill_between(α, np.maximum(1 - α, low), high, color="#cdd9e8", linewidth=0)
    axes.plot([0.5, 1], [0.5, 0], color=RICH, linewidth=2.5, zorder=2)
    axes.plot([1, right], [0, 1 - right], color="0.4", linewidth=1, linestyle=DOTTED, zorder=2)
    axes.plot([0.5], [0.5], marker="*", markersize=17, color=RICH, markeredgecolor="0.15", zorder=3, linestyle="")
    stable = grid[grid.alpha >= 0.5]
    marks = axes.scatter(
        stable.alpha, stable.gamma, c=stable.growth, cmap=DIVERGING, vmin=-1, vmax=1, s=30, edgecolor="0.25",
        linewidth=0.6, zorder=4,
    )  # fmt: skip
    unstable = grid[grid.alpha < 0.5]
    axes.scatter(unstable.alpha, unstable.gamma, marker="x", s=22, color="0.45", linewidth=1, zorder=4)
    bar = axes.figure.colorbar(marks, ax=axes, shrink=0.85)
    bar.outline.set_visible(False)
    bar.set_label("exponent in L of one step's change", fontsize=8)
    axes.set(
        xlim=(left, right), ylim=(low, high), xlabel="α: branches times $L^{-α}$", ylabel="γ: updates times $L^{-γ}$"
    )
    for x, y, text, colour in (
        (left + 0.01, high - 0.09, "explodes at the start", "0.3"),
        (0.55, high - 0.1, "trivial", "#2f4b73"),
        (0.53, -0.125, "unstable", "#7d2a20"),
        (0.56, 0.54, "Depth-μP", "0.1"),
        (1.0, 0.03, "ODE", "0.1"),
    ):
        axes.annotate(text, (x, y), (3, 0), textcoords="offset points", fontsize=7.5, color=colour, va="center")
    axes.grid(visible=False)
