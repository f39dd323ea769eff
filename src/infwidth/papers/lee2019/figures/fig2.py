"""Outputs of an ensemble during training beside the Gaussian laws of the limit."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.plotting import legends
from infwidth.plotting.lines import curve
from infwidth.plotting.style import FULL, GUIDE, LIMIT, PAIR, width_colours

_FULL, _READOUT = PAIR
_TITLES = ("training image", "test image", "another test image")


def fig2(tables: Tables) -> Figure:
    """Mean and spread at three images (left), variances of single nets in units of the laws' (right)."""
    table = tables["ensemble"]
    (colour,) = width_colours(table.values("width")).values()
    figure, panels = plt.subplots(1, 4, figsize=(FULL, 2.7), width_ratios=(1, 1, 1, 1.1))
    for index, (axes, title) in enumerate(zip(panels, _TITLES, strict=False)):
        _outputs(axes, table, index, colour)
        axes.set_title(title)
        axes.sharey(panels[0])
    panels[0].set_ylabel("output f")
    for metric, own in (("square", _FULL), ("readout_square", _READOUT)):
        curve(panels[3], table.nets(metric), color=own)
    panels[3].axhline(1, zorder=1, **GUIDE)
    panels[3].set(title="variance / the law's", ylim=(0, None))
    for axes in panels:
        axes.set_xlabel("step")
    handles = [
        *legends.widths(table.values("width"), symbol="nets, n", linewidth=1.4),
        legends.limit("n = ∞, mean"),
        legends.line("n = ∞, two deviations", color=_FULL, linewidth=6, alpha=0.3),
        legends.line("readout only", color=_READOUT, linewidth=6, alpha=0.3),
    ]
    legends.below(figure, handles)
    return figure


def _outputs(axes: Axes, table: Table, index: int, colour: object) -> None:
    at = table.at(index=index)
    for name, own in (("readout_", _READOUT), ("", _FULL)):
        mean, deviation = (_by_step(at.limit(f"{name}{metric}")) for metric in ("mean", "deviation"))
        axes.fill_between(
            mean.index, mean - 2 * deviation, mean + 2 * deviation, color=own, alpha=0.25, linewidth=0, zorder=1
        )
    axes.plot(mean.index, mean, zorder=2, **LIMIT)
    of_nets = at.nets("output").groupby("step").value
    for times in (-2, 0, 2):
        values = of_nets.mean() + times * of_nets.std()
        axes.plot(values.index, values, color=colour, linewidth=1.3 if times == 0 else 0.9, zorder=3)


def _by_step(rows: pd.DataFrame) -> "pd.Series[float]":
    values: pd.Series[float] = rows.set_index("step").value.sort_index()
    return values
