"""What panels of this paper share."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from infwidth.analysis.table import Table
from infwidth.plotting import legends
from infwidth.plotting.lines import points
from infwidth.plotting.style import LIMIT, Colour, richness_colours


def richness_legend(gammas: Sequence[float]) -> list[Any]:
    """Return what a legend says of these colours."""
    return [
        legends.line(f"γ0 = {gamma0:g}", color=colour, marker="o")
        for gamma0, colour in richness_colours(gammas).items()
    ]


def in_time(
    axes: Axes,
    table: Table,
    metric: str,
    colours: dict[float, Colour],
) -> None:
    """Draw a metric of nets against time as marks, and of the limit as a black line, for each γ0."""
    for gamma0, colour in colours.items():
        of = table.at(gamma0=gamma0)
        beside(axes, of.limit(metric), of.nets(metric), colour)
    axes.set_xlabel("time t")


def beside(axes: Axes, limit: pd.DataFrame, nets: pd.DataFrame, colour: Any, *, markersize: float = 3) -> None:
    """Draw rows of the limit against time as a black line, and means over rows of nets as marks."""
    axes.plot(limit.step * limit.lr, limit.value, **LIMIT)
    points(axes, nets.assign(time=nets.step * nets.lr), x="time", color=colour, linestyle="", markersize=markersize)
