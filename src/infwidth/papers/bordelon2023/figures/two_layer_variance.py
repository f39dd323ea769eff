"""Variances over nets of one hidden layer in time and over the richness."""

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.bordelon2023.panels import in_time, richness_legend
from infwidth.plotting import legends
from infwidth.plotting.lines import points
from infwidth.plotting.style import FULL, GUIDE, LIMIT, richness_colours


def two_layer_variance(tables: Tables) -> Figure:
    """N Var of error, prediction and kernel against time, and of the kernel at the end against the richness."""
    table = tables["richness_variance"]
    gammas = table.values("gamma0")
    figure, axes = plt.subplots(2, 2, figsize=(FULL, 4.7))
    for of, layer, title in zip(
        axes.flat,
        ("error", "prediction", "kernel"),
        ("N Var Δ: error of the example", "N Var f: prediction at a test point", "N Var K: tangent kernel"),
        strict=False,
    ):
        in_time(of, table.at(layer=layer), "fluctuation", richness_colours(gammas))
        of.set(title=title, ylabel="")
        of.set_ylim(0, None)
    _at_end(axes[1, 1], table.at(layer="kernel").at_end())
    limits = [legends.limit("theory of order 1/N"), legends.guide("units that do not couple")]
    legends.below(figure, [*richness_legend(gammas), *limits])
    return figure


def _at_end(axes: Axes, table: Table) -> None:
    colours = richness_colours(table.values("gamma0"))
    limit, uncoupled = table.limit("fluctuation"), table.limit("uncoupled")
    axes.plot(uncoupled.gamma0, uncoupled.value, **GUIDE)
    axes.plot(limit.gamma0, limit.value, **LIMIT)
    for gamma0, colour in colours.items():
        points(axes, table.at(gamma0=gamma0).nets("fluctuation"), x="gamma0", color=colour, linestyle="")
    axes.set_xscale("log", base=2)
    axes.set_xticks(list(colours), [f"{gamma0:g}" for gamma0 in colours])
    axes.set(title="N Var K at the end", xlabel="richness γ0", ylabel="")
    axes.set_ylim(0, None)
