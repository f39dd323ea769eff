"""Learning curves on logarithmic axes: theory as a line, means over training sets as dots with their intervals."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter

from infwidth.plotting.axes import log_heights
from infwidth.plotting.lines import points
from infwidth.plotting.style import LIMIT


def theory(axes: Axes, rows: pd.DataFrame, **line: Any) -> None:
    """Draw theory's values against P."""
    ordered = rows.sort_values("step")
    axes.plot(ordered.step, ordered.value, **(LIMIT | line))


def dots(axes: Axes, rows: pd.DataFrame, colour: Any, **marks: Any) -> None:
    """Draw means over training sets against P, with 95 % intervals; on a linear vertical axis."""
    given: dict[str, Any] = {"linestyle": "", "markersize": 4, "color": colour} | marks
    points(axes, rows, x="step", **given)


def logarithmic(axes: Axes, label: str, *, x: str = "examples P") -> None:
    """Make both axes logarithmic and name them."""
    axes.set_xscale("log")
    axes.xaxis.set_minor_formatter(NullFormatter())
    log_heights(axes)
    axes.set(xlabel=x, ylabel=label)
