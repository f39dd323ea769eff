"""What figures and claims share: rates in the depth of exact numbers, errors of trained nets, best learning rates."""

import math

import numpy as np
import pandas as pd

from infwidth.analysis.chance import TEN_CLASSES
from infwidth.analysis.lr_optimum import best_loss_change, drift
from infwidth.analysis.statistics import Estimate, jackknifed, slope_weights
from infwidth.analysis.table import NotTestableError, Table

#: What sweeps over learning rates are judged by, and the loss of a net that says nothing of ten classes.
LOSS, CHANCE = "late_loss", TEN_CLASSES["cross_entropy"]


def rate_by_doublings(error: pd.Series, last: int = 2) -> Estimate:
    """Return the exponent in the depth of exact numbers, indexed by depths, by their ``last`` doublings of it.

    No sample: the value is that of the last doubling, and the interval spans all of them.
    """
    if len(error) < 2:
        raise NotTestableError("An exponent in the depth needs two depths.")
    depth = np.log(error.index.to_numpy(float))
    rates = (np.diff(np.log(error.to_numpy())) / np.diff(depth))[-last:]
    return Estimate(float(rates[-1]), float(rates.min()), float(rates.max()), 1)


def depth_errors(table: Table, metric: str, activation: str) -> pd.Series:
    """Return the distance from infinite depth of the kernels of every depth."""
    return table.at(activation=activation).limit(metric).set_index("n_blocks").value.sort_index()


def outputs(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the outputs of trained nets, a column for each step and example, a row for each net."""
    axes = [name for name in ("width", "n_blocks", "seed") if name in rows]
    return rows.pivot_table(index=axes, columns=["step", "index"], values="value")


def limit_outputs(limit: Table) -> pd.DataFrame:
    """Return the outputs at infinite width: a row for each depth, and the last, of infinite depth, extrapolated.

    The error of a depth falls as 1/L, which the two largest take out: f_∞ = 2 f_L − f_{L/2}.
    """
    exact = outputs(limit.limit("output")).droplevel("seed")
    deepest, half = exact.index[-1], exact.index[-1] // 2
    if half not in exact.index:
        raise NotTestableError(f"Infinite depth is extrapolated from L and L/2, and there is no L = {half}.")
    exact.loc[np.inf] = 2 * exact.loc[deepest] - exact.loc[half]
    return exact


def squared_errors(nets: Table, limit: pd.DataFrame, *, own_depth: bool) -> pd.DataFrame:
    """Return for every net the mean square, over steps and examples, of its outputs less the limit's.

    The limit is that of infinite depth or, with ``own_depth``, of the net's.
    """
    found = outputs(nets.nets("output"))
    depths = found.index.get_level_values("n_blocks")
    apart = found - limit.loc[depths if own_depth else [np.inf] * len(found)].to_numpy()
    return (apart**2).mean(axis=1).rename("value").reset_index()


def ensemble_errors(nets: Table) -> pd.DataFrame:
    """Return the same where no limit is known: from the mean of the widest and deepest nets, which are left out."""
    found = outputs(nets.nets("output"))
    proxy = found.xs((found.index[-1][0], found.index[-1][1]), level=("width", "n_blocks"))
    errors = ((found - proxy.mean()) ** 2).mean(axis=1).rename("value").reset_index()
    return errors[(errors.width < errors.width.max()) | (errors.n_blocks < errors.n_blocks.max())]


def halving_errors(limit: Table) -> pd.Series:
    """Return the root mean square of f_2L − f_L at infinite width, by L."""
    exact = limit_outputs(limit).drop(np.inf)
    return pd.Series(
        {depth: float(np.sqrt(((exact.loc[2 * depth] - exact.loc[depth]) ** 2).mean())) for depth in exact.index[:-1]}
    )


def coupled_differences(nets: Table) -> dict[int, np.ndarray]:
    """Return f_2L − f_L of the widest nets by L, nets of one seed on one path, [seeds, steps × examples]."""
    found = outputs(nets.at(width=max).nets("output")).droplevel("width")
    depths = found.index.get_level_values("n_blocks").unique()
    by_depth = {int(depth): found.xs(depth, level="n_blocks").to_numpy() for depth in depths}
    return {depth: by_depth[2 * depth] - f for depth, f in by_depth.items() if 2 * depth in by_depth}


def depth_differences(differences: dict[int, np.ndarray]) -> pd.Series:
    """Return the root mean square over outputs of the means over nets of differences [seeds, outputs], by L.

    The scatter of the mean over finitely many nets is taken out of its square.
    """
    mean_squares = {
        depth: float((d.mean(0) ** 2 - d.var(0, ddof=1) / len(d)).mean()) for depth, d in differences.items()
    }
    return pd.Series(mean_squares).clip(lower=0) ** 0.5


def depth_rate(nets: Table) -> Estimate:
    """Return the exponent in L of these differences, with the jackknife's interval over seeds."""
    differences = coupled_differences(nets)
    if len(differences) < 2:
        raise NotTestableError("An exponent of differences of depths needs three depths that double.")
    weights = slope_weights(np.log(list(differences)))

    def rate(of: dict[int, np.ndarray]) -> float:
        with np.errstate(divide="ignore"):
            return float(weights @ np.log(depth_differences(of).to_numpy()))

    n = len(next(iter(differences.values())))
    without = (rate({depth: np.delete(d, seed, axis=0) for depth, d in differences.items()}) for seed in range(n))
    return jackknifed(rate(differences), without, n)


def rate_drift(table: Table, axis: str) -> Estimate:
    """Return the change of log₂ of the best learning rate per doubling of the width or depth."""
    return drift(table, axis=axis, metric=LOSS, chance=CHANCE)


def rate_change(table: Table, axis: str) -> Estimate:
    """Return the same over all widths or depths."""
    sizes, moved = table.values(axis), rate_drift(table, axis)
    doublings = math.log2(sizes[-1] / sizes[0])
    return Estimate(doublings * moved.value, doublings * moved.low, doublings * moved.high, moved.n)


def loss_change(table: Table, axis: str) -> Estimate:
    """Return the change of the log of the loss at the best rate per doubling of the width or depth."""
    return best_loss_change(table, axis=axis, metric=LOSS, chance=CHANCE)
