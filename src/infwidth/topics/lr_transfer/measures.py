"""What transfer means besides an optimum that stays: losses at the tuned rate over widths, and the largest stable rate.

Every function takes rows of one rule over widths (or another ``axis``), rates and seeds. A net that diverged, or ended
at ``chance``, the loss of a net that says nothing, or above it, has that loss.
"""

import numpy as np
import pandas as pd

from infwidth.analysis.lr_optimum import best_of_grid, final_losses
from infwidth.analysis.table import NotTestableError, Table


def log_losses(table: Table, *, metric: str, chance: float, axis: str = "width") -> pd.DataFrame:
    """Return log of every net's final loss, at most log ``chance``: columns ``axis``, lr, seed, value."""
    losses = final_losses(table, axis=axis, metric=metric)
    return losses.assign(value=np.log(losses.value.fillna(chance).clip(upper=chance)))


def tuned_rate(table: Table, *, metric: str, chance: float, axis: str = "width") -> float:
    """Return the rate of the grid that is best for the narrowest net (:func:`best_of_grid`): what tuning it hands on.

    Raises NotTestableError where it trains at none.
    """
    found = best_of_grid(table.at(**{axis: min}), axis=axis, metric=metric, chance=chance)
    if found.empty:
        raise NotTestableError(f"The net of the smallest {axis} trains at no rate with every seed.")
    return float(found.iloc[0])


def at_tuned_rate(table: Table, *, metric: str, chance: float, axis: str = "width") -> pd.DataFrame:
    """Return :func:`log_losses` of all nets at the narrowest one's best rate."""
    losses = log_losses(table, metric=metric, chance=chance, axis=axis)
    return losses[losses.lr == tuned_rate(table, metric=metric, chance=chance, axis=axis)]


def growth_by_rate(table: Table, *, metric: str, chance: float, axis: str = "width") -> pd.DataFrame:
    """Return how mean log losses change from one width to the next, at all rates up to the narrowest net's best.

    Columns lr, ``axis`` (of the wider net), seed, value; the value is that of each seed.
    """
    losses = log_losses(table, metric=metric, chance=chance, axis=axis)
    tuned = tuned_rate(table, metric=metric, chance=chance, axis=axis)
    wide = losses[losses.lr <= tuned].pivot(index=["lr", "seed"], columns=axis, values="value")
    change = wide.diff(axis=1).iloc[:, 1:]
    return change.melt(ignore_index=False, var_name=axis).reset_index()


def stable_rates(table: Table, *, metric: str, chance: float, axis: str = "width") -> pd.DataFrame:
    """Return log₂ of the largest rate such that a net trains at it and at all smaller ones: ``axis``, seed, value.

    Raises NotTestableError for a net that trains at every rate or at none: the grid does not hold its limit.
    """
    losses = log_losses(table, metric=metric, chance=chance, axis=axis)
    records = []
    for (at, seed), net in losses.sort_values("lr").groupby([axis, "seed"]):
        trains = np.logical_and.accumulate((net.value < np.log(chance)).to_numpy())
        if trains.all() or not trains.any():
            raise NotTestableError(f"The grid of rates does not hold the largest stable one of {axis} {at}.")
        records.append((at, seed, float(np.log2(net.lr.to_numpy()[trains][-1]))))
    return pd.DataFrame(records, columns=[axis, "seed", "value"])
