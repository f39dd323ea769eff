"""Nets beside regression with their final kernels."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.atanasov2022.measured import long, of_sets
from infwidth.papers.atanasov2022.panels import alpha_colours, alphas, log_lengths, sample_axis
from infwidth.plotting import legends
from infwidth.plotting.axes import log_heights
from infwidth.plotting.lines import curve, points
from infwidth.plotting.style import FULL, GUIDE

_MARKS = ("o", "s", "^", "D", "v")


def fig3(tables: Tables) -> Figure:
    """Curves of the widest nets (left), and all settings against their kernels (right)."""
    table = tables["onset_nets"]
    colours, marks = alpha_colours(table.values("alpha")), dict(zip(table.values("width"), _MARKS, strict=False))
    figure, (left, right) = plt.subplots(1, 2, figsize=(FULL, 3.1))
    for alpha, colour in colours.items():
        at = table.at(width=max, alpha=alpha)
        curve(left, long(of_sets(at, "final_error")), band=False, color=colour)
        points(left, long(of_sets(at, "test_error")), x="step", color=colour, linestyle="", markersize=4)
    sample_axis(left)
    log_heights(left)
    left.set(title=f"N = {max(marks)}", ylabel="test error")
    for width, mark in marks.items():
        for alpha, colour in colours.items():
            _scatter(right, table.at(width=width, alpha=alpha), color=colour, marker=mark)
    log_lengths(right, "error of regression with a net's kernel")
    log_heights(right)
    ends = np.array([min(right.get_xlim()[0], right.get_ylim()[0]), max(right.get_xlim()[1], right.get_ylim()[1])])
    right.plot(ends, ends, zorder=1, **GUIDE)
    right.set(title="all widths and P", ylabel="error of the net")
    kinds = [
        legends.line("final kernel", marker="o", linestyle=""),
        legends.line("initial kernel", marker="o", linestyle="", fillstyle="none"),
    ]
    widths = [legends.line(f"N = {width}", marker=mark, linestyle="") for width, mark in marks.items()]
    legends.below(figure, [*alphas(colours), *kinds, *widths], ncols=4)
    return figure


def _scatter(axes: Axes, table: Table, *, color: object, marker: str) -> None:
    nets = of_sets(table, "test_error").mean(axis=1)
    for metric, fill in (("initial_error", "none"), ("final_error", "full")):
        kernels = of_sets(table, metric).mean(axis=1)
        axes.plot(kernels, nets, marker, color=color, markersize=4, fillstyle=fill, alpha=0.85)
