"""Losses of finite linear and quadratic nets beside their exact limit."""

from collections.abc import Mapping

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from infwidth.analysis.claims import Tables
from infwidth.plotting.style import LIMIT, width_colours
from infwidth.plotting.widths import width_handles

_NETS = {"square": "φ(x) = x²", "linear": "φ(x) = x"}
#: Title of a column → number of hidden layers, and whether backpropagation is decoupled (not asked with one).
_COLUMNS: dict[str, tuple[int, bool | None]] = {
    "two hidden layers, decoupled": (2, True),
    "two hidden layers": (2, False),
    "one hidden layer": (1, None),
}


def fig4(tables: Tables) -> Figure:
    """Loss against steps: quadratic nets (top) and linear nets (bottom); a column a depth and backpropagation."""
    widths = {int(width) for nets in _NETS for depth in (1, 2) for width in tables[f"{nets}_depth{depth}"].width}
    colours = width_colours(sorted(widths))
    figure, panels = plt.subplots(2, 3, figsize=(7.2, 4.2))
    for row, (nets, formula) in zip(panels, _NETS.items(), strict=True):
        for axes, (depth, decoupled) in zip(row, _COLUMNS.values(), strict=True):
            table = tables[f"{nets}_depth{depth}"]
            _draw_losses(axes, table if decoupled is None else table[table.decoupled == decoupled], colours)
        row[0].set_ylabel(f"loss, {formula}")
    for above, below, title in zip(*panels, _COLUMNS, strict=True):
        above.set_title(title)
        below.set_xlabel("training step")
    handles = width_handles(list(colours), symbol="n")
    handles.append(Line2D([], [], marker="o", markersize=3, label="n = ∞", **LIMIT))
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    return figure


def _draw_losses(axes: Axes, table: pd.DataFrame, colours: Mapping[int, object]) -> None:
    """Draw the mean loss over nets with one standard deviation, a colour a width; wide ones over narrow ones."""
    losses = table[table.metric == "loss"]
    for order, (width, colour) in enumerate(colours.items()):
        at = losses[losses.width == width].groupby("step").value.agg(["mean", "std"])
        if at.empty:
            continue
        axes.fill_between(
            at.index, at["mean"] - at["std"], at["mean"] + at["std"], color=colour, alpha=0.4, linewidth=0, zorder=order
        )
        axes.plot(at.index, at["mean"], color=colour, linewidth=1.2, zorder=10 + order)
    limit = table[(table.metric == "limit_loss") & (table.width == table.width.max())].sort_values("step")
    axes.plot(limit.step, limit.value, marker="o", markersize=3, zorder=30, **LIMIT | {"linewidth": 0.9})
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
