"""Linear nets of one hidden layer: variances in closed form and of nets."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.bordelon2023.panels import in_time, richness_legend
from infwidth.plotting import legends
from infwidth.plotting.axes import log_heights
from infwidth.plotting.lines import points
from infwidth.plotting.style import FULL, GUIDE, LIMIT, richness_colours


def linear_two_layer(tables: Tables) -> Figure:
    """N Var of error and kernel and the mean kernel against time, and N Var of the kernel at the end."""
    table = tables["linear_variance"]
    colours = richness_colours(table.values("gamma0"))
    figure, axes = plt.subplots(2, 2, figsize=(FULL, 4.7))
    in_time(axes[0, 0], table.at(layer="error"), "fluctuation", colours)
    axes[0, 0].set(title="N Var Δ: error of the example")
    in_time(axes[0, 1], table.at(layer="kernel"), "fluctuation", colours)
    axes[0, 1].set(title="N Var K: tangent kernel")
    in_time(axes[1, 0], table.at(layer="kernel"), "order", colours)
    for gamma0 in colours:
        axes[1, 0].axhline(2 * np.sqrt(1 + gamma0**2), **GUIDE)
    axes[1, 0].set(title="tangent kernel K")
    _at_end(axes[1, 1], table.at(layer="kernel").at_end())
    limits = [legends.limit("closed form"), legends.guide("2√(1 + γ0²); units that do not couple")]
    legends.below(figure, [*richness_legend(list(colours)), *limits], ncols=4)
    return figure


def _at_end(axes: Axes, table: Table) -> None:
    colours = richness_colours(table.values("gamma0"))
    limit, uncoupled = table.limit("fluctuation"), table.limit("uncoupled")
    for gamma0, colour in colours.items():
        points(axes, table.at(gamma0=gamma0).nets("fluctuation"), x="gamma0", color=colour, linestyle="")
    axes.plot(uncoupled.gamma0, uncoupled.value, **GUIDE)
    axes.plot(limit.gamma0, limit.value, **LIMIT)
    log_heights(axes)
    axes.set_xscale("log", base=2)
    axes.set_xticks(list(colours), [f"{gamma0:g}" for gamma0 in colours])
    axes.set(title="N Var K at the end", xlabel="richness γ0", ylabel="")
