"""Predictions on single points, and their distance from the widest net's."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.distances import by_seed, curves, relative_distance, to_widest, trend
from infwidth.analysis.table import Table, Tables
from infwidth.plotting import guides, legends
from infwidth.plotting.axes import log_heights, step_axis, width_axis
from infwidth.plotting.lines import points, single_nets
from infwidth.plotting.style import FULL, GUIDE, width_colours
from infwidth.topics.consistency import panels


def fig2(tables: Tables) -> Figure:
    """Correct logit of one point, a line a net (left); distance of all followed logits from the widest's (right)."""
    tasks = panels.by_task(tables, ("vision_online", "language"))
    figure, rows = plt.subplots(2, 2, figsize=(FULL, 4.8), width_ratios=(3, 2))
    for (left, right), (task, table) in zip(rows, tasks.items(), strict=True):
        single_nets(left, panels.after_start(table.at(index=0).nets("correct_logit")), linewidth=0.8, alpha=0.8)
        step_axis(left)
        left.set(title=task, ylabel="logit of the correct answer,\nless the mean over answers")
        _draw_distances(right, table)
    of_widths = legends.widths(panels.all_widths(tasks.values()))
    legends.below(figure, [*of_widths, legends.guide(r"$\propto\sqrt{1/N + 1/N_{max}}$")])
    return figure


def _draw_distances(axes: Axes, table: Table) -> None:
    """Draw the distances with what independent deviations of both nets, each of order N^−1/2, would give."""
    distances, widest = to_widest(curves(table, metric="correct_logit"), relative_distance), max(table.values("width"))
    points(axes, by_seed(distances), colours=width_colours(distances.width))
    means = distances.groupby("width").value.mean()
    shape = np.sqrt(1 / means.index.to_numpy(float) + 1 / widest)
    axes.plot(means.index, shape * np.exp(np.mean(np.log(means.to_numpy() / shape))), zorder=1, **GUIDE)
    axes.set_title(guides.slope_text(distances, of=trend), fontsize=7.5)
    log_heights(axes)
    width_axis(axes, distances.width)
    axes.set_ylabel(f"distance from N = {widest}")
