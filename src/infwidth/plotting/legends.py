"""One legend a figure: below all panels, or in the one panel that has room."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import FigureBase
from matplotlib.lines import Line2D

from infwidth.plotting.style import GUIDE, LIMIT, depth_colours, width_colours


def line(label: str, **of: Any) -> Line2D:
    """Return what a legend shows of a line or a mark."""
    return Line2D([], [], **({"color": "0.35"} | of), label=label)


def widths(of: Iterable[float], *, symbol: str = "N", **more: Any) -> list[Line2D]:
    """Return what a legend says of the colours of the widths."""
    return [line(f"{symbol} = {width}", color=colour, **more) for width, colour in width_colours(of).items()]


def depths(of: Iterable[float], **more: Any) -> list[Line2D]:
    """Return what a legend says of the colours of the depths."""
    return [line(f"L = {depth}", color=colour, **more) for depth, colour in depth_colours(of).items()]


def limit(label: str, **more: Any) -> Line2D:
    """Return what a legend says of the infinite-width limit."""
    return line(label, **LIMIT | more)


def guide(label: str, **more: Any) -> Line2D:
    """Return what a legend says of a guide."""
    return line(label, **GUIDE | more)


def below(figure: FigureBase, handles: Sequence[Any], *, ncols: int | None = None, **options: Any) -> None:
    """Put the figure's one legend under its panels, in as few rows as ``ncols`` columns need, filled evenly."""
    given: dict[str, Any] = {"columnspacing": 1.3, "handlelength": 1.6} | options
    rows = math.ceil(len(handles) / (ncols or 7))
    figure.legend(handles=handles, loc="outside lower center", ncols=math.ceil(len(handles) / rows), **given)


def inside(axes: Axes, handles: Sequence[Any], loc: Any, **options: Any) -> None:
    """Put a legend into a corner that no curve enters."""
    given: dict[str, Any] = {"handlelength": 1.6} | options
    axes.legend(handles=handles, loc=loc, **given)
