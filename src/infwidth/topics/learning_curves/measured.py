"""How far theory is from experiment, as the papers measure it: the mean of |log ratio| over a learning curve."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from infwidth.analysis.statistics import Estimate, jackknife_variance, student
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
    kept = rows[rows.exact > least]
    table = kept.pivot(index="seed", columns=[*by, "step", "index"], values="value")
    exact = kept.pivot(index="seed", columns=[*by, "step", "index"], values="exact").iloc[0].to_numpy()
    values = table.to_numpy()

    def statistic(chosen: np.ndarray) -> float:
        return float(np.abs(np.log(chosen.mean(axis=0) / exact)).mean())

    n = len(values)
    without = [statistic(np.delete(values, i, axis=0)) for i in range(n)] if n > 1 else [np.nan]
    if n < 3:
        return Estimate(statistic(values), float("-inf"), float("inf"), n)
    return student(statistic(values), float(np.sqrt(jackknife_variance(without))), n)
