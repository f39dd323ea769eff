"""What figures of this paper share."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

from infwidth.analysis.statistics import mean_over_seeds
from infwidth.analysis.table import Table
from infwidth.plotting import legends
from infwidth.plotting.style import LAZY, RICH

#: What limits are called, and their colours.
LIMITS = {"l2": ("least ℓ2 norm", LAZY), "l1": ("least ℓ1 norm", RICH)}


def draw_limits(axes: Axes, table: Table, metric: str) -> None:
    """Draw the mean over draws of a metric of both interpolators of least norm, with its interval as a band."""
    for layer, (_, colour) in LIMITS.items():
        estimate = mean_over_seeds(table.at(layer=layer).nets(metric).value.to_numpy())
        axes.axhline(estimate.value, color=colour, linewidth=1.1, zorder=1)
        axes.axhspan(estimate.low, estimate.high, color=colour, alpha=0.13, linewidth=0, zorder=0)


def limit_lines() -> list[legends.Line2D]:
    """Return what a legend says of both interpolators."""
    return [legends.line(name, color=colour) for name, colour in LIMITS.values()]


def scale_axis(axes: Axes, rows: pd.DataFrame) -> None:
    """Make the horizontal axis that of the scale α of the rows."""
    axes.set_xscale("log")
    axes.set_xlim(rows.scale.min(), rows.scale.max())
    axes.set_xlabel("initial scale α")
    plain_decades(axes)


def plain_decades(axes: Axes) -> None:
    """Leave the ticks within decades of the logarithmic axes out."""
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_locator(NullLocator())
