"""Averages of functions, features and kernels."""

import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.atanasov2022.measured import AVERAGES, long, of_sets
from infwidth.papers.atanasov2022.panels import log_lengths, sample_axis
from infwidth.plotting import legends
from infwidth.plotting.axes import log_heights
from infwidth.plotting.lines import points
from infwidth.plotting.style import DASHED, FULL, GUIDE

_SINGLE = {"color": "0.55", "linestyle": DASHED}


def fig5(tables: Tables) -> Figure:
    """Errors of the richest and the laziest of the narrowest nets, and ratios against α."""
    table = tables["onset_nets"].at(width=min)
    colours = dict(zip(AVERAGES, sns.color_palette("deep", 3), strict=True))
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(FULL, 2.8))
    middle.sharey(left)
    for axes, alpha in ((left, min(table.values("alpha"))), (middle, max(table.values("alpha")))):
        at = table.at(alpha=alpha)
        points(axes, long(of_sets(at, "final_error")), x="step", markersize=3.5, **_SINGLE)
        for metric, colour in colours.items():
            points(axes, long(of_sets(at, metric)), x="step", color=colour, markersize=3.5)
        sample_axis(axes)
        axes.set_title(f"α = {alpha:g}, N = {table.values('width')[0]}")
    left.set_ylabel("test error")
    log_heights(left)
    _ratios(right, table, colours)
    words = [legends.line(words, color=colours[metric], marker="o") for metric, words in AVERAGES.items()]
    legends.below(figure, [legends.line("single", marker="o", **_SINGLE), *words])
    return figure


def _ratios(axes: Axes, table: Table, colours: dict[str, object]) -> None:
    functions, *others = AVERAGES
    P = max(table.nets("test_error").step)
    for metric in others:
        ratios = {
            alpha: (of_sets(at, metric) / of_sets(at, functions)).loc[P]
            for alpha, at in ((alpha, table.at(alpha=alpha)) for alpha in table.values("alpha"))
        }
        rows = long(pd.DataFrame(ratios).T.rename_axis("alpha"))
        points(axes, rows, x="alpha", color=colours[metric])
    axes.axhline(1.0, **GUIDE)
    log_lengths(axes, "output scale α")
    axes.set(title=f"over functions, P = {P}", ylabel="")
