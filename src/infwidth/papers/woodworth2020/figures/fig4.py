"""Nonlinear nets by initial scale: functions on the circle, and errors there and on digits."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.woodworth2020.measured import with_scale
from infwidth.papers.woodworth2020.panels import scale_axis
from infwidth.plotting import legends
from infwidth.plotting.lines import curve
from infwidth.plotting.style import FULL, GUIDE, LAZY, PAIR, RICH, depth_colours


def fig4(tables: Tables) -> Figure:
    """Functions on the circle (left), their errors (middle), errors on digits (right), against the scale α."""
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(FULL, 2.8))
    circle = tables["circle"]
    _functions(left, circle.at(n_hidden=min))
    layers = circle.values("n_hidden")
    colours = depth_colours(n + 1 for n in layers)
    for n in layers:
        of = circle.at(n_hidden=n)
        rows = with_scale(of, of.nets("test_error"))
        curve(middle, rows, x="scale", color=colours[n + 1])
    scale_axis(middle, rows)
    middle.set(ylabel="error on the circle", ylim=(0, None))
    _digits(right, tables["digits"])
    words = [legends.line("small α", color=RICH), legends.line("large α", color=LAZY), legends.guide("teacher")]
    legends.below(figure, [*words, *(legends.line(f"D = {d}", color=colour) for d, colour in colours.items())])
    return figure


def _functions(axes: Axes, table: Table) -> None:
    γ = table.limit("angle").sort_values("index").value.to_numpy()
    axes.plot(γ, table.limit("target").sort_values("index").value, **GUIDE)
    rows = table.nets("output")
    for place, colour in ((rows.step.min(), RICH), (rows.step.max(), LAZY)):
        axes.plot(γ, rows[rows.step == place].sort_values("index").value, color=colour)
    at, labels = (table.limit(name).sort_values("index").value for name in ("example_angle", "label"))
    axes.plot(at, labels, linestyle="", marker="o", color="0.2", markersize=3.5, zorder=4)
    axes.set(xlabel="angle", ylabel="output", xlim=(-np.pi, np.pi))
    axes.set_xticks([-np.pi, 0, np.pi], ["−π", "0", "π"])


def _digits(axes: Axes, table: Table) -> None:
    errors = with_scale(table, table.nets("test_error"))
    right = with_scale(table, table.nets("test_accuracy"))
    curve(axes, errors, x="scale", color=PAIR[0], label="mean square")
    curve(axes, right.assign(value=1 - right.value), x="scale", color=PAIR[1], label="wrong signs")
    scale_axis(axes, errors)
    axes.set(ylabel="error on new digits", ylim=(0, None))
    axes.legend(loc="best", handlelength=1.4)
