"""Plot shapes that many figures share."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from infwidth.analysis.statistics import mean_over_seeds


def curve_with_band(
    axes: Axes, frame: pd.DataFrame, *, x: str, y: str = "value", band: bool = True, **line: object
) -> None:
    """Draw the mean over seeds of ``y`` against ``x``, with Student's 95 % band where there are several seeds."""
    estimates = {at: mean_over_seeds(group[y].to_numpy()) for at, group in frame.groupby(x)}
    at = np.array(list(estimates))
    (drawn,) = axes.plot(at, [e.value for e in estimates.values()], **line)  # type: ignore[arg-type]
    if band and all(e.n > 1 for e in estimates.values()):
        low, high = [e.low for e in estimates.values()], [e.high for e in estimates.values()]
        axes.fill_between(at, low, high, color=drawn.get_color(), alpha=0.18, linewidth=0)


def guide(axes: Axes, x: np.ndarray, *, exponent: float, at: float, label: str) -> None:
    """Draw the theory's power law through the height ``at`` at the left end of ``x``."""
    axes.plot(x, at * (x / x[0]) ** exponent, color="0.45", linewidth=0.9, linestyle=(0, (1, 1.5)))
    axes.annotate(label, (x[-1], at * (x[-1] / x[0]) ** exponent), color="0.35", fontsize=7.5, ha="right", va="bottom")


def errors_against_width(axes: Axes, frame: pd.DataFrame, *, x: str = "width", **line: object) -> None:
    """Draw the mean over seeds of ``value`` against width, with Student's 95 % intervals as bars."""
    estimates = {at: mean_over_seeds(group.value.to_numpy()) for at, group in frame.groupby(x)}
    centre = np.array([e.value for e in estimates.values()])
    half = np.array([e.high - e.value if e.n > 1 else 0.0 for e in estimates.values()])
    # On a logarithmic axis a bar may not reach zero; of few seeds it can be longer than the value.
    lower = np.minimum(half, 0.95 * np.abs(centre))
    axes.errorbar(list(estimates), centre, yerr=(lower, half), capsize=2, elinewidth=0.9, **line)  # type: ignore[arg-type]
