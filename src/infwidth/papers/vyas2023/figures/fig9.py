"""Spectra of the NTK after training, and where the task lies in them."""

from typing import Any

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator

from infwidth.analysis.claims import Tables
from infwidth.papers.vyas2023.measured import LEADING
from infwidth.plotting.style import DOTTED, width_colours
from infwidth.plotting.widths import width_handles

#: Seed of the rows of the kernel that is averaged over seeds.
_AVERAGED = -1
_AVERAGED_LINE: dict[str, Any] = {"linewidth": 1.7, "zorder": 3}
_SINGLE_LINE: dict[str, Any] = {"linewidth": 0.5, "alpha": 0.45}


def fig9(tables: Tables) -> Figure:
    """Eigenvalues by rank (left) and the task's cumulative power by rank (right) for growing widths."""
    table = tables["vision_online"]
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.2, 3.3))
    _draw_by_rank(left, table, "ntk_eigenvalue")
    _draw_by_rank(right, table, "ntk_task_power")
    left.set_yscale("log")
    left.set_xlabel("rank of the eigenvalue")
    right.set_xlabel("number of leading eigenvectors")
    left.set_ylabel("eigenvalue of the NTK after training")
    right.set_ylabel("part of the task within them")
    right.set_ylim(0, 1.02)
    right.axvline(LEADING, color="0.45", linewidth=0.9, linestyle=DOTTED)
    left.legend(handles=_handles(table), loc="lower left")
    return figure


def _draw_by_rank(axes: Axes, table: pd.DataFrame, metric: str) -> None:
    """Draw a metric of the averaged kernel (solid) and of every single net's kernel (thin)."""
    rows = table[table.metric == metric]
    rows = rows[rows.step == rows.step.max()].sort_values("index")
    for width, colour in width_colours(rows.width.unique().tolist()).items():
        for seed, of_net in rows[rows.width == width].groupby("seed"):
            line = _AVERAGED_LINE if seed == _AVERAGED else _SINGLE_LINE
            axes.plot(of_net["index"] + 1, of_net.value, color=colour, **line)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 3)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_locator(NullLocator())


def _handles(table: pd.DataFrame) -> list[Line2D]:
    return [
        *width_handles(table.width.unique().tolist()),
        Line2D([], [], color="0.4", linewidth=0.7, label="single nets"),
    ]
