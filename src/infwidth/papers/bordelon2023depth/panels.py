"""The panel that figures on learning rates share: best rates over those of the narrowest or shallowest nets."""

from collections.abc import Iterable
from typing import Any

from matplotlib.axes import Axes

from infwidth.analysis.lr_optimum import optimum_table
from infwidth.analysis.table import Table
from infwidth.papers.bordelon2023depth.measured import CHANCE, LOSS
from infwidth.plotting.style import GUIDE
from infwidth.topics.lr_transfer import panels


def relative_rates(
    axes: Axes, sweeps: Iterable[tuple[Table, str, dict[str, Any]]], *, over: str, lowest: float
) -> None:
    """Draw for each table, the axis that grows and a line the best rate over the first, with its interval.

    ``over``: what grows, in words; ``lowest``: where the axis of rates begins.
    """
    for table, axis, line in sweeps:
        optima = optimum_table(table, axis=axis, metric=LOSS, chance=CHANCE)
        panels.best_rates(axes, optima, axis=axis, relative=True, **line)
    axes.axhline(1, **GUIDE)
    axes.set(xlim=(0.8, 10), ylim=(lowest, 4), xlabel=f"{over} / first", title="best rate / first\n ")
    axes.set_xscale("log", base=2)
    axes.set_yscale("log", base=2)
