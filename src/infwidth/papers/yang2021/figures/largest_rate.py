"""Test accuracy up to the largest learning rate that trains, against the rate and the rate times width."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator

from infwidth.analysis.claims import NotTestableError, Tables
from infwidth.papers.yang2021.measured import largest_rates, train_losses
from infwidth.plotting.shapes import curve_with_band
from infwidth.plotting.style import DOTTED, LABELS, width_colours
from infwidth.plotting.widths import width_handles

_RULES = ("sp", "mup")
#: What the rate is multiplied by, as a power of the width → name of the axis.
_AXES: dict[int, str] = {0: "learning rate", 1: "learning rate · width"}

#: Heights of the marks above the curves, in percent: of the narrowest width, and from one width to the next.
_FIRST_MARK, _APART = 104.0, 5.0


def max_lr(tables: Tables) -> Figure:
    """Test accuracy against learning rate (left) and rate times width (right), in SP (top) and μP (bottom)."""
    table = tables["max_lr"]
    colours = width_colours(table.width.unique().tolist())
    figure, panels = plt.subplots(2, 2, figsize=(7.2, 4.8), sharex="col", sharey=True)
    for row, rule in zip(panels, _RULES, strict=True):
        curves, ends = _successful(table, rule), _ends(table, rule)
        for axes, power in zip(row, _AXES, strict=True):
            _draw_curves(axes, curves, ends, power, colours)
            axes.set_title(LABELS[rule])
        row[0].set_ylabel("test accuracy (%)")
    for axes, name in zip(panels[-1], _AXES.values(), strict=True):
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_locator(LogLocator(base=2, numticks=14))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlabel(name)
    panels[0, 0].set(ylim=(0, _FIRST_MARK + _APART * len(colours)), yticks=range(0, 101, 20))
    handles = width_handles(list(colours), symbol="n")
    handles.append(Line2D([], [], color="0.3", marker="v", linestyle="", label="largest stable rate"))
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), columnspacing=1.2)
    return figure


def _successful(table: pd.DataFrame, rule: str) -> pd.DataFrame:
    """Return the final test accuracies in percent, at each width up to the largest rate at which no seed diverged."""
    losses = train_losses(table, rule)
    failed = losses[losses.failed].groupby("width").lr.min()
    final = table[(table.rule == rule) & (table.metric == "test_accuracy") & (table.step == table.step.max())]
    trained = final[final.lr < final.width.map(failed).fillna(np.inf)]
    return trained.assign(value=100 * trained.value)


def _ends(table: pd.DataFrame, rule: str) -> dict[int, float]:
    """Return the geometric mean over seeds of the largest rate, for the widths at which the grid holds it."""
    ends = {}
    for width, rows in table.groupby("width"):
        try:
            ends[int(str(width))] = float(np.exp2(np.log2(largest_rates(rows, rule).value).mean()))
        except NotTestableError:
            continue
    return ends


def _draw_curves(
    axes: Axes, curves: pd.DataFrame, ends: Mapping[int, float], power: int, colours: Mapping[int, object]
) -> None:
    """Draw a curve a width, and above the curves a mark a width where they end on average over seeds."""
    for order, (width, colour) in enumerate(colours.items()):
        rows = curves[curves.width == width]
        if not rows.empty:
            scaled = rows.assign(at=rows.lr * float(width) ** power)
            curve_with_band(axes, scaled, x="at", color=colour, marker="o", markersize=3, linewidth=1.3)
        if width in ends:
            end = ends[width] * float(width) ** power
            axes.axvline(end, zorder=0, color=colour, linewidth=0.8, linestyle=DOTTED)
            axes.plot(
                [end],
                [_FIRST_MARK + _APART * order],
                marker="v",
                markersize=6,
                color=colour,
                markeredgecolor="0.2",
                markeredgewidth=0.5,
            )
