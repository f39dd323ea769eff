"""Depth of diagonal nets: what gradient flow implicitly minimises, and the transition between its two limits."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.woodworth2020.measured import depths, of_depth, over_limits, transitions, with_scale
from infwidth.papers.woodworth2020.panels import draw_limits, limit_lines, plain_decades, scale_axis
from infwidth.plotting import legends
from infwidth.plotting.axes import log_heights
from infwidth.plotting.lines import curve
from infwidth.plotting.style import FULL, GUIDE, depth_colours


def fig2(tables: Tables) -> Figure:
    """The function q_D and its value for sparse vectors (top), norm and error of what is found (bottom)."""
    table = tables["diagonal"]
    figure, ((shape, sparse), (norm, error)) = plt.subplots(2, 2, figsize=(FULL, 4.6))
    colours = depth_colours(depths(table))
    _shape(shape, table)
    _sparse(sparse, table)
    for depth, colour in colours.items():
        curve(norm, over_limits(table, depth), x="scale", color=colour)
        curve(error, of_depth(table, "excess_risk", depth), x="scale", color=colour)
    draw_limits(error, table, "excess_risk")
    log_heights(error)
    for axes in (norm, error):
        scale_axis(axes, of_depth(table, "excess_risk", min(colours)))
    norm.set_ylabel("excess ℓ1 norm, 1: least ℓ2")
    error.set_ylabel("population error ‖β − β*‖²")
    _name(norm, table)
    words = [legends.line(f"D = {depth}", color=colour) for depth, colour in colours.items()]
    legends.below(figure, [*words, *limit_lines()])
    return figure


def _name(axes: Axes, table: Table) -> None:
    """Write the depth beside each curve where it is half way."""
    for depth, rows in transitions(table, 0.5).groupby("depth"):
        axes.annotate(
            f"{depth}", (10 ** rows[0.5].mean(), 0.5), (-4, 0), textcoords="offset points", fontsize=7.5, ha="right",
            va="center", color="0.3",
        )  # fmt: skip


def _shape(axes: Axes, table: Table) -> None:
    ratio = table.limit("penalty_ratio").sort_values("index").value.to_numpy()
    for depth, colour in depth_colours(depths(table)).items():
        rows = table.at(layer=str(depth)).limit("penalty").sort_values("index")
        axes.plot(ratio, rows.value, color=colour)
    small, large = ratio < 0.3, ratio > 10
    axes.plot(ratio[small], ratio[small] ** 2, **GUIDE)
    axes.plot(ratio[large], ratio[large] / 4, **GUIDE)
    axes.set(xscale="log", yscale="log", xlabel=r"$\beta/\alpha^D$", ylabel=r"$q_D(\beta/\alpha^D)$")
    plain_decades(axes)


def _sparse(axes: Axes, table: Table) -> None:
    for depth, colour in depth_colours(depths(table)).items():
        rows = with_scale(table, table.at(layer=str(depth)).limit("penalty_of_sparse")).sort_values("scale")
        axes.plot(rows.scale, rows.value, color=colour)
    axes.axhline(1 / np.sqrt(table.values("dimension")[0]), **GUIDE)
    scale_axis(axes, rows)
    log_heights(axes)
    axes.set_ylabel("Q(sparse) / Q(dense)")
