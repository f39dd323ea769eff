"""Whether curves fall on one another in a scaled variable: how far apart they are there, and unscaled."""

import numpy as np
import pandas as pd

from infwidth.analysis.statistics import Estimate, jackknife
from infwidth.analysis.table import NotTestableError

_POINTS = 50


def spread(curves: pd.DataFrame) -> float:
    """Return how far curves are apart: the standard deviation between them, rms over the logarithm of x.

    ``curves`` has a column a curve and its x as index or, where these differ, missing values; between its points a
    curve is straight, and the range is that on which all are known. Raises NotTestableError where there is none.
    """
    known = [column.dropna() for _, column in curves.items()]
    ends = [(np.log(curve.index.min()), np.log(curve.index.max())) for curve in known]
    low, high = max(a for a, _ in ends), min(b for _, b in ends)
    if len(known) < 2 or low >= high:
        raise NotTestableError("A collapse needs two or more curves over a common range.")
    at = np.linspace(low, high, _POINTS)
    heights = np.stack([np.interp(at, np.log(curve.index.to_numpy(float)), curve.to_numpy()) for curve in known])
    return float(np.sqrt(heights.var(axis=0, ddof=1).mean()))


def collapse(rows: pd.DataFrame, *, scaled: str, raw: str, by: str = "width", log_y: bool = True) -> Estimate:
    """Return the spread of curves against ``scaled`` over that against ``raw``: 0 if they collapse, 1 if they do not.

    Args:
        rows: columns ``seed``, ``value``, ``by`` (of which each value is a curve) and the two variables.
        scaled: the variable in which curves are to be one.
        raw: the variable in which they are apart.
        by: what tells curves apart.
        log_y: measure distances of logarithms of the means over seeds.

    The interval is the jackknife's, which leaves out a seed of every curve at once. Raises NotTestableError where
    curves have no common range, or are one in ``raw``.
    """
    wide = rows.pivot_table(index=[by, scaled, raw], columns="seed", values="value")

    def statistic(of: pd.DataFrame) -> float:
        means = of.mean(axis=1)
        heights = (np.log(means) if log_y else means).rename("height").reset_index()
        apart = [spread(heights.pivot_table(index=x, columns=by, values="height")) for x in (scaled, raw)]
        if apart[1] == 0:
            raise NotTestableError(f"The curves are one against {raw} already: nothing is left to collapse.")
        return apart[0] / apart[1]

    return jackknife(wide, statistic)
