"""Spectra of the NTK after training over their trace, and how much of the task lies in them."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from infwidth.analysis.table import Tables
from infwidth.papers.vyas2023.measured import LEADING
from infwidth.plotting import legends
from infwidth.plotting.axes import log_heights
from infwidth.plotting.lines import curves, single_nets
from infwidth.plotting.style import FULL, GUIDE


def fig9(tables: Tables) -> Figure:
    """Eigenvalues over their sum (left), and the task's part in the leading eigenvectors less the widest's (right)."""
    end = tables["vision_online"].at(step=tables["vision_online"].last_step())
    figure, (left, right) = plt.subplots(1, 2, figsize=(FULL, 3.1))
    for of_these, draw in ((end.nets, single_nets), (end.ensemble, curves)):
        draw(left, _over_trace(of_these("ntk_eigenvalue")))
    averaged = end.ensemble("ntk_task_power")
    curves(right, _less_widest(averaged))
    for axes in (left, right):
        _rank_axis(axes)
    log_heights(left)
    left.set(xlabel="rank of the eigenvalue", ylabel="eigenvalue / trace")
    right.set(
        xlabel="number of leading eigenvectors", ylabel="part of the task within them,\nless that of the widest nets"
    )
    right.axhline(0, zorder=0, **GUIDE)
    left.axvline(LEADING, zorder=0, **GUIDE)
    legends.below(figure, [*legends.widths(end.values("width")), legends.line("single nets", linewidth=0.6)])
    return figure


def _over_trace(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the eigenvalues of every kernel over their sum, which is its trace, by rank."""
    sums = rows.groupby(["width", "seed"]).value.transform("sum")
    return rows.assign(value=rows.value / sums, step=rows["index"] + 1)


def _less_widest(rows: pd.DataFrame) -> pd.DataFrame:
    widest = rows[rows.width == rows.width.max()].set_index("index").value
    return rows.assign(value=rows.value.to_numpy() - widest.reindex(rows["index"]).to_numpy(), step=rows["index"] + 1)


def _rank_axis(axes: Axes) -> None:
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 3)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_locator(NullLocator())
