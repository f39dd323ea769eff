"""Departures from the limit against the width."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.statistics import slope_of_means
from infwidth.analysis.table import Table, Tables
from infwidth.papers.bordelon2023.measured import after_start, over_training, squared_mean
from infwidth.plotting import legends
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.lines import points
from infwidth.plotting.style import DASHED, FULL, GUIDE, LIMIT
from infwidth.plotting.text import with_interval

_TITLES = {
    "error": "error Δ of the example",
    "prediction": "prediction f at a test point",
    "kernel": "tangent kernel K",
    "cross_kernel": "kernel K between both",
}


def n_scaling(tables: Tables) -> Figure:
    """Mean square and squared mean of the departure of four order parameters."""
    table = tables["width_variance"]
    figure, axes = plt.subplots(2, 2, figsize=(FULL, 4.7), sharex=True)
    for of, (layer, title) in zip(axes.flat, _TITLES.items(), strict=True):
        _departures(of, table, layer)
        of.set_title(title)
    axes[0, 0].set_xlabel("")
    axes[0, 1].set_xlabel("")
    marks = {"marker": "D", "linestyle": "", "fillstyle": "none"}
    legends.below(
        figure,
        [
            legends.line("mean square departure", marker="o", linestyle=""),
            legends.limit("theory's variance/N"),
            legends.line("squared mean departure", **marks),
            legends.limit("theory's (shift/N)²", linestyle=DASHED),
            legends.guide("variance / (N × nets): chance"),
        ],
        ncols=3,
    )
    return figure


def _departures(axes: Axes, table: Table, layer: str) -> None:
    rows, means = over_training(table, "departure", layer), squared_mean(table, layer)
    limit = after_start(table, layer).at(width=max)
    variance = limit.limit("fluctuation").value.mean()
    shift = (limit.limit("shift").value ** 2).mean()
    widths = np.array(table.values("width"))
    nets = _nets(table)
    points(axes, rows, linestyle="")
    axes.plot(means.width, means.value, marker="D", linestyle="", color="0.35", fillstyle="none", markersize=4)
    axes.plot(widths, variance / widths, **LIMIT)
    axes.plot(widths, shift / widths**2, **LIMIT | {"linestyle": DASHED})
    axes.plot(widths, variance / widths / nets, **GUIDE)
    log_heights(axes)
    width_axis(axes, widths)
    if len(widths) > 2:
        slope = with_interval(slope_of_means(rows, x="width", log_y=True))
        axes.annotate(f"slope {slope}", (0.97, 0.95), xycoords="axes fraction", ha="right", va="top", fontsize=7.5)


def _nets(table: Table) -> float:
    """Return how many nets the mean is over, from the members that a group's variance and mean square tell."""
    of = table.at(layer="kernel").nets("departure", "mean_departure", "fluctuation")
    wide = of[of.step > 0].pivot_table(index=["width", "step", "seed"], columns="metric", values="value").reset_index()
    spread = (wide.departure - wide.mean_departure**2) * wide.width / wide.fluctuation  # (n − 1)/n
    return round(1 / (1 - spread.mean())) * len(table.seeds())
