"""Kernels at initialisation: their covariance between layers."""

import numpy as np
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.bordelon2023.measured import diagonal, traces
from infwidth.plotting import legends
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.lines import points
from infwidth.plotting.style import DASHED, FULL, LIMIT, PAIR

_ACTIVATIONS = {"unit_relu": "ReLU", "linear": "linear"}


def init_kernels(tables: Tables) -> Figure:
    """The matrix of the widest, its diagonal, and its trace against the width."""
    table = tables["initial_covariance"]
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(FULL, 2.9))
    widest = table.at(width=max)
    relu = widest.at(activation="unit_relu", layer="features").nets("covariance").groupby("index").value.mean()
    n = round(np.sqrt(len(relu)))
    sns.heatmap(relu.to_numpy().reshape(n, n), ax=left, square=True, cmap="viridis", cbar_kws={"shrink": 0.7})
    places = np.arange(n)
    left.set_xticks(places[1::2] + 0.5, [str(place + 1) for place in places[1::2]])
    left.set_yticks(places[1::2] + 0.5, [str(place + 1) for place in places[1::2]], rotation=0)
    left.set(title="N Cov(Φˡ, Φˡ′), ReLU", xlabel="layer l", ylabel="layer l′")
    for activation, colour in zip(_ACTIVATIONS, PAIR, strict=True):
        _diagonals(middle, widest.at(activation=activation), colour)
        _traces(right, table.at(activation=activation, layer="features"), colour)
    middle.set(title="N Var by layer", xlabel="layer l", xticks=places[1::2] + 1)
    log_heights(right)
    width_axis(right, table.values("width"))
    right.set(title="trace of Cov Φ")
    marks = [
        legends.line(words, color=colour, marker="o", linestyle="")
        for words, colour in zip(_ACTIVATIONS.values(), PAIR, strict=True)
    ]
    open_marks = legends.line("gradients", marker="o", linestyle="", fillstyle="none")
    limits = [legends.limit("theory of order 1/N"), legends.limit("exact at finite N", linestyle=DASHED)]
    legends.below(figure, [*marks, open_marks, *limits])
    return figure


def _diagonals(axes: Axes, table: Table, colour: str) -> None:
    for layer, fill in (("features", "full"), ("gradients", "none")):
        nets, limit = (
            diagonal(rows)
            for rows in (table.at(layer=layer).nets("covariance"), table.at(layer=layer).limit("covariance"))
        )
        axes.plot(limit.depth, limit.value, **LIMIT)
        points(axes, nets, x="depth", color=colour, linestyle="", fillstyle=fill, markeredgecolor=colour, markersize=4)


def _traces(axes: Axes, table: Table, colour: str) -> None:
    points(axes, traces(table.nets("covariance")), color=colour, linestyle="")
    for metric, line in (("covariance", "-"), ("exact", DASHED)):
        limit = traces(table.limit(metric))
        axes.plot(limit.width, limit.value, **LIMIT | {"linestyle": line})
