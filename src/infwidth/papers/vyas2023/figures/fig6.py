"""The variance over initialisations: N·Var collapses while it is small, and opens as fluctuations grow."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.bias_variance import deviation_exponent
from infwidth.analysis.table import Table, Tables
from infwidth.plotting import legends
from infwidth.plotting.axes import log_heights, step_axis
from infwidth.plotting.lines import curves
from infwidth.plotting.style import FULL, GUIDE
from infwidth.topics.consistency import panels

_THEORY = -1.0


def fig6(tables: Tables) -> Figure:
    """N times the variance of the logits over seeds (top), and the variance's exponent in N (bottom), against steps."""
    tasks = panels.by_task(tables, ("vision_online", "language"))
    figure, columns = plt.subplots(2, 2, figsize=(FULL, 4.2), sharex="col", sharey="row", height_ratios=(3, 2))
    for (above, below), (task, table) in zip(columns.T, tasks.items(), strict=True):
        _draw_collapse(above, table)
        above.set_title(task)
        _draw_exponents(below, table)
    log_heights(columns[0, 0])
    columns[0, 0].set_ylabel("N · variance of the logits")
    columns[1, 0].set_ylabel("exponent of the\nvariance in N")
    legends.below(figure, [*legends.widths(panels.all_widths(tasks.values())), legends.guide("theory: −1")])
    return figure


def _draw_collapse(axes: Axes, table: Table) -> None:
    rows = panels.after_start(table.ensemble("logit_variance"))
    curves(axes, rows.assign(value=rows.value * rows.width), marker="o", markersize=3.5)
    step_axis(axes)
    axes.set_xlabel("")


def _draw_exponents(axes: Axes, table: Table) -> None:
    """Draw the exponent at every evaluation with its interval, a bootstrap over seeds."""
    steps = [step for step in table.values("step") if step >= 1]
    found = pd.DataFrame([vars(deviation_exponent(table, step=step)) for step in steps], index=steps)
    axes.fill_between(found.index, found.low, found.high, color="0.35", alpha=0.2, linewidth=0)
    axes.plot(found.index, found.value, color="0.25", marker="o", markersize=3.5)
    axes.axhline(_THEORY, **GUIDE)
    axes.axhline(0, color="0.75", linewidth=0.8, zorder=0)
    axes.set_ylim(-1.75, 0.6)
    step_axis(axes)
