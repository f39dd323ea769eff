"""What claims on fluctuations share: distances from theory, exponents, and their tolerances."""

import pandas as pd

from infwidth.analysis.against_limit import mean_log_ratio
from infwidth.analysis.statistics import Estimate, slope_of_means
from infwidth.analysis.table import Table

#: Of mean |log| between nets and theory: next order at N = 256 or 100, and the chance of 2000 variances or so.
RATIO = 0.1
#: Of exponents.
RATE = 0.1


def off_theory(of: Table, at: list[str], metric: str = "fluctuation") -> Estimate:
    """Return the mean over the settings ``at`` of |log(nets / theory)|."""
    return mean_log_ratio(of.nets(metric), of.limit(metric).set_index(at).value, at)


def exponent_of_means(frame: pd.DataFrame, *, x: str) -> Estimate:
    """Return the exponent in ``x`` of the means over groups of the value."""
    return slope_of_means(frame, x=x, log_y=True)
