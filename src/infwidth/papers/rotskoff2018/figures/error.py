"""A random cubic function on the sphere, learned by n units: on a circle, in time, and by n."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.plotting import guides, legends
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.lines import curves, points
from infwidth.plotting.style import FULL, GUIDE, width_colours

#: How marks of an activation are filled, and its name.
_FILLS = {"tanh": ("full", "tanh"), "relu": ("none", "ReLU")}


def error(tables: Tables) -> Figure:
    """The target on a circle (left), errors in time (middle) and at the end (right)."""
    table = tables["spins"]
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(FULL, 2.7))
    tanh = table.at(activation="tanh")
    _circle(left, tanh)
    curves(middle, tanh.nets("test_error"))
    log_heights(middle)
    middle.set(xlabel="training step", ylabel="relative error")
    _by_width(right, table)
    legends.below(figure, [*legends.widths(table.values("width"), symbol="n"), legends.guide("target; slope −1")])
    return figure


def _circle(axes: Axes, table: Table) -> None:
    colours = width_colours(table.values("width"))
    for width in (min(colours), max(colours)):
        of = table.at(width=width)
        γ = of.limit("angle").sort_values("index").value
        axes.plot(γ, of.nets("output").sort_values("index").value, color=colours[width])
    axes.plot(γ, of.limit("target").sort_values("index").value, **GUIDE | {"zorder": 4, "linewidth": 1.3})
    axes.set(xlabel="angle", ylabel="output", xlim=(-np.pi, np.pi))
    axes.set_xticks([-np.pi, 0, np.pi], ["−π", "0", "π"])


def _by_width(axes: Axes, table: Table) -> None:
    words = []
    for activation in table.values("activation"):
        fill, name = _FILLS[activation]
        rows = table.at(activation=activation).at_end().nets("test_error")
        points(axes, rows, linestyle="", fillstyle=fill, markeredgecolor="0.35")
        guides.power_law(axes, rows, slope=-1)
        words.append(
            legends.line(f"{name}\n{guides.slope_text(rows)}".strip(), marker="o", linestyle="", fillstyle=fill)
        )
    log_heights(axes)
    width_axis(axes, table.values("width"), "units n")
    axes.set_ylabel("relative error at the end")
    legends.inside(axes, words, "lower left", fontsize=7, handlelength=1.0)
