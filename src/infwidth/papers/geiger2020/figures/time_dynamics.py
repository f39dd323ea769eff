"""How far kernels move, and when the loss falls."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.geiger2020.measured import half_time, lazy, of_nets, rich
from infwidth.papers.geiger2020.panels import (
    SCALED,
    against,
    ends_and_middle,
    scale_axis,
    scale_colours,
    scales,
    slopes,
)
from infwidth.plotting import legends
from infwidth.plotting.style import FULL

#: The computation's levels of the train loss, of which it gives the times.
_LEVELS = (0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05, 0.02)


def time_dynamics(tables: Tables) -> Figure:
    """Kernel changes against α and √h α; losses in time, and half times."""
    table = tables["flow_widths"]
    change, half = of_nets(table, "kernel_change"), half_time(table)
    figure, ((raw, scaled), (losses, times)) = plt.subplots(2, 2, figsize=(FULL, 5.2))
    against(raw, change, "alpha", heights="change of the kernel")
    against(scaled, change, "scaled", heights="change of the kernel")
    slopes(scaled, change, (rich(change), -4 / 3), (lazy(change), -1))
    shown = scale_colours(ends_and_middle(change))
    _losses(losses, table, shown)
    against(times, half, "scaled", heights=f"half time / ({SCALED})")
    slopes(times, half, (rich(half), 0), (lazy(half), -1))
    guide = legends.guide("slopes −4/3, −1 (top), 0, −1 (bottom)")
    legends.below(figure, [*legends.widths(change.width, symbol="h"), *scales(shown), guide], ncols=4)
    return figure


def _losses(axes: Axes, table: Table, shown: dict[float, tuple[float, float, float]]) -> None:
    rows = of_nets(table.at(width=max), "fall_time")
    times = (rows.value / rows.scaled).groupby([rows.scaled, rows["index"]]).median()
    for at, colour in shown.items():
        falls = times[at].dropna()
        axes.plot(falls, pd.Series(_LEVELS).reindex(falls.index), color=colour, marker="o", markersize=3)
    scale_axis(axes)
    axes.set(xlabel=f"time / ({SCALED})", ylabel="train loss", ylim=(0, 1))
