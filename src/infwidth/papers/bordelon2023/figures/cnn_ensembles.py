"""Ensembles of CNNs: single nets beside the mean of all, over the width and the richness."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.bordelon2023.measured_cnn import losses, rates
from infwidth.papers.bordelon2023.panels import richness_colours, richness_legend
from infwidth.plotting import legends
from infwidth.plotting.axes import log_heights
from infwidth.plotting.lines import curves
from infwidth.plotting.style import DASHED, FULL, GUIDE, width_colours


def cnn_ensembles(tables: Tables) -> Figure:
    """Losses, ratios and rates over the width at the middle γ0, and ratios over γ0 at the widest."""
    table = tables["cnn_ensembles"]
    gammas, widths = table.values("gamma0"), table.values("width")
    middle, colours = gammas[len(gammas) // 2], width_colours(widths)
    figure, axes = plt.subplots(2, 3, figsize=(FULL, 4.6))
    of = table.at(gamma0=middle)
    _losses(axes[0, 0], of, "train")
    axes[0, 0].set_title(f"train loss, γ0 = {middle:g}")
    _losses(axes[0, 1], of, "test", pace=rates(losses(of, "train"), "single"))
    axes[0, 1].set(title="test loss, rescaled time", xlabel="R_N × step")
    _rates(axes[0, 2], losses(of, "train"))
    for width, colour in colours.items():
        _ratio(axes[1, 0], losses(of.at(width=width), "train"), colour)
    axes[1, 0].set(title="train loss, single / ensemble", xlabel="loss of the ensemble")
    for gamma0, colour in richness_colours(gammas).items():
        _ratio(axes[1, 1], losses(table.at(width=min, gamma0=gamma0), "train"), colour)
    axes[1, 1].set(title=f"the same by γ0, N = {widths[0]}", xlabel="loss of the ensemble")
    curves(axes[1, 2], of.nets("label_alignment"))
    axes[1, 2].set(title="alignment with labels", xlabel="step")
    legends.below(
        figure,
        [
            *legends.widths(widths),
            *richness_legend(gammas),
            legends.line("single nets"),
            legends.line("ensemble", linestyle=DASHED),
            legends.guide("linear in 1/N, three widest"),
        ],
        ncols=5,
    )
    return figure


def _losses(axes: Axes, table: Table, part: str, pace: pd.Series | None = None) -> None:
    for width, colour in width_colours(table.values("width")).items():
        curve = losses(table.at(width=width), part)
        speed = 1.0 if pace is None else pace.xs(width, level="width").item()
        time = curve.index.get_level_values("step") * speed
        axes.plot(time, curve.single, color=colour)
        axes.plot(time, curve.ensemble, color=colour, linestyle=DASHED)
    log_heights(axes)
    axes.set_xlabel("step")


def _ratio(axes: Axes, curve: pd.DataFrame, colour: object) -> None:
    axes.plot(curve.ensemble, curve.single / curve.ensemble, color=colour, marker="o", markersize=2.5, linewidth=1)
    axes.set_xlim(curve.ensemble.max() * 1.05, None)


def _rates(axes: Axes, of: pd.DataFrame) -> None:
    for column, marker in (("single", "o"), ("ensemble", "D")):
        found = 1e3 * rates(of, column).droplevel("gamma0")
        places = 1 / found.index.to_numpy(float)
        for place, rate, colour in zip(places, found, width_colours(found.index).values(), strict=True):
            axes.plot(place, rate, marker=marker, color=colour, fillstyle="full" if column == "single" else "none")
        if len(found) > 2:
            fit = np.polyfit(places[-3:], found.to_numpy()[-3:], 1)
            axes.plot([0, places[0]], np.polyval(fit, [0, places[0]]), **GUIDE)
    axes.set(title="1000 × rate R_N of log train loss", xlabel="1/N")
