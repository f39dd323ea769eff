"""What the figure and the claims on ensembles of CNNs share: bias, variance, rates, and intervals over members.

The squared loss of the mean of E nets is, on average over draws of the nets, bias + variance/E: exactly, whatever the
nets are. Of n nets, with mean loss L_1 and loss of their mean L_n, both are known without bias of estimation:
variance = (L_1 − L_n) n/(n − 1), bias = L_1 − variance. An interval leaves out each member in turn: it says how far
another draw of as many nets might move the number, not what other batches or images would do, which all nets share.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from infwidth.analysis.statistics import Estimate, jackknife_variance, slope_weights, student
from infwidth.analysis.table import NotTestableError, Table

#: What nets are of, in the rows' order.
SETTING = ["gamma0", "width"]

#: The part of the initial loss at which training counts as early.
EARLY = 0.75

_NAMES = {"train": ("train_loss", "ensemble_train_loss"), "test": ("test_loss", "ensemble_loss")}


def losses(table: Table, part: str, without: int | None = None) -> pd.DataFrame:
    """Return columns single, ensemble, bias and variance by γ0, width and step, of all nets or ``without`` one."""
    at, (single, together) = [*SETTING, "step"], _NAMES[part]
    nets = table.nets(single)
    n = nets.seed.nunique()
    if without is None:
        mean = table.ensemble(together)
    else:
        nets, n = nets[nets.seed != without], n - 1
        others = table.ensemble(f"{together}_without")
        mean = others[others["index"] == without]
    found = pd.DataFrame({"single": nets.groupby(at).value.mean(), "ensemble": mean.set_index(at).value})
    variance = (found.single - found.ensemble) * n / (n - 1)
    return found.assign(variance=variance, bias=found.single - variance).sort_index()


def over_members(table: Table, part: str, statistic: Callable[[pd.DataFrame], float]) -> Estimate:
    """Return a statistic of :func:`losses` with the jackknife's 95 % interval over members; raises NotTestableError."""
    members = table.seeds()
    if len(members) < 3:
        raise NotTestableError(f"An interval over members needs three nets, {table.name} has {len(members)}.")
    left = [statistic(losses(table, part, without)) for without in members]
    error = float(np.sqrt(jackknife_variance(left)))
    return student(statistic(losses(table, part)), error, len(members))


def early(of: pd.DataFrame) -> float:
    """Return the loss at which training counts as early."""
    return EARLY * float(of.bias.xs(0, level="step").mean())


def late(of: pd.DataFrame) -> float:
    """Return the least loss that the infinite ensembles of all settings reach."""
    return float(of.bias.groupby(SETTING).min().max())


def gap_at(of: pd.DataFrame, level: float) -> pd.Series:
    """Return (loss of single nets)/bias − 1 by γ0 and width where the bias first is ``level``, by interpolation."""

    def there(curve: pd.DataFrame) -> float:
        fallen = np.minimum.accumulate(curve.bias.to_numpy())
        return float(np.interp(-level, -fallen, (curve.variance / curve.bias).to_numpy()))

    return of.groupby(SETTING)[["bias", "variance"]].apply(there)


def slope(values: pd.Series, axis: str) -> float:
    """Return the exponent of positive values in an axis of the settings, their logs averaged over the other one."""
    means = np.log(values).groupby(axis).mean()
    if len(means) < 2:
        raise NotTestableError(f"A slope needs two or more values of {axis}, there is one.")
    return float(slope_weights(np.log(means.index.to_numpy(float))) @ means)


def rates(of: pd.DataFrame, column: str) -> pd.Series:
    """Return the rate a step at which log of a loss falls over all of training, by regression, by γ0 and width."""

    def rate(curve: pd.Series) -> float:
        steps = curve.index.get_level_values("step").to_numpy(float)
        return -float(np.polyfit(steps, np.log(curve.to_numpy()), 1)[0])

    return of[column].groupby(SETTING).apply(rate)


def spread(of: pd.DataFrame, pace: pd.Series) -> float:
    """Return the rms over widths of log loss of single nets at equal ``pace`` × steps, averaged over these and γ0."""
    spreads = []
    for gamma0, curves in np.log(of.single).groupby("gamma0"):
        wide = curves.unstack("step").droplevel("gamma0")
        speeds, steps = pace.loc[gamma0].reindex(wide.index).to_numpy(), wide.columns.to_numpy(float)
        times = np.linspace(0, speeds.min() * steps[-1], len(steps))
        spreads.append(
            np.std([np.interp(times / v, steps, c) for v, c in zip(speeds, wide.to_numpy(), strict=True)], axis=0)
        )
    return float(np.mean(spreads))
