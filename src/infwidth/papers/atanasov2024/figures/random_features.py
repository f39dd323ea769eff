"""Random features: learning curves, and the bias and variances that they consist of."""

import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.atanasov2024.panels import PARTS, beside_theory, data_axis
from infwidth.plotting import legends
from infwidth.plotting.axes import log_heights
from infwidth.plotting.lines import points
from infwidth.plotting.style import FULL, width_colours

_KINDS = {"deep": "two layers", "structured": "unequal variance", "relu": "ReLU"}


def random_features(tables: Tables) -> Figure:
    """Learning curves of widths and of kinds of features (top), and the parts of an error (bottom)."""
    figure = plt.figure(figsize=(FULL, 4.9))
    (top,), (bottom,) = figure.subfigures(2, 1, height_ratios=(1, 1.05), squeeze=False)
    left, right = top.subplots(1, 2)
    _widths(left, tables["widths"])
    _kinds(right, tables["kinds"])
    stacked, single = bottom.subplots(1, 2, width_ratios=(1.0, 1.0))
    _stack(stacked, tables["decomposition"])
    _parts(single, tables["decomposition"])
    parts = [legends.line(words, color=colour, linewidth=5) for words, colour in PARTS.values()]
    drawn = legends.line("drawn", marker="o", linestyle="")
    legends.below(figure, [drawn, legends.line("deterministic equivalent"), *parts], ncols=4)
    return figure


def _widths(axes: Axes, table: Table) -> None:
    colours = width_colours(table.values("width"))
    for width, colour in colours.items():
        of = table.at(width=width)
        beside_theory(axes, of.nets("test"), of.limit("test"), colour)
    data_axis(axes, "number of data P")
    log_heights(axes)
    axes.set(title="linear, power law", ylabel="test error")
    legends.inside(axes, legends.widths(colours), "upper right")


def _kinds(axes: Axes, table: Table) -> None:
    D, lines = table.values("dimension")[0], []
    for (kind, words), colour in zip(_KINDS.items(), sns.color_palette("deep", 3), strict=True):
        of = table.at(features=kind)
        beside_theory(axes, of.nets("test"), of.limit("test"), colour, unit=D)
        lines.append(legends.line(words, color=colour))
    data_axis(axes, "P/D")
    log_heights(axes)
    axes.set_title(f"isotropic, N = {table.values('width')[0]}, D = {D}")
    legends.inside(axes, lines, "upper right")


def _stack(axes: Axes, table: Table) -> None:
    """Draw areas of theory one on the other, and sums of measured parts as marks."""
    width = table.values("width")[0]
    below: pd.Series | float = 0.0
    sums: pd.Series | float = 0.0
    for part, (_, colour) in PARTS.items():
        expected = table.limit(part).set_index("index").value.sort_index()
        axes.fill_between(expected.index / width, below, below + expected, color=colour, alpha=0.75, linewidth=0)
        below = expected + below
        sums = table.nets(part).set_index(["seed", "index"]).value + sums
        drawn = sums.reset_index()
        drawn["at"] = drawn["index"] / width
        points(axes, drawn, x="at", color=colour, linestyle="", markersize=3.5, markeredgecolor="0.2")
    data_axis(axes, "P/N")
    axes.set(title=f"parts of the error, N = {width}, stacked", ylabel="test error", ylim=(0, None))


def _parts(axes: Axes, table: Table) -> None:
    width = table.values("width")[0]
    for part, (_, colour) in PARTS.items():
        beside_theory(axes, table.nets(part), table.limit(part), colour, unit=width, markersize=3.5)
    lowest = min(table.limit(*PARTS).value)
    data_axis(axes, "P/N")
    log_heights(axes)
    axes.set_title("each part by itself")
    axes.set_ylim(lowest / 2, None)
