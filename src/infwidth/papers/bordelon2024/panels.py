"""What panels of this paper share."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullLocator

from infwidth.plotting.lines import points


def beside_theory(
    axes: Axes,
    rows: pd.DataFrame,
    expected: pd.DataFrame,
    colour: Any,
    *,
    x: str = "step",
    line: Any = "-",
    **mark: Any,
) -> None:
    """Draw means over seeds with their intervals as marks, and theory as a line."""
    at = expected.sort_values(x)
    axes.plot(at[x], at.value, color=colour, linewidth=1.1, linestyle=line)
    marks: dict[str, Any] = {"linestyle": "", "markersize": 3.5} | mark
    points(axes, rows, x=x, color=colour, **marks)


def decades(axes: Axes, label: str) -> None:
    """Make the horizontal axis logarithmic."""
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(numticks=6))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel(label)
