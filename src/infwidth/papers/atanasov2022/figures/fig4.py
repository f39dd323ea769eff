"""The onset of variance: ratios of ensembles to single errors, and the P at which they are one half."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.atanasov2022.measured import is_reached, of_sets, onset, ratio_of_means, width_exponent
from infwidth.papers.atanasov2022.panels import log_lengths, sample_axis
from infwidth.plotting import guides, legends
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.style import FULL, GUIDE, width_colours
from infwidth.plotting.text import with_interval


def fig4(tables: Tables) -> Figure:
    """Ratios of initial kernels (left), their onset against N (middle), and that of trained nets against α (right)."""
    kernels, nets = tables["onset_kernels"], tables["onset_nets"]
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(FULL, 2.9))
    for width, colour in width_colours(kernels.values("width")).items():
        at = kernels.at(width=width)
        ratio = ratio_of_means(of_sets(at, "ensemble_error"), of_sets(at, "test_error"))
        left.plot(ratio.index, ratio, color=colour, marker="o", markersize=3)
    left.axhline(0.5, **GUIDE)
    sample_axis(left)
    left.set(title="initial kernels", ylabel="ensemble over single error", ylim=(0, 1.05))
    _against_width(middle, kernels)
    _against_alpha(right, nets)
    legends.below(figure, legends.widths({*kernels.values("width"), *nets.values("width")}))
    return figure


def _mark(axes: Axes, at: float, table: Table, colour: object) -> float:
    """Draw P_1/2 with its interval, or the largest P as an open mark; return where."""
    if not is_reached(table):
        axes.plot(at, max(table.nets("test_error").step), "^", color=colour, fillstyle="none", markersize=6)
        return np.nan
    estimate = onset(table)
    value, low, high = np.exp([estimate.value, estimate.low, estimate.high])
    bars = [[value - low], [high - value]] if np.isfinite([low, high]).all() else None
    axes.errorbar(at, value, bars, fmt="o", color=colour, markersize=5, capsize=2, elinewidth=0.9)
    return float(value)


def _against_width(axes: Axes, table: Table) -> None:
    colours = width_colours(table.values("width"))
    found = {width: _mark(axes, width, table.at(width=width), colour) for width, colour in colours.items()}
    rows = pd.DataFrame({"width": list(found), "value": list(found.values())}).dropna()
    if len(rows) == len(colours) > 1:
        guides.power_law(axes, rows, slope=0.5)
        guides.note(axes, [(f"slope {with_interval(width_exponent(table))}", "0.2")], corner="upper left")
    log_heights(axes)
    width_axis(axes, colours)
    axes.set(title="onset, initial kernels", ylabel="$P_{1/2}$")


def _against_alpha(axes: Axes, table: Table) -> None:
    for width, colour in width_colours(table.values("width")).items():
        alphas = table.values("alpha")
        heights = [_mark(axes, alpha, table.at(width=width, alpha=alpha), colour) for alpha in alphas]
        axes.plot(alphas, heights, color=colour, linewidth=1)
    log_lengths(axes, "output scale α")
    log_heights(axes)
    axes.set(title="onset, trained nets", ylabel="")
