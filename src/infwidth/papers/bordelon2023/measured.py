"""What figures and claims share."""

import numpy as np
import pandas as pd

from infwidth.analysis.table import Table


def after_start(table: Table, layer: str, *, upto: float = 1.0) -> Table:
    """Return the rows of a layer after the first step, and up to that part of training."""
    steps = [step for step in table.values("step") if 0 < step <= upto * table.last_step()]
    return table.at(layer=layer, step=steps)


def over_training(table: Table, metric: str, layer: str) -> pd.DataFrame:
    """Return a metric of the nets of every group, averaged over times after the start."""
    rows = after_start(table, layer).nets(metric)
    axes = [name for name in ("width", "gamma0", "dimension") if name in rows]
    return rows.groupby([*axes, "seed"]).value.mean().reset_index()


def squared_mean(table: Table, layer: str) -> pd.DataFrame:
    """Return the square of the mean departure over all nets of a width, averaged over training."""
    rows = after_start(table, layer).nets("mean_departure")
    means = rows.groupby(["width", "step"]).value.mean() ** 2
    return means.groupby("width").mean().reset_index()


def peaks(table: Table, layer: str) -> pd.DataFrame:
    """Return the jackknife's pseudovalues of the largest N Var over time, one a group: columns gamma0, seed, value.

    Their mean and its interval are those of the peak of the mean over groups.
    """
    wide = (
        table.at(layer=layer).nets("fluctuation").pivot_table(index=["gamma0", "step"], columns="seed", values="value")
    )
    n = wide.shape[1]
    whole = wide.mean(axis=1).groupby("gamma0").max()
    pseudo = {
        str(seed): n * whole - (n - 1) * wide.drop(columns=seed).mean(axis=1).groupby("gamma0").max() for seed in wide
    }
    return pd.DataFrame(pseudo).melt(var_name="seed", ignore_index=False).reset_index()


def slope_of_shift(table: Table, layer: str, width: int) -> np.ndarray:
    """Return, for every group of nets, N times its mean departure in units of theory's shift, by regression."""
    of = after_start(table, layer).at(width=width)
    shift = of.limit("shift").sort_values("step").value.to_numpy()
    found = of.nets("mean_departure").pivot_table(index="seed", columns="step", values="value").to_numpy()
    return np.asarray(width * (found @ shift) / (shift @ shift))


def relative_kernel_variance(table: Table) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return N Var K/K² of groups of nets and of the limit; K of nets is its mean over the group."""
    of = table.at(layer="kernel")

    def ratio(rows: pd.DataFrame) -> pd.DataFrame:
        wide = rows.pivot_table(index=["gamma0", "step", "seed", "lr"], columns="metric", values="value")
        return (wide.fluctuation / wide.order**2).rename("value").reset_index()

    return ratio(of.nets("fluctuation", "order")), ratio(of.limit("fluctuation", "order"))


def diagonal(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the diagonal entries of matrices [L, L] by index, with their layer from 1 as ``depth``."""
    n = round(np.sqrt(rows["index"].max() + 1))
    of = rows[rows["index"] % (n + 1) == 0]
    return of.assign(depth=of["index"] // (n + 1) + 1)


def traces(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the traces of covariances by width and seed, not times N."""
    sums = diagonal(rows).groupby(["width", "seed"]).value.sum().reset_index()
    return sums.assign(value=sums.value / sums.width)
