"""The largest learning rate that trains against width, and test accuracies up to it."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from infwidth.analysis.table import NotTestableError, Table, Tables
from infwidth.papers.yang2021.measured import largest_rates, train_losses
from infwidth.plotting import guides, legends
from infwidth.plotting.axes import width_axis
from infwidth.plotting.lines import curves, points
from infwidth.plotting.style import FULL, LABELS, LINE_STYLES, width_colours

#: Rule → theory's exponent of the largest rate in the width, and the mark.
_RULES: dict[str, tuple[float, str]] = {"sp": (-1.0, "s"), "mup": (0.0, "o")}


def max_lr(tables: Tables) -> Figure:
    """The largest stable rate against width (left); test accuracy against rate in SP and in μP (right)."""
    table = tables["max_lr"]
    widths = table.values("width")
    figure, (left, *others) = plt.subplots(1, 3, figsize=(FULL, 3.1), width_ratios=(5, 4, 4))
    named = []
    for rule, (slope, marker) in _RULES.items():
        rates, line = _found(table, rule), {"marker": marker, "linestyle": LINE_STYLES[rule]}
        _draw_largest(left, rates, slope, line)
        named.append(legends.line(f"{LABELS[rule]}: {guides.slope_text(rates)}".removesuffix(": "), **line))
    left.set_yscale("log", base=2)
    width_axis(left, widths, "width n")
    left.set_ylabel("largest stable learning rate")
    for axes, rule in zip(others, _RULES, strict=True):
        rows = _successful(table, rule)
        curves(axes, rows, x="lr", marker="o", markersize=4, linewidth=1.2)
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_locator(LogLocator(base=2, numticks=8))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set(title=LABELS[rule], xlabel="learning rate", ylim=(0, 100), xlim=_range(table))
    others[0].set_ylabel("test accuracy (%)")
    others[1].tick_params(labelleft=False)
    legends.below(figure, [*legends.widths(widths, symbol="n"), *named, legends.guide("slopes −1 and 0")], ncols=5)
    return figure


def _range(table: Table) -> tuple[float, float]:
    rates = table.values("lr")
    return rates[0] / 1.3, rates[-1] * 1.3


def _found(table: Table, rule: str) -> pd.DataFrame:
    """Return the largest rates of every seed, of the widths at which the grid holds them."""
    parts = []
    for width in table.values("width"):
        try:
            parts.append(largest_rates(table.at(width=width), rule))
        except NotTestableError:
            continue
    return pd.concat(parts) if parts else pd.DataFrame(columns=["width", "seed", "value"])


def _draw_largest(axes: Axes, rates: pd.DataFrame, slope: float, line: dict[str, Any]) -> None:
    if rates.empty:
        return
    points(axes, rates, colours=None, **line)
    means = rates.groupby("width").value.mean()
    for width, colour in width_colours(means.index).items():
        axes.plot([width], [means[width]], line["marker"], color=colour, markersize=5.5, zorder=5)
    guides.power_law(axes, rates, slope=slope)


def _successful(table: Table, rule: str) -> pd.DataFrame:
    """Return the final test accuracies in percent, at each width up to the largest rate at which no seed diverged."""
    losses = train_losses(table, rule)
    failed = losses[losses.failed].groupby("width").lr.min()
    final = table.at(rule=rule, step=table.last_step()).nets("test_accuracy")
    trained = final[final.lr < final.width.map(failed).fillna(np.inf)]
    return trained.assign(value=100 * trained.value)
