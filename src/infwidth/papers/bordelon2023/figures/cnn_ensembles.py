"""Ensembles of CNNs: single nets beside the mean of all, over the width and the richness."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.bordelon2023.measured_cnn import rates, test_losses, train_losses
from infwidth.papers.bordelon2023.panels import richness_legend
from infwidth.plotting import legends
from infwidth.plotting.axes import log_heights
from infwidth.plotting.lines import curves
from infwidth.plotting.style import DASHED, FULL, GUIDE, richness_colours, width_colours


def cnn_ensembles(tables: Tables) -> Figure:
    """Losses, ratios and rates over the width at the middle γ0, and ratios over γ0 at the widest."""
    table = tables["cnn_ensembles"]
    gammas, widths = table.values("gamma0"), table.values("width")
    middle, colours = gammas[len(gammas) // 2], width_colours(widths)
    figure, axes = plt.subplots(2, 3, figsize=(FULL, 4.6))
    of = table.at(gamma0=middle)
    train, test = train_losses(of).losses(), test_losses(of).losses()
    pace = rates(train, "single")
    _losses(axes[0, 0], train, pace * 0 + 1)
    axes[0, 0].set(title=f"train loss, γ0 = {middle:g}", xlabel="step")
    _losses(axes[0, 1], test, pace)
    axes[0, 1].set(title=f"test loss, γ0 = {middle:g}", xlabel="step × rate $R_N$")
    _rates(axes[0, 2], train)
    for width, colour in colours.items():
        _ratio(axes[1, 0], train[train.index.get_level_values("width") == width], colour)
    axes[1, 0].set(title=f"single / ensemble, γ0 = {middle:g}")
    narrow = train_losses(table.at(width=min)).losses()
    for gamma0, colour in richness_colours(gammas).items():
        _ratio(axes[1, 1], narrow[narrow.index.get_level_values("gamma0") == gamma0], colour)
    axes[1, 1].set(title=f"the same by γ0, N = {widths[0]}")
    for panel in axes[1, :2]:
        panel.invert_xaxis()
        panel.set_xlabel("train loss of the ensemble")
    curves(axes[1, 2], of.nets("label_alignment"))
    axes[1, 2].set(title=f"alignment with labels, γ0 = {middle:g}", xlabel="step")
    legends.below(
        figure,
        [
            *legends.widths(widths),
            *richness_legend(gammas),
            legends.line("single nets", marker="o"),
            legends.line("ensemble", linestyle=DASHED, marker="D", fillstyle="none"),
            legends.guide("linear in 1/N, three widest"),
        ],
        ncols=5,
    )
    return figure


def _losses(axes: Axes, of: pd.DataFrame, pace: pd.Series) -> None:
    for width, colour in width_colours(of.index.get_level_values("width")).items():
        curve = of.xs(width, level="width")
        time = curve.index.get_level_values("step") * pace.xs(width, level="width").item()
        axes.plot(time, curve.single, color=colour)
        axes.plot(time, curve.ensemble, color=colour, linestyle=DASHED)
    log_heights(axes)


def _ratio(axes: Axes, curve: pd.DataFrame, colour: object) -> None:
    axes.plot(curve.ensemble, curve.single / curve.ensemble, color=colour, marker="o", markersize=2.5, linewidth=1)


def _rates(axes: Axes, of: pd.DataFrame) -> None:
    for column, marker in (("single", "o"), ("ensemble", "D")):
        found = 1e3 * rates(of, column).droplevel("gamma0")
        places = 1 / found.index.to_numpy(float)
        for place, rate, colour in zip(places, found, width_colours(found.index).values(), strict=True):
            axes.plot(place, rate, marker=marker, color=colour, fillstyle="full" if column == "single" else "none")
        if len(found) > 2:
            fit = np.polyfit(places[-3:], found.to_numpy()[-3:], 1)
            axes.plot([0, places[0]], np.polyval(fit, [0, places[0]]), **GUIDE)
    axes.set(title="rate $R_N$ of log train loss × 1000", xlabel="1/N")
