"""Learning curves on logarithmic axes: theory as a line, means over training sets as dots with their intervals.

And what they come from: the spectrum of a kernel, and the power of the targets in its modes.
"""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter

from infwidth.analysis.table import Table
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


def spectrum_and_power(spectrum: Axes, power: Axes, table: Table, *, color: Any = "0.35") -> None:
    """Draw a kernel's eigenvalues and the power of the targets in its first modes, on linear heights."""
    for axes, metric, label in (
        (spectrum, "eigenvalue", "η"),
        (power, "cumulative_power", "power in the first ρ"),
    ):
        rows = table.limit(metric)
        rows = rows[rows.value > 0]
        axes.plot(rows["index"] + 1, rows.value, color=color)
        axes.set_xscale("log")
        axes.set(xlabel="eigenfunction ρ", ylabel=label)
