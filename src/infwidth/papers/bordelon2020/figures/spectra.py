"""Spectra of kernels on the sphere against degree, in several dimensions."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.bordelon2020.measured import shares
from infwidth.plotting import guides, legends
from infwidth.plotting.axes import log_heights
from infwidth.plotting.style import FULL, GUIDE, LAZY, PAIR, ordered_colours


def spectra(tables: Tables) -> Figure:
    """Shares of degrees for the NTK and the Gaussian kernel (left, middle), tails of two kernels (right)."""
    figure, axes = plt.subplots(1, 3, figsize=(FULL, 2.5))
    deep = tables["ntk_spectra"].at(n_hidden=max)
    for panel, table, title in zip(axes, (deep, tables["rbf_spectra"]), ("NTK", "Gaussian kernel"), strict=False):
        _shares(panel, table)
        panel.set_title(title)
    axes[0].sharey(axes[1])
    axes[1].set_ylim(1e-5, 2)
    _tails(axes[2], tables["tails"])
    colours = ordered_colours(deep.values("dimension"))
    legends.below(figure, [legends.line(f"d = {d:g}", color=colour) for d, colour in colours.items()], ncols=6)
    return figure


def _shares(axes: Axes, table: Table) -> None:
    colours = ordered_colours(table.values("dimension"))
    of_degrees = shares(table)
    for dimension in table.values("dimension"):
        rows = of_degrees[of_degrees.dimension == dimension]
        seen = rows[(rows.value > 1e-10) & (rows["index"] <= 8)]
        axes.plot(seen["index"], seen.value, "o-", color=colours[dimension], markersize=3, linewidth=1)
    log_heights(axes)
    axes.set(xlabel="degree k", ylabel="N(d, k) η")


def _tails(axes: Axes, table: Table) -> None:
    for kernel, colour, slope in (("ntk", LAZY, -3), ("nngp", PAIR[0], -5)):
        rows = table.at(kernel=kernel).limit("eigenvalue")
        rows = rows[rows["index"] > 0]
        axes.plot(rows["index"], rows.value, ".", color=colour, markersize=3)
        k = np.array([5.0, rows["index"].max()])
        last = rows[rows["index"] > 0.8 * k[1]]
        axes.plot(k, np.exp(np.log(last.value).mean()) * (k / np.exp(np.log(last["index"]).mean())) ** slope, **GUIDE)
    axes.set_xscale("log")
    log_heights(axes)
    axes.set(xlabel="degree k", ylabel="η", title="d = 3, tails")
    guides.note(axes, [("NTK, guide k⁻³", LAZY), ("NNGP, guide k⁻⁵", PAIR[0])])
