"""Final train loss against learning rate over widths and depths, in two parametrizations."""

import math

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from infwidth.analysis.claims import Tables
from infwidth.analysis.lr_optimum import final_losses, optimum_table
from infwidth.papers.harvard2024.measured import AXES, OPTIMIZERS
from infwidth.plotting.shapes import curve_with_band
from infwidth.plotting.style import DOTTED, depth_colours, width_colours

#: Loss of a net that says nothing about the ten classes; the panels end a bit above.
_CHANCE = math.log(10)
_METRIC = "train_loss"
_SYMBOLS = {"width": "N", "n_blocks": "L"}
_COLOURS = {"width": width_colours, "n_blocks": depth_colours}


def sp_no_transfer(tables: Tables) -> Figure:
    """Loss against learning rate in PyTorch's default parametrization: widths, depths; SGD, Adam."""
    return _four_panels(tables, "sp")


def depth_mup_transfer(tables: Tables) -> Figure:
    """The same in μP with branches divided by the root of the depth."""
    return _four_panels(tables, "mup")


def _four_panels(tables: Tables, rule: str) -> Figure:
    figure, panels = plt.subplots(
        len(OPTIMIZERS), len(AXES), figsize=(7.2, 5.2), sharex="row", sharey=True, squeeze=False
    )
    for row, (optimizer, label) in zip(panels, OPTIMIZERS.items(), strict=True):
        for axes, (sweep, (column, noun)) in zip(row, AXES.items(), strict=True):
            _draw_sweep(axes, tables[f"{rule}_{sweep}_{optimizer}"], column)
            axes.set_title(f"{label}, growing {noun}")
            axes.set_xlabel(f"learning rate of {label}")
        row[0].set_ylabel("final train loss (cross-entropy)")
    for axes in panels[-1]:
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=4, columnspacing=1.2, handlelength=1.2)
    lowest = min(
        float(np.min(line.get_ydata())) for axes in panels.flat for line in axes.get_lines() if len(line.get_ydata())
    )
    panels[0, 0].set_yscale("log")
    panels[0, 0].yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    panels[0, 0].yaxis.set_major_formatter("{x:g}")
    panels[0, 0].yaxis.set_minor_locator(NullLocator())
    panels[0, 0].set_ylim(0.8 * lowest, 1.25 * _CHANCE)
    return figure


def _draw_sweep(axes: Axes, table: pd.DataFrame, column: str) -> None:
    """Draw a curve for every width or depth, up to the first rate at which a seed diverged, with its optimum.

    Where a seed diverged at every rate there is no curve, and a line of text says so.
    """
    losses = final_losses(table, axis=column, metric=_METRIC)
    optima = {int(row[column]): row for _, row in optimum_table(table, axis=column, metric=_METRIC).iterrows()}
    colours = _COLOURS[column](losses[column].astype(int).tolist())
    for at, colour in colours.items():
        largest = optima[at].largest_stable_lr if at in optima else 0.0
        curve = losses[(losses[column] == at) & (losses.lr <= largest)]
        curve_with_band(axes, curve, x="lr", color=colour, label=f"{_SYMBOLS[column]} = {at}", linewidth=1.3)
    if lost := [f"{_SYMBOLS[column]} = {at}" for at in colours if at not in optima]:
        axes.text(0.03, 0.04, f"{', '.join(lost)}: diverges at every rate", transform=axes.transAxes, fontsize=7.5)
    rates = (losses.lr.min(), losses.lr.max())
    for at, optimum in optima.items():
        _draw_optimum(axes, optimum, colours[at], rates)
    axes.axhline(_CHANCE, color="0.45", linewidth=0.9, linestyle=DOTTED)
    axes.set_xscale("log", base=2)


def _draw_optimum(
    axes: Axes, optimum: pd.Series, colour: tuple[float, float, float, float], rates: tuple[float, float]
) -> None:
    """Draw the best rate with its interval within the grid; an open dot if it is only a bound."""
    low, high = np.clip([optimum.low, optimum.high], *rates)
    axes.errorbar(
        [optimum.lr],
        [optimum.loss],
        xerr=[[max(optimum.lr - low, 0)], [max(high - optimum.lr, 0)]],
        fmt="o",
        color=colour,
        markersize=6,
        markerfacecolor="white" if optimum.edge else colour,
        markeredgecolor=colour if optimum.edge else "black",
        markeredgewidth=1.4 if optimum.edge else 0.8,
        capsize=2.5,
        elinewidth=1.1,
        zorder=5,
    )
