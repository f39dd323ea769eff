"""Trained nets of several widths and two depths beside the theory of their kernel."""

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.plotting import legends
from infwidth.plotting.style import DASHED, FULL, LIMIT, width_colours
from infwidth.topics.learning_curves.panels import dots, logarithmic, theory


def finite_nets(tables: Tables) -> Figure:
    """One panel a depth."""
    shallow, deep = tables["shallow_nets"], tables["deep_nets"]
    figure, axes = plt.subplots(1, 2, figsize=(FULL, 2.8))
    for panel, table, title in zip(axes, (shallow, deep), ("one hidden layer", "three hidden layers"), strict=True):
        _nets(panel, table)
        panel.set_title(title)
    widths = sorted({*shallow.values("width"), *deep.values("width")})
    words = legends.widths(widths, marker="o", linestyle="")
    words += [legends.line("kernel regression", color="black", marker="x", linestyle="")]
    words += [legends.limit("theory"), legends.limit("with the initial function", linestyle=DASHED)]
    legends.below(figure, words, ncols=len(words) // 2 + 1)
    return figure


def _nets(axes: Axes, table: Table) -> None:
    widest = table.at(width=max)
    for width, colour in width_colours(table.values("width")).items():
        dots(axes, table.at(width=width).nets("test_error"), colour)
    dots(axes, widest.nets("kernel_error"), LIMIT["color"], marker="x", markeredgecolor="black", markersize=3.5)
    theory(axes, widest.limit("kernel_error"))
    theory(axes, widest.limit("test_error"), linestyle=DASHED)
    logarithmic(axes, "test error / power")
