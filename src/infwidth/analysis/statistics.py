"""Estimates over seeds, with the interval that goes with them."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from infwidth.analysis.table import NotTestableError
from infwidth.seeding import numpy_stream

RESAMPLES = 2000


@dataclass(frozen=True)
class Estimate:
    """A measured value with its 95 % interval and the number of independent seeds behind it."""

    value: float
    low: float
    high: float
    n: int

    def moved(self, by: float) -> "Estimate":
        """Return the estimate of the same number plus one that is known."""
        return Estimate(self.value + by, self.low + by, self.high + by, self.n)

    def size(self) -> "Estimate":
        """Return the estimate of its absolute value: from 0 on where the interval has both signs."""
        ends = sorted((abs(self.low), abs(self.high)))
        return Estimate(abs(self.value), 0.0 if self.low <= 0.0 <= self.high else ends[0], ends[1], self.n)


def student(value: float, error: float, n: int, *, freedom: float | None = None) -> Estimate:
    """Return a value with Student's 95 % interval of its standard error: of n − 1 degrees of freedom, or of others."""
    half = float(special.stdtrit(n - 1 if freedom is None else freedom, 0.975) * error)
    return Estimate(value, value - half, value + half, n)


def jackknife_variance(without: Sequence[float] | np.ndarray) -> float:
    """Return the jackknife's variance of a number, from the same number without each of its n seeds in turn [n]."""
    return float((len(without) - 1) * np.var(without))


def jackknifed(value: float, without: Iterable[float], n: int, *, variance: float = 0.0) -> Estimate:
    """Return a number of all seeds with the jackknife's interval, from the same number without each of them in turn.

    Args:
        value: the number; where it is not finite the interval is infinite.
        without: the same without each seed; not looked at where it is not needed, and so may be a generator.
        n: seeds, whose Student's factor the interval has; of fewer than three, of which nothing can be left out, it is
            infinite.
        variance: is added to that of the seeds, for what else is chance (such as the test set).
    """
    if n < 3 or not math.isfinite(value):
        return Estimate(value, -math.inf, math.inf, n)
    return student(value, math.sqrt(jackknife_variance(list(without)) + variance), n)


def jackknife(wide: pd.DataFrame, statistic: Callable[[pd.DataFrame], float]) -> Estimate:
    """Return ``statistic`` of a frame with a column a seed, :func:`jackknifed`."""
    return jackknifed(statistic(wide), (statistic(wide.drop(columns=seed)) for seed in wide), wide.shape[1])


def exact(value: float, n: int = 1) -> Estimate:
    """Return a number that is no sample (algebra, a comparison of bits, a statement on every net): its own interval."""
    return Estimate(float(value), float(value), float(value), n)


def mean_over_seeds(values: Sequence[float] | np.ndarray) -> Estimate:
    """Return the mean of one number a seed with Student's 95 % interval; of one seed alone the interval is infinite."""
    x = np.asarray(values, float)
    if len(x) == 0 or not np.isfinite(x).all():
        return Estimate(float("nan"), float("-inf"), float("inf"), len(x))
    if len(x) == 1:
        return Estimate(float(x[0]), float("-inf"), float("inf"), 1)
    return student(float(x.mean()), x.std(ddof=1) / np.sqrt(len(x)), len(x))


def difference_of_means(values: Sequence[float] | np.ndarray, others: Sequence[float] | np.ndarray) -> Estimate:
    """Return the mean of ``values`` less that of ``others``, two independent samples, with Welch's 95 % interval.

    ``n`` is the smaller number of seeds; with one seed on a side the interval is infinite.
    """
    sides = [np.asarray(side, float) for side in (values, others)]
    value, n = float(sides[0].mean() - sides[1].mean()), min(map(len, sides))
    if n < 2:
        return Estimate(value, float("-inf"), float("inf"), n)
    errors = np.array([side.var(ddof=1) / len(side) for side in sides])
    if not errors.any():
        return exact(value, n)
    freedom = errors.sum() ** 2 / sum(e**2 / (len(side) - 1) for e, side in zip(errors, sides, strict=True))
    return student(value, np.sqrt(errors.sum()), n, freedom=freedom)


def slopes_by_seed(frame: pd.DataFrame, *, x: str, y: str = "value", log_y: bool) -> pd.Series:
    """Return, for every seed, the least-squares slope of ``y`` on log ``x``.

    Args:
        frame: columns ``seed``, ``x`` and ``y``; one row for each seed and value of ``x``.
        x: a positive column; regressed on in log2 for a linear ``y`` (change per doubling), in log for a log ``y``.
        y: the measured column.
        log_y: regress log y (an exponent) instead of y.

    Not a number for a seed of whose values one is none. Raises NotTestableError where a seed has fewer than two values
    of ``x``, as when its other nets diverged.
    """
    places = frame.groupby("seed")[x].nunique()
    if (places < 2).any():
        alone = ", ".join(map(str, places.index[places < 2]))
        raise NotTestableError(f"A slope of every seed needs two or more values of {x}; seed {alone} has one.")

    def slope(group: pd.DataFrame) -> float:
        if group[y].isna().any():
            return math.nan
        if log_y:
            return float(np.polyfit(np.log(group[x]), np.log(group[y]), 1)[0])
        return float(np.polyfit(np.log2(group[x]), group[y], 1)[0])

    return frame.groupby("seed")[[x, y]].apply(slope)


def exponent(frame: pd.DataFrame, *, x: str = "width", y: str = "value") -> Estimate:
    """Return the exponent of ``y`` in ``x``: one regression a seed, Student's interval over seeds."""
    return mean_over_seeds(slopes_by_seed(frame, x=x, y=y, log_y=True).to_numpy())


def change_per_doubling(frame: pd.DataFrame, *, x: str = "width", y: str = "value") -> Estimate:
    """Return the change of ``y`` per doubling of ``x``: one regression a seed, Student's interval over seeds."""
    return mean_over_seeds(slopes_by_seed(frame, x=x, y=y, log_y=False).to_numpy())


def slope_of_means(
    frame: pd.DataFrame, *, x: str = "width", y: str = "value", log_y: bool = False, variance: float = 0.0
) -> Estimate:
    """Return the slope on log ``x`` of the means over seeds, of which there need not be equally many at each ``x``.

    In log2 for a linear ``y`` (change per doubling), in log with ``log_y`` (an exponent). The interval is the
    jackknife's, which leaves out a seed at every ``x`` at once, with Student's factor of the least number of seeds;
    ``variance`` is added to that of the seeds, for what else is chance (such as the test set). Infinite for two seeds
    anywhere, of which nothing can be left out; not a number where a value is none.
    """

    def slope(rows: pd.DataFrame) -> float:
        means = rows.groupby(x)[y].apply(lambda values: values.mean(skipna=False))
        heights = np.log(means) if log_y else means
        return float(slope_weights((np.log if log_y else np.log2)(means.index.to_numpy(float))) @ heights)

    without = (slope(frame[frame.seed != seed]) for seed in frame.seed.unique())
    return jackknifed(slope(frame), without, int(frame.groupby(x).seed.nunique().min()), variance=variance)


def slope_weights(x: Sequence[float] | np.ndarray) -> np.ndarray:
    """Return what values at ``x`` are weighted with in the slope of least squares."""
    centred = np.asarray(x, float) - np.mean(x)
    return centred / (centred @ centred)


def resampled(
    values: np.ndarray, statistic: Callable[[np.ndarray], np.ndarray], *, draws: int, stream: Sequence[str]
) -> np.ndarray:
    """Return a statistic of each of 2000 bootstrap resamples [RESAMPLES].

    Args:
        values: one entry a seed, [seeds, …].
        statistic: resamples [RESAMPLES, draws, …] → [RESAMPLES].
        draws: seeds a resample. With fewer than there are (S−1, S−2) the standard deviation over resamples is unbiased
            for what the caller estimates; see there.
        stream: names the random stream; statistics of one stream see the same seeds.
    """
    chosen = numpy_stream("bootstrap", *stream).integers(len(values), size=(RESAMPLES, draws))
    return statistic(values[chosen])


def rms_exponent(frame: pd.DataFrame, *, x: str = "width", y: str = "value") -> Estimate:
    """Return the exponent in ``x`` of the root mean square over seeds of ``y``, a deviation from zero.

    One regression of the logs; seeds are resampled for each ``x`` by itself, because the nets of two widths have
    nothing in common. The interval is ± 1.96 times the standard deviation over resamples, which is for many seeds (a
    hundred or so): single deviations have logs far too scattered to regress on.
    """
    squares = {at: np.square(rows[y].to_numpy()) for at, rows in frame.groupby(x)}
    weights = slope_weights(np.log(np.array(list(squares), float))) / 2
    value = float(weights @ np.log([v.mean() for v in squares.values()]))
    logs = [
        resampled(v, lambda chosen: np.log(chosen.mean(1)), draws=len(v), stream=("rms_exponent", str(at)))
        for at, v in squares.items()
    ]
    half = 1.96 * float((weights @ np.array(logs)).std())
    return Estimate(value, value - half, value + half, min(map(len, squares.values())))
