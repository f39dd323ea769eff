"""Panels that several figures of the tutorial share."""

from collections.abc import Callable
from typing import Any

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table
from infwidth.papers.karkada2024.measured import CHANCE, VERTICES
from infwidth.plotting import legends
from infwidth.plotting.lines import curve
from infwidth.plotting.style import DOTTED, FULL, GUIDE, richness_colour

#: Metric → name of the axis, and what a net without a clue has on ten balanced classes: the mean squared error of the
#: constant 1/10 against one-hot labels, and the accuracy of guessing.
_CLUELESS = {
    "test_loss": ("test loss (mean squared error)", CHANCE, "constant 1/10"),
    "test_accuracy": ("test accuracy", 0.1, "guessing"),
}

#: Wide ones below, so that curves that coincide are all seen.
_GAUGE_LINES: dict[str, dict[str, Any]] = {
    "stp": {"linewidth": 4.6, "alpha": 0.35},
    "mup_gauge": {"linewidth": 1.9},
    "rescaling_gauge": {"linewidth": 1.4, "linestyle": DOTTED, "color": "0.15"},
}


def five_curves(axes: Axes, table: Table, metric: str) -> None:
    """Draw the mean over seeds in the named parametrizations: colour is the richness, width and dots the gauge."""
    rows = table.nets(metric)
    for richness, gauge in VERTICES.values():
        one = rows[(rows.richness == richness) & (rows.gauge == gauge)]
        if len(one):
            curve(axes, one, band=False, **line_of(richness, gauge))
    first_steps_axis(axes)


def line_of(richness: str, gauge: str) -> dict[str, Any]:
    """Return how the net of a richness and gauge is drawn."""
    return {"color": richness_colour(richness), "linestyle": "-"} | _GAUGE_LINES[gauge]


def five_handles(table: Table) -> list[Any]:
    """Return what a legend says of the named parametrizations that a table has."""
    there = set(zip(table.frame.richness, table.frame.gauge, strict=True))
    return [legends.line(name, **line_of(*vertex)) for name, vertex in VERTICES.items() if vertex in there]


def first_steps_axis(axes: Axes) -> None:
    """Make the horizontal axis training steps, logarithmic from the first one and with zero on it."""
    axes.set_xscale("symlog", linthresh=1)
    axes.set_xlim(left=0)
    axes.set_xlabel("training step")


def loss_and_accuracy(draw: Callable[[Axes, str], None], handles: list[Any]) -> Figure:
    """Draw test loss and test accuracy side by side, each with what a net without a clue reaches on ten classes.

    ``draw`` puts one metric of the nets on an axis.
    """
    figure, row = plt.subplots(1, 2, figsize=(FULL, 2.7))
    for axes, (metric, (label, level, name)) in zip(row, _CLUELESS.items(), strict=True):
        draw(axes, metric)
        first_steps_axis(axes)
        axes.set_ylabel(label)
        axes.axhline(level, **GUIDE)
        axes.annotate(
            name, (0.01, level), (0, 2), xycoords=("axes fraction", "data"), textcoords="offset points", fontsize=7,
            color="0.35",
        )  # fmt: skip
    legends.below(figure, handles)
    return figure
