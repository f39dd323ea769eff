"""Theory's power laws beside measurements: anchored at the data, so that only the slope is compared."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from infwidth.analysis.statistics import Estimate, exponent
from infwidth.plotting.style import GUIDE, Colour
from infwidth.plotting.text import with_interval


def power_law(axes: Axes, rows: pd.DataFrame, *, slope: float, x: str = "width", label: str = "") -> None:
    """Draw theory's slope through the centre of the means over seeds (on logarithmic axes), named at its left end."""
    means = rows.groupby(x).value.mean()
    at = means.index.to_numpy(float)
    centre = np.log(means.to_numpy()).mean() - slope * np.log(at).mean()
    heights = np.exp(centre) * at**slope
    axes.plot(at, heights, zorder=1, **GUIDE)
    if label:
        name(axes, (at[-1], heights[-1]), label, above=slope > 0)


def name(axes: Axes, place: tuple[float, float], text: str, *, above: bool = True) -> None:
    """Write beside a guide's end what it is."""
    offset, side = ((4, 3), "bottom") if above else ((4, -3), "top")
    axes.annotate(text, place, offset, textcoords="offset points", color="0.35", fontsize=7.5, ha="right", va=side)


def note(axes: Axes, lines: Sequence[tuple[str, str | Colour]], *, corner: str = "lower left") -> None:
    """Write lines of text, each in its colour, into a corner that no curve enters."""
    vertical, horizontal = corner.split()
    x, y = {"left": 0.04, "right": 0.97}[horizontal], {"lower": 0.04, "upper": 0.97}[vertical]
    down = 1 if vertical == "upper" else -1
    for i, (text, colour) in enumerate(lines if down == 1 else reversed(lines)):
        axes.annotate(
            text, (x, y), (0, -10 * down * i), xycoords="axes fraction", textcoords="offset points", color=colour,
            fontsize=7, ha=horizontal, va={"lower": "bottom", "upper": "top"}[vertical],
        )  # fmt: skip


def slope_text(rows: pd.DataFrame, *, x: str = "width", of: Callable[..., Estimate] = exponent) -> str:
    """Return the measured exponent with its interval; nothing of fewer than three widths, through which any line is."""
    return f"slope {with_interval(of(rows, x=x))}" if rows[x].nunique() > 2 else ""
