"""What figures and claims share."""

import numpy as np
import pandas as pd

from infwidth.analysis.table import Table

#: γ0 from which nets are rich, √h α ≤ 0.1, and to which they are lazy, √h α ≥ 100.
RICH_FROM, LAZY_TO = 10.0, 0.01
#: The level of the train loss of which the time is taken, by its place among those of the computation.
HALF = 4


def by_scale(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows with γ0, which their layer names, and the paper's scales of it: ``alpha``, and ``scaled``, √h α."""
    gamma0 = rows.layer.astype(float)
    return rows.assign(gamma0=gamma0, scaled=1 / gamma0, alpha=1 / (gamma0 * np.sqrt(rows.width)))


def of_nets(table: Table, metric: str) -> pd.DataFrame:
    """Return a metric of every net, with its scales."""
    return by_scale(table.nets(metric))


def rich(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the rich regime."""
    return rows[rows.gamma0 >= RICH_FROM]


def lazy(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the lazy regime."""
    return rows[rows.gamma0 <= LAZY_TO]


def displacement(table: Table) -> pd.DataFrame:
    """Return √h ‖W − W_0‖/‖W_0‖."""
    rows = of_nets(table, "weight_change")
    return rows.assign(value=rows.value * np.sqrt(rows.width))


def half_time(table: Table) -> pd.DataFrame:
    """Return the time at which the train loss has fallen to a half, in units of √h α."""
    rows = of_nets(table.at(index=HALF), "fall_time")
    return rows.assign(value=rows.value / rows.scaled)


def of_infinite_ensembles(table: Table) -> pd.DataFrame:
    """Return the error of averages of infinitely many nets, the mean of a number a net (the jackknife's pseudo-values).

    E times the error of all E nets of a training set less E − 1 times that of all but one.
    """
    whole = by_scale(table.ensemble("ensemble_error_rate"))
    without = by_scale(table.ensemble("ensemble_error_rate_without"))
    n_nets, n_sets = without["index"].nunique(), whole["index"].nunique()
    size = n_nets // n_sets
    of_set = whole.set_index(["width", "gamma0", "index"]).value
    places = pd.MultiIndex.from_arrays([without.width, without.gamma0, without["index"] // size])
    values = size * of_set.reindex(places).to_numpy() - (size - 1) * without.value.to_numpy()
    return without.assign(value=values, seed=without["index"])
