"""The variance over initialisations: N·Var collapses while it is small, and opens as fluctuations grow."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.bias_variance import deviation_exponent
from infwidth.analysis.table import NotTestableError, Table, Tables
from infwidth.papers.vyas2023.measured import DESCENT
from infwidth.plotting import legends
from infwidth.plotting.axes import log_heights, step_axis
from infwidth.plotting.lines import curves
from infwidth.plotting.style import FULL, GUIDE
from infwidth.topics.consistency import panels
from infwidth.topics.consistency.measures import step_of_descent

_THEORY = -1.0


def fig6(tables: Tables) -> Figure:
    """N times the relative variance of the logits (top), and its exponent in N (bottom), against steps."""
    tasks = panels.by_task(tables, ("vision_online", "language"))
    figure, columns = plt.subplots(2, 2, figsize=(FULL, 4.2), sharex="col", sharey="row", height_ratios=(3, 2))
    for (above, below), (task, table) in zip(columns.T, tasks.items(), strict=True):
        _draw_collapse(above, table)
        above.set_title(task)
        _draw_exponents(below, table)
        _mark_early((above, below), table)
    log_heights(columns[0, 0])
    columns[0, 0].set_ylabel("N · variance of the logits\n/ their mean square")
    columns[1, 0].set_ylabel("exponent of the\nvariance in N")
    legends.below(figure, [*legends.widths(panels.all_widths(tasks.values())), legends.guide("theory: −1")])
    return figure


def _mark_early(panels: tuple[Axes, ...], table: Table) -> None:
    """Mark the end of the first part of the loss's descent, where an evaluation lies in it."""
    try:
        early = step_of_descent(table, DESCENT["early"])
    except NotTestableError:
        return
    for axes in panels:
        axes.axvline(early, zorder=0, **GUIDE)


def _draw_collapse(axes: Axes, table: Table) -> None:
    rows = panels.after_start(table.ensemble("logit_variance")).set_index(["width", "step"])
    squares = table.ensemble("ensemble_square").set_index(["width", "step"]).value
    relative = rows.index.get_level_values("width") * rows.value / squares.where(squares > 0).reindex(rows.index)
    curves(axes, relative.rename("value").dropna().reset_index(), linewidth=1.4)
    step_axis(axes)
    axes.set_xlabel("")


def _draw_exponents(axes: Axes, table: Table) -> None:
    """Draw the exponent at every evaluation with its interval, a bootstrap over seeds."""
    squares = panels.after_start(table.ensemble("ensemble_square")).groupby("step").value.min()
    steps = squares[squares > 0].index
    found = pd.DataFrame([vars(deviation_exponent(table, step=int(step))) for step in steps], index=steps)
    axes.fill_between(found.index, found.low, found.high, color="0.35", alpha=0.2, linewidth=0)
    axes.plot(found.index, found.value, color="0.25", linewidth=1.2)
    axes.axhline(_THEORY, **GUIDE)
    axes.axhline(0, color="0.75", linewidth=0.8, zorder=0)
    axes.set_ylim(-1.75, 0.6)
    step_axis(axes)
