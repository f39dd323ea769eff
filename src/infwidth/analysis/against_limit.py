"""Finite nets against their infinite-width limit, where a table holds both.

Every net, and a limit that has seeds of its own (of its data), counts at the last step at which it was measured.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from infwidth.analysis.statistics import Estimate, change_per_doubling, jackknife, mean_over_seeds
from infwidth.analysis.table import NotTestableError, Table


def mean_log_ratio(rows: pd.DataFrame, exact: pd.Series, axes: Sequence[str]) -> Estimate:
    """Return the mean over settings of |log (mean over seeds of ``value`` / exact value)|; the jackknife's interval.

    ``axes`` name a setting, and index ``exact``, which has one value of each.
    """

    def statistic(of: pd.DataFrame) -> float:
        return float(np.abs(np.log(of.mean(axis=1) / exact.reindex(of.index))).mean())

    return jackknife(rows.pivot_table(index=[*axes], columns="seed", values="value"), statistic)


def rises_with_width(table: Table, metric: str) -> Estimate:
    """Return the change of a metric per doubling of the finite widths."""
    rows = table.at_end(of_each=True).nets(metric)
    if rows.width.nunique() < 2:
        raise NotTestableError("Fewer than two finite widths are run at this scale.")
    return change_per_doubling(rows)


def limit_less_narrowest(table: Table, metric: str) -> Estimate:
    """Return the limit's value less the narrowest nets', Student's interval over the seeds of the nets.

    A limit that has seeds of its own (of its data) is compared seed by seed.
    """
    return _limit_less(table, metric, float(min(table.values("width"))))


def limit_less_best_width(table: Table, metric: str) -> Estimate:
    """Return the limit's value less that of the finite width with the largest mean, as :func:`limit_less_narrowest`.

    The best of several means is chosen in disfavour of the limit.
    """
    nets = table.at_end(of_each=True).nets(metric)
    best = max(nets.width.unique().tolist(), key=lambda width: nets.value[nets.width == width].mean())
    return _limit_less(table, metric, best)


def _limit_less(table: Table, metric: str, width: float) -> Estimate:
    final = table.at_end(of_each=True)
    exact, nets = final.limit(metric), final.at(width=width).nets(metric).set_index("seed").value
    if len(exact) == 1:
        return mean_over_seeds((exact.value.iloc[0] - nets).to_numpy())
    return mean_over_seeds((exact.set_index("seed").value - nets).dropna().to_numpy())


def distances(nets: Table, limit: Table, metric: str, *, axes: Sequence[str] = ("width",)) -> pd.DataFrame:
    """Return how far every net is from the limit: the root mean square over entries and evaluations of ``metric``.

    ``axes`` tell nets apart beside the seed; what both tables have of them tells limits apart. The seeds of the limit
    are samples of it, of which the mean is taken. Columns: the axes, seed, value.
    """
    exact = limit.limit(metric)
    at = [name for name in axes if name in exact and name in nets.frame] + ["step", "index"]
    mean = exact.groupby(at).value.mean().rename("exact").reset_index()
    rows = nets.nets(metric).merge(mean, on=at)
    return (
        rows.assign(value=(rows.value - rows.exact) ** 2).groupby([*axes, "seed"]).value.mean().pow(0.5).reset_index()
    )


def sampling_error(limit: Table, metric: str, *, axes: Sequence[str] = ()) -> "pd.Series[float]":
    """Return the standard error of the limit's mean over samples, rms over entries and evaluations, by ``axes``."""
    exact = limit.limit(metric)
    spread = exact.groupby([*axes, "step", "index"]).value.agg(["var", "count"])
    squares = (spread["var"] / spread["count"]).rename("error").reset_index()
    return squares.groupby(list(axes)).error.mean().pow(0.5) if axes else pd.Series([squares.error.mean() ** 0.5])
