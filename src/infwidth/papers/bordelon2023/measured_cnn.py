"""What the figure and the claims on ensembles of CNNs share: bias, variance, rates, and intervals over members.

The squared loss of the mean of E nets is, on average over draws of the nets, bias + variance/E: exactly, whatever the
nets are. Of n nets, with mean loss L_1 and loss of their mean L_n, both are known without bias of estimation:
variance = (L_1 − L_n) n/(n − 1), bias = L_1 − variance. An interval leaves out each member in turn: it says how far
another draw of as many nets might move the number, not what other batches or images would do, which all nets share.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from infwidth.analysis.statistics import Estimate, jackknifed, slope_weights
from infwidth.analysis.table import NotTestableError, Table

#: What nets are of, in the rows' order.
SETTING = ["gamma0", "width"]

#: The part of the initial loss at which training counts as early.
EARLY = 0.75


class Members(NamedTuple):
    """Losses by γ0, width and step: of ``single`` nets [rows, n], of the ``mean`` of all [rows], ``without`` each."""

    settings: pd.Index
    single: np.ndarray
    mean: np.ndarray
    without: np.ndarray

    @classmethod
    def of(cls, table: Table, single: str, together: str) -> "Members":
        """Return them from the metrics of these names; raises NotTestableError where they are missing."""
        at = [*SETTING, "step"]
        nets = table.nets(single).pivot_table(index=at, columns="seed", values="value")
        mean = table.ensemble(together).set_index(at).value.reindex(nets.index)
        others = table.ensemble(f"{together}_without").pivot_table(index=at, columns="index", values="value")
        return cls(nets.index, nets.to_numpy(), mean.to_numpy(), others.reindex(nets.index).to_numpy())

    def losses(self, left: int | None = None) -> pd.DataFrame:
        """Return columns single, ensemble, bias and variance, of all members or of all but one."""
        n = self.single.shape[1]
        if left is None:
            single, ensemble = self.single.mean(1), self.mean
        else:
            single, ensemble, n = np.delete(self.single, left, axis=1).mean(1), self.without[:, left], n - 1
        variance = (single - ensemble) * n / (n - 1)
        columns = {"single": single, "ensemble": ensemble, "bias": single - variance, "variance": variance}
        return pd.DataFrame(columns, index=self.settings)


def train_losses(table: Table) -> Members:
    """Return the members' losses on training images."""
    return Members.of(table, "train_loss", "ensemble_train_loss")


def test_losses(table: Table) -> Members:
    """Return the members' losses on test images."""
    return Members.of(table, "test_loss", "ensemble_loss")


def over_members(statistic: Callable[..., float], *members: Members) -> Estimate:
    """Return a statistic of the losses of each of ``members``, with the jackknife's 95 % interval."""
    n = members[0].single.shape[1]
    if n < 3:
        raise NotTestableError(f"An interval over members needs three nets, there are {n}.")
    without = (statistic(*(of.losses(left) for of in members)) for left in range(n))
    return jackknifed(statistic(*(of.losses() for of in members)), without, n)


def early(of: pd.DataFrame) -> float:
    """Return the loss at which training counts as early."""
    return EARLY * float(of.bias.xs(0, level="step").mean())


def late(of: pd.DataFrame) -> float:
    """Return the least loss that the infinite ensembles of all settings reach."""
    return float(of.bias.groupby(SETTING).min().max())


def gap_at(of: pd.DataFrame, level: float) -> pd.Series:
    """Return (loss of single nets)/bias − 1 by γ0 and width where the bias first is ``level``, by interpolation."""

    found = {}
    for setting, curve in of.groupby(SETTING):
        fallen = np.minimum.accumulate(curve.bias.to_numpy())
        found[setting] = float(np.interp(-level, -fallen, (curve.variance / curve.bias).to_numpy()))
    return pd.Series(found).rename_axis(SETTING)


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
