"""What panels of this paper share."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from infwidth.analysis.table import Table
from infwidth.plotting import legends
from infwidth.plotting.lines import points
from infwidth.plotting.style import LIMIT, Colour, richness_colour


def richness_colours(gammas: Sequence[float]) -> dict[float, Colour]:
    """Return the colour of every γ0, from lazy rose to rich amber."""
    ends = np.linspace(0, 0.6, len(gammas)) if len(gammas) > 1 else [0.5]
    return {gamma0: richness_colour(float(at)) for gamma0, at in zip(gammas, ends, strict=True)}


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
    change: Callable[[pd.Series], pd.Series] | None = None,
) -> None:
    """Draw a metric of nets against time as marks, and of the limit as a black line, for each γ0."""
    for gamma0, colour in colours.items():
        of = table.at(gamma0=gamma0)
        limit, nets = of.limit(metric), of.nets(metric)
        if change is not None:
            limit, nets = limit.assign(value=change(limit.value)), nets.assign(value=change(nets.value))
        axes.plot(limit.step * limit.lr, limit.value, **LIMIT)
        points(axes, nets.assign(time=nets.step * nets.lr), x="time", color=colour, linestyle="", markersize=3)
    axes.set_xlabel("time t")
