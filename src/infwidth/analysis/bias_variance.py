"""Bias and variance of ensembles: what a finite width costs, and how much of it an ensemble of seeds takes back.

Definitions (notes on *Feature-Learning Networks Are Consistent Across Widths*, §3.3), for E seeds of width N at step t,
all with the same data in the same order:

- single(N, t): the mean over seeds of the loss of one net;
- ensemble(N, t): the loss of the mean of the E nets' outputs;
- variance = single − ensemble: for the mean squared error the mean variance of the outputs (of E nets, so (E−1)/E of
  that of infinitely many), for the cross-entropy a Jensen gap;
- bias(N, t) = ensemble(N, t) − ensemble(N_max, t): the widest ensemble stands in for infinite width.

Intervals: seeds are independent draws and enter through the whole ensemble, so the standard error is the jackknife's,
√((E−1)/E Σ_e (θ_−e − mean of θ_−e)²) with θ_−e the same number of the other E−1 nets, times Student's factor of E−1
degrees of freedom; for a mean over seeds this is Student's interval itself. The value is that of all E nets, without
the jackknife's correction. Nets of different widths are independent: variances add, with the degrees of freedom of
Welch and Satterthwaite. Only the chance of the initialisations is covered, not that of data and batches.

Every function takes rows of one experiment with everything but ``axis`` (the width) fixed: choose the rule and the
learning rate first. All losses are in the units of the table.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from infwidth.analysis.statistics import Estimate, exact, mean_over_seeds, resampled, slope_weights
from infwidth.analysis.table import NotTestableError, Table
from infwidth.errors import SpecError

#: Metrics of the tables: the loss of one net, and of the ensemble (averaged logits; ``_probabilities`` averages these).
SINGLE = "test_loss"
ENSEMBLE = "ensemble_loss"

#: Ensembles without one of their seeds are under the name of the ensemble's metric with this suffix.
WITHOUT = "_without"


@dataclass(frozen=True)
class _Statistic:
    """A number of E nets, and the same number without each of them in turn [E] (not a number for E = 1)."""

    value: float
    without: np.ndarray

    @property
    def n(self) -> int:
        return len(self.without)

    @property
    def squared_error(self) -> float:
        """The jackknife's variance of ``value``."""
        if self.n == 1:
            return float("inf")
        return float((self.n - 1) * np.var(self.without))


@dataclass(frozen=True)
class _Nets:
    """The losses of E nets of one width at one step: of each [E], of the ensemble, of the ensemble without each [E]."""

    losses: np.ndarray
    whole: float
    without: np.ndarray

    def single(self) -> _Statistic:
        n = len(self.losses)
        rest = (self.losses.sum() - self.losses) / (n - 1) if n > 1 else np.full(1, np.nan)
        return _Statistic(float(self.losses.mean()), rest)

    def ensemble(self, infinite: bool) -> _Statistic:
        if not infinite:
            return _Statistic(self.whole, self.without)
        n = len(self.losses)
        if n < 3:
            raise NotTestableError(f"The loss of an infinite ensemble needs 3 seeds or more, there are {n}.")
        single = self.single()
        value = self.whole - (single.value - self.whole) / (n - 1)
        return _Statistic(value, self.without - (single.without - self.without) / (n - 2))

    def variance(self, infinite: bool) -> _Statistic:
        single, ensemble = self.single(), self.ensemble(infinite)
        return _Statistic(single.value - ensemble.value, single.without - ensemble.without)


def single(table: Table, *, width: float, step: int, metric: str = SINGLE, axis: str = "width") -> Estimate:
    """Return single(N, t), the mean loss of one net, with Student's interval over seeds."""
    return mean_over_seeds(_losses(table, width, step, metric, axis).to_numpy())


def ensemble(
    table: Table,
    *,
    width: float,
    step: int,
    infinite: bool = False,
    metric: str = ENSEMBLE,
    axis: str = "width",
) -> Estimate:
    """Return ensemble(N, t) with its jackknife interval.

    Args:
        table: rows with ``test_loss`` of every seed, and of seed −1 ``metric`` and ``metric`` + "_without", whose
            index is the position of the seed left out among the seeds in order.
        width: value of ``axis``.
        step: number of updates.
        infinite: extrapolate to infinitely many seeds, ensemble − (single − ensemble)/(E−1): unbiased for the mean
            squared error, and nothing more than a guide for other losses; needs 3 seeds.
        metric: the ensemble's loss.
        axis: the column of the widths.
    """
    return _combined([_nets(table, width, step, metric, axis).ensemble(infinite)], [1])


def variance(
    table: Table,
    *,
    width: float,
    step: int,
    infinite: bool = False,
    metric: str = ENSEMBLE,
    axis: str = "width",
) -> Estimate:
    """Return single − ensemble with its jackknife interval; arguments as for :func:`ensemble`."""
    return _combined([_nets(table, width, step, metric, axis).variance(infinite)], [1])


def bias(
    table: Table,
    *,
    width: float,
    step: int,
    infinite: bool = False,
    metric: str = ENSEMBLE,
    axis: str = "width",
) -> Estimate:
    """Return ensemble(N, t) − ensemble(N_max, t), the jackknife variances added; exactly 0 for the widest.

    N_max is the largest ``axis`` of the table. Arguments as for :func:`ensemble`. Without ``infinite`` the difference
    also holds what is left of the variance, (var(N) − var(N_max))/E for the mean squared error.
    """
    widest = max(table.values(axis))
    of_widest = _nets(table, widest, step, metric, axis).ensemble(infinite)
    if width == widest:
        return exact(0.0, of_widest.n)
    return _combined([_nets(table, width, step, metric, axis).ensemble(infinite), of_widest], [1, -1])


def ensemble_minus_wider_single(
    table: Table, *, width: float, factor: float, step: int, metric: str = ENSEMBLE, axis: str = "width"
) -> Estimate:
    """Return ensemble(N, t) − single(factor · N, t); above 0 if one wider net beats the ensemble of narrow ones.

    The interval adds the jackknife variance of the ensemble and Student's of the single nets, which are independent.
    """
    wider = _losses(table, factor * width, step, SINGLE, axis).to_numpy()
    without = np.full(len(wider), np.nan)  # single() alone reads only the losses
    of_wider = _Nets(wider, float("nan"), without).single()
    return _combined([_nets(table, width, step, metric, axis).ensemble(infinite=False), of_wider], [1, -1])


def deviation_exponent(
    table: Table, *, step: int, metric: str = "logit_deviation", layer: str = "", axis: str = "width"
) -> Estimate:
    """Return the exponent in N of a variance from its parts, one a seed: least squares of log mean on log N.

    ``logit_deviation`` (rows of the ensemble, ``index`` e counting the seeds) is the mean over points and outputs of
    (f_e − f̄)² E/(E−1), whose mean over seeds is the unbiased ``logit_variance``. The same seed at two widths means two
    independent nets, so the seeds are resampled for each width by itself: 2000 bootstrap resamples of E−2 out of E
    seeds, from a stream named after metric and width. (The deviations of E nets from their own mean scatter less than
    their mean does: for Gaussian outputs the resampled variance is right with E−2 draws, and too small by (E−2)/(E−1)
    with E−1.) The interval is ± Student's factor times the standard deviation of the slope over resamples; its degrees
    of freedom are Satterthwaite's for logs of equal variance. Of two seeds both deviations are the same number, and the
    interval is infinite.
    """
    widths = _several(table.at(metric=metric), axis)
    of_widths = [_of_every_seed(table, width, step, metric, axis, layer) for width in widths]
    n = min(map(len, of_widths))
    weights = slope_weights(np.log(widths))
    value = float(weights @ [_log_mean(x) for x in of_widths])
    if not np.isfinite(value) or n < 3:
        return Estimate(value if np.isfinite(value) else float("nan"), float("-inf"), float("inf"), n)
    logs = [
        resampled(x, _log_mean, draws=len(x) - 2, stream=("deviation_exponent", metric, f"{width:g}"))
        for width, x in zip(widths, of_widths, strict=True)
    ]
    slopes = weights @ np.array(logs)
    freedom = (weights**2).sum() ** 2 / sum(w**4 / (len(x) - 1) for w, x in zip(weights, of_widths, strict=True))
    half = float(special.stdtrit(freedom, 0.975) * slopes.std())
    return Estimate(value, value - half, value + half, n)


def decomposition(table: Table, *, infinite: bool = False, metric: str = ENSEMBLE, axis: str = "width") -> pd.DataFrame:
    """Return single, ensemble, variance and bias of every width at all steps that every width reached, for figures.

    Columns: ``axis``, step, quantity, value, low, high, n. Other arguments as for :func:`ensemble`.
    """
    rows = table.at(metric=(SINGLE, metric, metric + WITHOUT))
    widths, of_ensemble = rows.values(axis), rows.ensemble(metric)
    steps = [step for step in rows.values("step") if sorted(of_ensemble[axis][of_ensemble.step == step]) == widths]
    if not steps:
        raise NotTestableError(f"There is no step at which every {axis} has '{metric}'.")
    records = []
    for step in steps:
        for width in widths:
            estimates = {"single": single(rows, width=width, step=step, axis=axis)} | {
                name: measure(rows, width=width, step=step, infinite=infinite, metric=metric, axis=axis)
                for name, measure in (("ensemble", ensemble), ("variance", variance), ("bias", bias))
            }
            records += [(width, step, name, e.value, e.low, e.high, e.n) for name, e in estimates.items()]
    return pd.DataFrame(records, columns=[axis, "step", "quantity", "value", "low", "high", "n"])


def _once(rows: pd.DataFrame, metric: str, axis: str, width: float) -> pd.DataFrame:
    """Return the rows of one width and step; an error if a number is there several times."""
    if rows.duplicated(["seed", "index"]).any():
        raise SpecError(f"'{metric}' of {axis} {width:g} is there several times: choose one rule and learning rate")
    return rows


def _of_every_seed(table: Table, width: float, step: int, metric: str, axis: str, layer: str = "") -> np.ndarray:
    """Return the ensemble's numbers that count its seeds [E]; an error if one is missing."""
    of_width = table.at(**{axis: width})
    found = _once(of_width.at(layer=layer, step=step).ensemble(metric).sort_values("index"), metric, axis, width)
    seeds = len(of_width.seeds())
    if list(found["index"]) != list(range(seeds)):
        raise NotTestableError(
            f"'{metric}' of {axis} {width:g} at step {step} has {len(found)} entries, "
            f"not one for each of {seeds} seeds."
        )
    return found.value.to_numpy()


def _losses(table: Table, width: float, step: int, metric: str, axis: str) -> pd.Series:
    """Return one number a seed, in the order of seeds; an error if a seed did not get to the step."""
    of_width = table.at(**{axis: width})
    found = _once(of_width.at(layer="", step=step).nets(metric).sort_values("seed"), metric, axis, width)
    if lost := sorted(set(of_width.seeds()) - set(found.seed)):
        raise NotTestableError(f"Seeds {lost} of {axis} {width:g} have no '{metric}' at step {step}.")
    return found.set_index("seed").value


def _nets(table: Table, width: float, step: int, metric: str, axis: str) -> _Nets:
    losses = _losses(table, width, step, SINGLE, axis).to_numpy()
    (whole,) = _once(table.at(**{axis: width}, layer="", step=step).ensemble(metric), metric, axis, width).value
    if len(losses) == 1:
        return _Nets(losses, float(whole), np.full(1, np.nan))
    return _Nets(losses, float(whole), _of_every_seed(table, width, step, metric + WITHOUT, axis))


def _combined(statistics: Sequence[_Statistic], weights: Sequence[float] | np.ndarray) -> Estimate:
    """Return a weighted sum of independent statistics: jackknife variances add, with Welch's degrees of freedom."""
    n = min(s.n for s in statistics)
    value = sum(w * s.value for w, s in zip(weights, statistics, strict=True))
    parts = np.array([w**2 * s.squared_error for w, s in zip(weights, statistics, strict=True)])
    if not np.isfinite(value):
        return Estimate(float("nan"), float("-inf"), float("inf"), n)
    if not np.isfinite(parts).all():
        return Estimate(float(value), float("-inf"), float("inf"), n)
    if not parts.any():
        return exact(value, n)
    freedom = parts.sum() ** 2 / sum(part**2 / (s.n - 1) for part, s in zip(parts, statistics, strict=True))
    half = float(special.stdtrit(freedom, 0.975) * np.sqrt(parts.sum()))
    return Estimate(float(value), float(value) - half, float(value) + half, n)


def _several(table: Table, axis: str) -> list[float]:
    widths = table.values(axis)
    if len(widths) < 2:
        raise NotTestableError(f"An exponent needs two or more values of {axis}, there are {len(widths)}.")
    return widths


def _log_mean(x: np.ndarray) -> np.ndarray:
    """Return the log of the mean over the last axis, not a number if that is not positive."""
    mean = x.mean(-1)
    return np.log(np.where(mean > 0, mean, np.nan))
