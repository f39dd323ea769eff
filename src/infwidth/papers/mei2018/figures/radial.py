"""Radial densities, risks and distances of two-layer nets beside their mean-field limit."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.mei2018.measured import gap_of_reduced
from infwidth.plotting import guides, legends
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.lines import curves, points
from infwidth.plotting.style import DASHED, FULL, LIMIT, width_colours

#: Distance → words, and how its mark is filled.
_DISTANCES = {"distance": ("functions (rms)", "full"), "wasserstein": ("radii", "none")}


def radial(tables: Tables) -> Figure:
    """Densities of radii in time (top); risks, distances from the limit, and the gap of the reduced one (bottom)."""
    table, reduced = tables["particles"], tables["reduced"]
    shown = table.at(metric="density").values("step")
    figure = plt.figure(figsize=(FULL, 4.7))
    (top,), (bottom,) = figure.subfigures(2, 1, height_ratios=(1, 1.25), squeeze=False)
    for axes, step in zip(top.subplots(1, len(shown)), shown, strict=True):
        _densities(axes, table, step)
    top.axes[0].set_ylabel("density")
    left, middle, right = bottom.subplots(1, 3, width_ratios=(1.35, 1.1, 0.9))
    _risks(left, table, reduced)
    _distances(middle, table)
    _reduced(right, reduced)
    widths = legends.widths(table.values("width"))
    limits = [legends.limit("N = ∞"), legends.limit("N = ∞, then d = ∞", linestyle=DASHED)]
    legends.below(figure, [*widths, *limits, legends.guide("slopes −1/2 (N), −1 (d)")], ncols=5)
    return figure


def _densities(axes: Axes, table: Table, step: int) -> None:
    """Draw the histogram of the widest nets and the limit's, where there is mass."""
    widest = table.at(width=max)
    (colour,) = width_colours(widest.values("width")).values()
    here = widest.at(step=step)
    centres = here.ensemble("bin_centre").value.to_numpy()
    of_nets, of_limit = here.ensemble("density").value.to_numpy(), here.limit("limit_density").value.to_numpy()
    half = (centres[1] - centres[0]) / 2
    edges = np.append(centres - half, centres[-1] + half)
    sns.histplot(x=centres, weights=of_nets, bins=edges.tolist(), color=colour, alpha=0.5, linewidth=0, ax=axes)
    axes.stairs(of_limit, edges, **LIMIT)
    axes.set(xlabel="radius |θ|", ylabel="", title=f"t = {step * widest.values('lr')[0]:g}")
    axes.set_xlim(edges[0], edges[-1])


def _risks(axes: Axes, table: Table, reduced: Table) -> None:
    of_nets = table.nets("risk")
    curves(axes, of_nets.assign(time=of_nets.step * of_nets.lr), x="time")
    same = reduced.at(dimension=table.values("dimension"))
    for metric, linestyle in (("risk", "-"), ("reduced_risk", DASHED)):
        rows = same.limit(metric)
        axes.plot(rows.step * rows.lr, rows.value, **{**LIMIT, "linestyle": linestyle})
    axes.set(xlabel="time t", ylabel="risk", ylim=(0, None))
    _residuals(axes.inset_axes((0.5, 0.5, 0.5, 0.48)), table, same)


def _residuals(axes: Axes, table: Table, same: Table) -> None:
    """Draw risks less that of the limit, on the same points as those of the nets."""
    of_nets, of_limit = table.nets("risk"), table.limit("limit_risk").set_index(["width", "step"]).value
    exact = of_limit.reindex(pd.MultiIndex.from_frame(of_nets[["width", "step"]])).to_numpy()
    curves(axes, of_nets.assign(time=of_nets.step * of_nets.lr, value=of_nets.value - exact), x="time", linewidth=1)
    limit, reduced = same.limit("risk"), same.limit("reduced_risk")
    time = limit.step * limit.lr
    axes.plot(time, reduced.value.to_numpy() - limit.value.to_numpy(), **{**LIMIT, "linestyle": DASHED})
    axes.set(xlabel="", ylabel="", xticks=[0, time.max()])
    axes.set_title("less that of N = ∞", fontsize=7)
    axes.tick_params(labelsize=6.5)


def _distances(axes: Axes, table: Table) -> None:
    words = []
    for metric, (name, fill) in _DISTANCES.items():
        rows = table.at_end().nets(metric)
        points(axes, rows, linestyle="", fillstyle=fill, markeredgecolor="0.35")
        guides.power_law(axes, rows, slope=-0.5)
        label = f"{name}\n{guides.slope_text(rows)}"
        words.append(legends.line(label, marker="o", linestyle="", fillstyle=fill))
    log_heights(axes)
    low, high = axes.get_ylim()
    axes.set_ylim(low / 2.5, high)
    width_axis(axes, table.values("width"))
    axes.set_ylabel("distance from the limit")
    legends.inside(axes, words, "lower left", fontsize=7, handlelength=1.0)


def _reduced(axes: Axes, table: Table) -> None:
    gap = gap_of_reduced(table)
    axes.plot(gap.dimension, gap.value, color="0.35", linestyle="", marker="o", markersize=5)
    guides.power_law(axes, gap, slope=-1, x="dimension")
    log_heights(axes)
    width_axis(axes, gap.dimension, "dimension d")
    axes.set_ylabel("gap of the reduced risk")
