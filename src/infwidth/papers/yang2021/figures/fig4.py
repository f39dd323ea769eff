"""Losses of finite linear and quadratic nets beside their exact limit."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from infwidth.analysis.table import Table, Tables
from infwidth.plotting import guides, legends
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.style import FULL, width_colours

_NETS = {"square": ("φ(x) = x²", "^"), "linear": ("φ(x) = x", "o")}
#: Title of a column → number of hidden layers, and whether backpropagation is decoupled (not asked with one).
_COLUMNS: dict[str, tuple[int, bool | None]] = {
    "two hidden layers, decoupled": (2, True),
    "two hidden layers": (2, False),
    "one hidden layer": (1, None),
}


def fig4(tables: Tables) -> Figure:
    """Loss against steps of quadratic nets (top) and linear nets (middle), and its scatter against width (bottom)."""
    figure, panels = plt.subplots(3, 3, figsize=(FULL, 5.6), height_ratios=(1, 1, 1))
    widths: set[int] = set()
    for row, (nets, (formula, marker)) in zip(panels, _NETS.items(), strict=False):
        for axes, scatter, (depth, decoupled) in zip(row, panels[-1], _COLUMNS.values(), strict=True):
            table = tables[f"{nets}_depth{depth}"]
            table = table if decoupled is None else table.at(decoupled=decoupled)
            widths |= {int(width) for width in table.values("width")}
            _draw_losses(axes, table)
            _draw_scatter(scatter, table, marker)
        row[0].set_ylabel(f"loss, {formula}")
    for above, middle, below, title in zip(*panels, _COLUMNS, strict=True):
        above.set_title(title)
        middle.set_xlabel("training step")
        log_heights(below)
        width_axis(below, widths, "width n")
    panels[-1, 0].set_ylabel("rms over nets and\nsteps of loss − limit")
    marks = [legends.line(formula, marker=marker, linestyle="") for formula, marker in _NETS.values()]
    limit = legends.limit("n = ∞", marker="o", markersize=3, linestyle="")
    legends.below(figure, [*legends.widths(widths, symbol="n"), limit, *marks, legends.guide("slope −1/2")])
    return figure


def _draw_losses(axes: Axes, table: Table) -> None:
    """Draw the mean loss over nets with one standard deviation, a colour a width; the limit as dots upon it."""
    losses = table.nets("loss")
    for order, (width, colour) in enumerate(width_colours(losses.width).items()):
        at = losses[losses.width == width].groupby("step").value.agg(["mean", "std"])
        low, high = at["mean"] - at["std"], at["mean"] + at["std"]
        axes.fill_between(at.index, low, high, color=colour, alpha=0.35, linewidth=0, zorder=order)
        axes.plot(at.index, at["mean"], color=colour, linewidth=1.2, zorder=10 + order)
    limit = table.at(width=max).limit("limit_loss").sort_values("step")
    axes.plot(limit.step, limit.value, "o", markersize=3, color="black", zorder=30)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))


def _draw_scatter(axes: Axes, table: Table, marker: str) -> None:
    """Draw how far finite nets are from the limit against width, all seeds and steps together."""
    limit = table.limit("limit_loss").set_index(["width", "step"]).value
    losses = table.nets("loss").set_index(["width", "step"]).value
    squares = (losses - limit.reindex(losses.index)) ** 2
    rms = squares.groupby("width").mean().map(np.sqrt)
    rows = pd.DataFrame({"width": rms.index, "value": rms.to_numpy()})
    for width, colour in width_colours(rows.width).items():
        axes.plot([width], [rms[width]], marker, color=colour, markersize=5)
    guides.power_law(axes, rows, slope=-0.5)
