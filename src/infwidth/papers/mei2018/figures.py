"""The figure of the mean-field limit: tables in, figure out."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from infwidth.analysis.claims import Tables
from infwidth.papers.mei2018.measured import at_the_end, gap_of_reduced
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.shapes import curve_with_band, errors_against_width, guide
from infwidth.plotting.style import DASHED, LIMIT, width_colours
from infwidth.plotting.widths import width_legend


def radial(tables: Tables) -> Figure:
    """Densities of radii in time (top); risks, distances from the limit, and the gap of the reduced one (bottom)."""
    table = tables["particles"]
    shown = sorted(table[table.metric == "density"].step.unique())
    figure = plt.figure(figsize=(8.6, 5.0))
    (top,), (bottom,) = figure.subfigures(2, 1, height_ratios=(1, 1.25), squeeze=False)
    for axes, step in zip(top.subplots(1, len(shown), sharex=True), shown, strict=True):
        _densities(axes, table, step)
    top.axes[0].set_ylabel("density")
    left, middle, right = bottom.subplots(1, 3, width_ratios=(1.35, 1, 0.8))
    _risks(left, tables)
    _distances(middle, table)
    _reduced(right, tables["reduced"])
    return figure


def _densities(axes: Axes, table: pd.DataFrame, step: int) -> None:
    widest = table.width.max()
    colour = width_colours(table.width.unique().tolist())[widest]
    table = table[table.width == widest]
    here, centres = table[table.step == step], table[table.metric == "bin_centre"].value.to_numpy()
    of_nets, of_limit = (here[here.metric == m].value.to_numpy() for m in ("density", "limit_density"))
    bin_width = centres[1] - centres[0]
    axes.bar(centres, of_nets, bin_width, color=colour, alpha=0.5)
    axes.stairs(of_limit, np.append(centres - bin_width / 2, centres[-1] + bin_width / 2), **LIMIT)
    axes.set(xlabel="radius |θ|", title=f"t = {step * table.lr.iloc[0]:g}")


def _risks(axes: Axes, tables: Tables) -> None:
    table, reduced = tables["particles"], tables["reduced"]
    of_nets = table[table.metric == "risk"].assign(time=table.step * table.lr)
    widths = table.width.unique().tolist()
    for width, colour in width_colours(widths).items():
        curve_with_band(axes, of_nets[of_nets.width == width], x="time", color=colour)
    same = reduced[reduced.dimension == table.dimension.iloc[0]]
    for metric, line in (("risk", "-"), ("reduced_risk", DASHED)):
        rows = same[same.metric == metric]
        axes.plot(rows.step * rows.lr, rows.value, **{**LIMIT, "linestyle": line})
    lines = [Line2D([], [], **LIMIT, label="N = ∞"), Line2D([], [], **LIMIT, linestyle=DASHED, label="and d = ∞")]
    width_legend(axes, widths, *lines, fontsize=7)
    axes.set(xlabel="time t", ylabel="risk", ylim=(0, None))


def _distances(axes: Axes, table: pd.DataFrame) -> None:
    final, widths = at_the_end(table), np.array(sorted(table.width.unique()), float)
    for metric, label, fill in (("distance", "functions (rms)", "full"), ("wasserstein", "radii", "none")):
        rows = final[final.metric == metric]
        errors_against_width(axes, rows, color="0.2", linestyle="", marker="o", fillstyle=fill, label=label)
        height = rows[rows.width == widths[0]].value.mean()
        guide(axes, widths, exponent=-0.5, at=height, label="")
    width_axis(axes, table.width.unique().tolist())
    log_heights(axes)
    axes.set_ylabel("distance from the limit")
    axes.legend(fontsize=7, title="dotted: $N^{-1/2}$", title_fontsize=7)


def _reduced(axes: Axes, table: pd.DataFrame) -> None:
    gap = gap_of_reduced(table)
    axes.plot(gap.dimension, gap.value, color="0.2", linestyle="", marker="o")
    guide(axes, gap.dimension.to_numpy(float), exponent=-1, at=gap.value.iloc[0], label="$d^{-1}$")
    width_axis(axes, gap.dimension.tolist())
    axes.set_ymargin(0.12)
    log_heights(axes)
    axes.set(xlabel="dimension d", ylabel="gap of the reduced risk")
