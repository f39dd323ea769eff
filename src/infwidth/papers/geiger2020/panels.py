"""Panels that figures of this paper share."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from infwidth.plotting import guides, legends
from infwidth.plotting.axes import log_heights
from infwidth.plotting.lines import curves
from infwidth.plotting.style import LAZY, RICH, Colour

SCALED, SCALE = "√h α", "α"


def scale_colours(scaled: Iterable[float]) -> dict[float, Colour]:
    """Return the colour of every √h α, from rich (small, amber) to lazy (large, rose)."""
    ordered = sorted(set(scaled))
    return dict(zip(ordered, sns.blend_palette([RICH, LAZY], len(ordered)), strict=True))


def scales(shown: Mapping[float, Colour]) -> list[Line2D]:
    """Return what a legend says of the colours of √h α."""
    return [legends.line(f"{SCALED} = {float(f'{at:.3g}'):g}", color=colour) for at, colour in shown.items()]


def ends_and_middle(rows: pd.DataFrame) -> list[float]:
    """Return some √h α: the ends and two between them."""
    known = sorted(rows.scaled.unique())
    return [known[round(place * (len(known) - 1) / 3)] for place in range(4)]


def against(
    axes: Axes, rows: pd.DataFrame, x: str, *, heights: str = "", logarithmic: bool = True, **line: Any
) -> None:
    """Draw ``value`` against a scale of the output, a colour a width."""
    curves(axes, rows, x=x, marker="o", markersize=3.5, **line)
    if logarithmic:
        log_heights(axes)
    scale_axis(axes)
    axes.set(xlabel={"alpha": SCALE, "scaled": SCALED}[x], ylabel=heights)


def scale_axis(axes: Axes) -> None:
    """Make the horizontal axis logarithmic, with a tick a decade."""
    axes.set_xscale("log")
    axes.xaxis.set_minor_locator(NullLocator())


def slopes(axes: Axes, rows: pd.DataFrame, *parts: tuple[pd.DataFrame, float]) -> None:
    """Draw the slopes of theory through the means of parts of the widest nets' rows, against √h α."""
    widest = rows.width.max()
    for part, slope in parts:
        guides.power_law(axes, part[part.width == widest], slope=slope, x="scaled")
