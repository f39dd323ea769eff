"""What panels of this paper share."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from infwidth.plotting.lines import points

#: Colours of the parts of an error, from the bias up.
PARTS = {
    "bias": ("bias²", "#8c96a8"),
    "var_features": ("variance of features", "#e3b04b"),
    "var_data": ("of data", "#5b8fc7"),
    "var_data_features": ("of both", "#7fb069"),
    "var_noise": ("of noise", "#d9736a"),
    "var_noise_features": ("of noise and features", "#a979b5"),
}


def beside_theory(
    axes: Axes, rows: pd.DataFrame, expected: pd.DataFrame, colour: Any, *, unit: float = 1.0, **mark: Any
) -> None:
    """Draw means over seeds with their intervals as marks, and the expected values as a line; P is the index."""
    at = expected.sort_values("index")
    axes.plot(at["index"] / unit, at.value, color=colour, linewidth=1.2)
    marks: dict[str, Any] = {"linestyle": "", "markersize": 4} | mark
    points(axes, rows.assign(at=rows["index"] / unit), x="at", color=colour, **marks)


def data_axis(axes: Axes, label: str) -> None:
    """Make the horizontal axis a logarithmic one of numbers, or ratios of numbers, of data."""
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0,) if high > 80 * low else (1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel(label)
