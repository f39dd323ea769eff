"""How far theory is from experiment, as the papers measure it: the mean of |log ratio| over a learning curve."""

from collections.abc import Sequence

import pandas as pd

from infwidth.analysis.against_limit import mean_log_ratio
from infwidth.analysis.statistics import Estimate
from infwidth.analysis.table import Table


def beside_theory(table: Table, metric: str, *, theory: str = "", by: Sequence[str] = ()) -> pd.DataFrame:
    """Return the rows of ``metric`` of training sets, with theory's value for each in a column ``exact``.

    ``theory`` is the limit's metric, if it has another name; beside P (step) and index, ``by`` names what both have.
    """
    at = [*by, "step", "index"]
    exact = table.limit(theory or metric)[[*at, "value"]].rename(columns={"value": "exact"})
    return table.nets(metric).merge(exact, on=at)


def log_ratio(rows: pd.DataFrame, *, by: Sequence[str] = (), least: float = 0.0) -> Estimate:
    """Return the mean over a curve of |log (mean over training sets / theory)|, of rows as above.

    Points at which theory is ``least`` or less are left out. The interval is the jackknife's over training sets, each
    left out at all points at once.
    """
    kept, at = rows[rows.exact > least], [*by, "step", "index"]
    return mean_log_ratio(kept, kept.groupby(at).exact.first(), at)
