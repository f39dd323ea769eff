"""Predictions on single points converge."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.claims import Tables
from infwidth.analysis.distances import curves, relative_distance, to_widest
from infwidth.plotting.axes import log_heights, step_axis, width_axis
from infwidth.plotting.shapes import errors_against_width
from infwidth.plotting.style import width_colours
from infwidth.plotting.widths import guide_above, width_legend

_ROWS = {"vision_online": "vision", "language": "language"}
#: The held-out point of the left panels.
_POINT = 0


def fig2(tables: Tables) -> Figure:
    """Correct logit of one point, a line a net (left); distance of all followed logits from the widest's (right)."""
    figure, rows = plt.subplots(2, 2, figsize=(7.2, 5.0), width_ratios=(3, 2))
    for (left, right), (experiment, task) in zip(rows, _ROWS.items(), strict=True):
        _draw_seeds(left, tables[experiment])
        left.set_title(task)
        _draw_distances(right, tables[experiment])
    return figure


def _draw_seeds(axes: Axes, table: pd.DataFrame) -> None:
    rows = table[(table.metric == "correct_logit") & (table["index"] == _POINT) & (table.step >= 1)]
    colours = width_colours(rows.width.unique().tolist())
    for width, colour in colours.items():
        for _, net in rows[rows.width == width].groupby("seed"):
            axes.plot(net.step, net.value, color=colour, linewidth=0.8)
    step_axis(axes)
    axes.set_ylabel("logit of the correct answer")
    width_legend(axes, list(colours), loc="upper left")


def _draw_distances(axes: Axes, table: pd.DataFrame) -> None:
    distances = to_widest(curves(table, metric="correct_logit"), relative_distance)
    errors_against_width(axes, distances, color="0.25", marker="o", linestyle="-", linewidth=1.1)
    guide_above(axes, distances, exponent=-0.5, label="$N^{-1/2}$")
    log_heights(axes)
    width_axis(axes, distances.width.astype(int).tolist())
    axes.set_ylabel(f"distance from N = {table.width.max()}")
