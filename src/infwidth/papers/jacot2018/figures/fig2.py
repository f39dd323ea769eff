"""Percentiles of functions of trained nets beside those of the Gaussian limit."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.special import ndtri

from infwidth.analysis.table import Table, Tables
from infwidth.plotting import legends
from infwidth.plotting.axes import width_axis
from infwidth.plotting.lines import points
from infwidth.plotting.style import DASHED, FULL, GUIDE, LIMIT, width_colours

_PERCENTILES = (10, 50, 90)


def fig2(tables: Tables) -> Figure:
    """Functions on the circle (left), and their variance in units of the limit's (right)."""
    table = tables["circle_functions"]
    figure, (functions, variances) = plt.subplots(1, 2, figsize=(FULL, 3.0), width_ratios=(2.2, 1))
    _functions(functions, table)
    rows = table.nets("square")
    colours = width_colours(table.values("width"))
    points(variances, rows, linestyle="", colours=colours)
    variances.axhline(1, zorder=1, **LIMIT)
    variances.set(title="variance about the mean", ylabel="in units of the limit's", ylim=(0, None))
    width_axis(variances, table.values("width"), "width n")
    variances.set_xlim(min(colours) / 2, max(colours) * 2)
    of_nets = legends.widths(table.values("width"), symbol="n", linestyle=DASHED)
    handles = [
        *of_nets,
        legends.limit("n = ∞"),
        legends.guide("target x₁x₂"),
        legends.line("examples", marker="o", linestyle=""),
    ]
    legends.below(figure, handles)
    return figure


def _functions(axes: Axes, table: Table) -> None:
    angles = table.limit("angle").drop_duplicates("index").set_index("index").value.sort_index().to_numpy()
    law = table.at(width=max)
    mean, deviation = (law.limit(name).sort_values("index").value.to_numpy() for name in ("mean", "deviation"))
    for percentile in _PERCENTILES:
        axes.plot(angles, mean + ndtri(percentile / 100) * deviation, zorder=2, **LIMIT)
    edge = ndtri(_PERCENTILES[-1] / 100) * deviation
    axes.fill_between(angles, mean - edge, mean + edge, color="black", alpha=0.08, linewidth=0)
    for width, colour in width_colours(table.values("width")).items():
        outputs = table.at(width=width).nets("output").pivot(index="seed", columns="index", values="value").to_numpy()
        for values in np.percentile(outputs, _PERCENTILES, axis=0):
            axes.plot(angles, values, color=colour, linestyle=DASHED, linewidth=1.1, zorder=3)
    axes.plot(angles, np.cos(angles) * np.sin(angles), zorder=1, **GUIDE)
    places = table.limit("example_angle").drop_duplicates("index").value
    axes.plot(places, np.cos(places) * np.sin(places), "o", color="0.25", zorder=4)
    axes.set(xlabel="angle γ", ylabel="f(x(γ))", title="10th, 50th and 90th percentiles")
