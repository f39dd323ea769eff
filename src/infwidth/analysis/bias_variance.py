"""Bias and variance of ensembles: what a finite width costs, and how much of it an ensemble of seeds takes back.

Definitions (notes on *Feature-Learning Networks Are Consistent Across Widths*, §3.3), for E seeds of width N at step t,
all with the same data in the same order:

- single(N, t): the mean over seeds of the loss of one net;
- ensemble(N, t): the loss of the mean of the E nets' outputs;
- their difference is the variance: for the mean squared error the mean variance of the outputs (of E nets, so (E−1)/E
  of that of infinitely many), for the cross-entropy a Jensen gap.

Intervals: seeds are independent draws and enter through the whole ensemble, so the standard error is the jackknife's,
√((E−1)/E Σ_e (θ_−e − mean of θ_−e)²) with θ_−e the same number of the other E−1 nets, times Student's factor of E−1
degrees of freedom; for a mean over seeds this is Student's interval itself. The value is that of all E nets, without
the jackknife's correction. Nets of different widths are independent: variances add, with the degrees of freedom of
Welch and Satterthwaite. Only the chance of the initialisations is covered, not that of data and batches.

Every function takes a table with everything but the width fixed: choose the rule and the learning rate first. All
losses are in the units of the table.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from infwidth.analysis.statistics import (
    Estimate,
    difference_of_means,
    jackknife_variance,
    mean_over_seeds,
    resampled,
    slope_weights,
    student,
)
from infwidth.analysis.table import NotTestableError, Table
from infwidth.errors import SpecError

#: Metrics of the tables: the loss of one net, and of the ensemble (averaged logits).
SINGLE = "single_loss"
ENSEMBLE = "ensemble_loss"

#: Ensembles without one of their seeds are under the name of the ensemble's metric with this suffix.
WITHOUT = "_without"

#: Parts of the variance of the logits, one a seed, and the mean square of their average over seeds.
DEVIATION, SQUARE = "logit_deviation", "ensemble_square"


@dataclass(frozen=True)
class _Jackknifed:
    """A number of E nets, and the same number without each of them in turn [E] (not a number for E = 1)."""

    value: float
    without: np.ndarray

    @property
    def n(self) -> int:
        return len(self.without)

    @property
    def estimate(self) -> Estimate:
        """``value`` with the jackknife's interval; infinite of one net, and where a number is not finite."""
        if not np.isfinite(self.without).all() or not np.isfinite(self.value):
            return Estimate(self.value if np.isfinite(self.value) else math.nan, -math.inf, math.inf, self.n)
        return student(self.value, math.sqrt(jackknife_variance(self.without)), self.n)


def single(table: Table, *, width: float, step: int) -> Estimate:
    """Return single(N, t), the mean loss of one net, with Student's interval over seeds."""
    return mean_over_seeds(_losses(table, width, step))


def ensemble(table: Table, *, width: float, step: int) -> Estimate:
    """Return ensemble(N, t) with its jackknife interval.

    ``table`` has of the ensemble ``single_loss``, ``ensemble_loss`` and ``ensemble_loss_without``, whose index is the
    position of the seed, or of that left out, among the seeds in order.
    """
    return _ensemble(table, width, step).estimate


def infinite_ensemble(table: Table, *, width: float, step: int) -> np.ndarray:
    """Return E numbers whose mean is the loss of an ensemble of infinitely many nets: the jackknife's pseudo-values.

    The loss of E nets is that of infinitely many and a part of order 1/E, which E L_E − (E−1) L_{E−1} has not.
    Student's interval of these numbers is the jackknife's.
    """
    found = _ensemble(table, width, step)
    return found.n * found.value - (found.n - 1) * found.without


def ensemble_minus_wider_single(table: Table, *, width: float, factor: float, steps: Sequence[int]) -> Estimate:
    """Return ensemble(N, t) − single(factor · N, t); above 0 if one wider net beats any number of narrow ones.

    The ensemble is that of infinitely many nets, both are means over the ``steps``, and the nets of two widths are
    independent: Welch's interval.
    """
    narrow = np.mean([infinite_ensemble(table, width=width, step=step) for step in steps], axis=0)
    wider = np.mean([_losses(table, factor * width, step) for step in steps], axis=0)
    return difference_of_means(narrow, wider)


def deviation_exponent(table: Table, *, step: int) -> Estimate:
    """Return the exponent in N of the relative variance of the logits: its logarithm regressed on log N.

    It is the mean of its parts, one a seed, over ``ensemble_square``, the mean square of the average of all nets'
    logits: a width that has come further has larger logits, and in proportion larger deviations.

    ``logit_deviation`` (rows of the ensemble, ``index`` e counting the seeds) is the mean over points and outputs of
    (f_e − f̄)² E/(E−1), whose mean over seeds is the unbiased ``logit_variance``. The same seed at two widths means two
    independent nets, so the seeds are resampled for each width by itself, E−2 out of E. (The deviations of E nets from
    their own mean scatter less than their mean does: for Gaussian outputs the resampled variance is right with E−2
    draws, and too small by (E−2)/(E−1) with E−1.) The interval is ± Student's factor times the standard deviation of
    the slope over resamples; its degrees of freedom are Satterthwaite's for logs of equal variance. Of two seeds both
    deviations are the same number, and the interval is infinite.
    """
    widths = table.at(metric=DEVIATION).values("width")
    if len(widths) < 2:
        raise NotTestableError(f"An exponent needs two or more values of width, there are {len(widths)}.")
    parts = [_of_every_seed(table, width, step, DEVIATION) for width in widths]
    n, weights = min(map(len, parts)), slope_weights(np.log(widths))
    squares = [float(table.at(width=width, layer="", step=step).ensemble(SQUARE).value.iloc[0]) for width in widths]
    if not min(squares) > 0:
        raise NotTestableError(f"At step {step} the nets' average logits are too small to divide by.")
    value = float(weights @ [_log_mean(x) - math.log(square) for x, square in zip(parts, squares, strict=True)])
    if not np.isfinite(value) or n < 3:
        return Estimate(value if np.isfinite(value) else float("nan"), float("-inf"), float("inf"), n)
    logs = [
        resampled(x, _log_mean, draws=len(x) - 2, stream=("deviation_exponent", DEVIATION, f"{width:g}"))
        for width, x in zip(widths, parts, strict=True)
    ]
    freedom = (weights**2).sum() ** 2 / sum(w**4 / (len(x) - 1) for w, x in zip(weights, parts, strict=True))
    return student(value, (weights @ np.array(logs)).std(), n, freedom=freedom)


def _ensemble(table: Table, width: float, step: int) -> _Jackknifed:
    n = len(_losses(table, width, step))
    (whole,) = _once(table.at(width=width, layer="", step=step).ensemble(ENSEMBLE), ENSEMBLE, width).value
    without = _of_every_seed(table, width, step, ENSEMBLE + WITHOUT) if n > 1 else np.full(1, np.nan)
    return _Jackknifed(float(whole), without)


def _losses(table: Table, width: float, step: int) -> np.ndarray:
    """Return one loss a seed, in the order of seeds; an error if a seed did not get to the step."""
    return _of_every_seed(table, width, step, SINGLE)


def _of_every_seed(table: Table, width: float, step: int, metric: str) -> np.ndarray:
    """Return the ensemble's numbers that count its seeds [E]; an error if one is missing."""
    of_width = table.at(width=width)
    found = _once(of_width.at(layer="", step=step).ensemble(metric).sort_values("index"), metric, width)
    seeds = len(of_width.seeds())
    if list(found["index"]) != list(range(seeds)):
        raise NotTestableError(
            f"'{metric}' of width {width:g} at step {step} has {len(found)} entries, not one for each of {seeds} seeds."
        )
    return found.value.to_numpy()


def _once(rows: pd.DataFrame, metric: str, width: float) -> pd.DataFrame:
    """Return the rows of one width and step; an error if a number is there several times."""
    if rows.duplicated(["seed", "index"]).any():
        raise SpecError(f"'{metric}' of width {width:g} is there several times: choose one rule and learning rate")
    return rows


def _log_mean(x: np.ndarray) -> np.ndarray:
    """Return the log of the mean over the last axis, not a number if that is not positive."""
    mean = x.mean(-1)
    return np.log(np.where(mean > 0, mean, np.nan))
