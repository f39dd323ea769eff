"""The best learning rate of loss curves over a grid of rates (factor 2 or so), and how it moves with width or depth.

Every function takes rows of one experiment with everything fixed but ``axis`` (width, number of blocks, …), the
learning rate and the seed. The loss of a rate is the mean over seeds at the last step; a rate is out if a seed diverged
there (a row ``diverged``) or has no finite loss. ``chance`` is the loss of a net that says nothing: a rate above the
lowest point at which a seed ends there or worse is out as well, for that net is dead; and a configuration whose lowest
point has not come down a tenth of the way from chance to zero has no optimum.

The optimum is the vertex of a parabola in log₂ of the rate, fitted by least squares to the loss at the lowest point of
the curve and at up to two rates on each side, and kept within the rates fitted; where there are fewer than three, or
the parabola opens downward, it is the lowest point itself. Where the lowest point has no neighbour on one side this is
no optimum but a bound, and ``edge`` says so.

There is no net at the vertex. What is measured of nets at their best rate (:func:`nets_at_best`, :func:`best_losses`,
:func:`best_loss_change`), and what tuning one net hands on to others, is therefore taken at the lowest point itself,
:func:`best_of_grid`. A statement on the rate never is: a grid of a factor 2 moves in octaves or not at all.

Intervals come from resampling seeds (2000 resamples of S−1 out of S seeds, from one named stream): estimate ± Student's
factor of S−1 degrees of freedom times the standard deviation over resamples, which for a mean is Student's interval
itself. All configurations get the same resampled seeds, since the seeds share their batches. An interval of zero width,
as a curve cut off by divergence can have, means "finer than the grid tells", not "known exactly".
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from infwidth.analysis.statistics import RESAMPLES, Estimate, resampled, slope_weights, student
from infwidth.analysis.table import NotTestableError, Table
from infwidth.errors import SpecError

#: Where the lowest point is: within the grid; at its smallest rate; at its largest; at the largest that is stable, so
#: that the optimum is bounded by divergence and not by the choice of the grid.
Edge = Literal["", "smallest", "largest", "stability"]

#: Nets train if their best mean loss is below so much of that of a net that says nothing.
ALIVE = 0.9


@dataclass(frozen=True)
class Optimum:
    """The best learning rate of one configuration.

    Attributes:
        at: the configuration, value of the axis.
        log2_lr: log₂ of the optimum, with its interval.
        edge: whether the optimum is only a bound, and what bounds it.
        grid_lr: the rate of the grid with the lowest mean loss.
        loss: that loss.
        largest_stable_lr: the largest rate of the grid such that it and all smaller ones are stable for every seed;
            not a number if the smallest is unstable already.
    """

    at: float
    log2_lr: Estimate
    edge: Edge
    grid_lr: float
    loss: float
    largest_stable_lr: float

    @property
    def lr(self) -> Estimate:
        """The optimum as a rate."""
        x = self.log2_lr
        with np.errstate(over="ignore"):
            value, low, high = np.exp2([x.value, x.low, x.high]).tolist()
        return Estimate(value, low, high, x.n)


@dataclass(frozen=True)
class _Curve:
    """Losses [seeds, rates] over ascending rates; not a number where a net diverged."""

    rates: np.ndarray
    losses: np.ndarray

    @property
    def x(self) -> np.ndarray:
        return np.log2(self.rates)

    @property
    def stable(self) -> np.ndarray:
        return np.isfinite(self.losses).all(0)

    def without_dead(self, chance: float) -> "_Curve":
        """Return the curve without the losses of dead nets above its lowest point; of dead ones only, without any."""
        if not self.stable.any():
            return self
        mean = self.losses.mean(0)
        lowest = int(np.nanargmin(mean))
        if mean[lowest] >= ALIVE * chance:
            return _Curve(self.rates, np.full_like(self.losses, np.nan))
        dead = (self.losses >= chance) & (np.arange(len(self.rates)) > lowest)
        return _Curve(self.rates, np.where(dead, np.nan, self.losses))


def final_losses(table: Table, *, axis: str = "width", metric: str = "test_loss") -> pd.DataFrame:
    """Return the loss of every net at the last step: columns ``axis``, lr, seed, value (not a number if it diverged).

    The last step is the last of the whole table; a net without a loss there counts as diverged.
    """
    net = [axis, "lr", "seed"]
    rows, diverged = Table(table.nets(metric), table.name).at(layer="").frame, table.diverged()[net]
    final = rows[rows.step == rows.step.max()]
    if final.duplicated(net).any():
        raise SpecError(f"'{metric}' is there several times for one {axis}, learning rate and seed: choose one rule")
    every = pd.concat([rows[net], diverged]).drop_duplicates()
    losses = every.merge(final[[*net, "value"]], on=net, how="left")
    lost = losses.merge(diverged.drop_duplicates().assign(lost=True), on=net, how="left").lost.notna()
    bad = lost | ~np.isfinite(losses.value)
    return losses.assign(value=losses.value.mask(bad.to_numpy())).sort_values(net, ignore_index=True)


def optima(table: Table, *, axis: str = "width", metric: str = "test_loss", chance: float = math.inf) -> list[Optimum]:
    """Return the optimum of every configuration that trains at some rate with every seed, in the order of ``axis``."""
    curves = _curves(table, axis, metric, chance)
    return [_optimum(at, curve) for at, curve in curves.items() if curve.stable.any()]


def optimum_table(
    table: Table, *, axis: str = "width", metric: str = "test_loss", chance: float = math.inf
) -> pd.DataFrame:
    """Return :func:`optima` for figures: columns ``axis``, lr, low, high, edge, grid_lr, loss, largest_stable_lr, n."""
    records = [
        (o.at, o.lr.value, o.lr.low, o.lr.high, o.edge, o.grid_lr, o.loss, o.largest_stable_lr, o.lr.n)
        for o in optima(table, axis=axis, metric=metric, chance=chance)
    ]
    names = [axis, "lr", "low", "high", "edge", "grid_lr", "loss", "largest_stable_lr", "n"]
    return pd.DataFrame(records, columns=names)


def best_of_grid(
    table: Table, *, axis: str = "width", metric: str = "test_loss", chance: float = math.inf
) -> "pd.Series[float]":
    """Return the rate of the grid with the lowest mean loss of every configuration that trains, by ``axis``.

    This is the lowest point from which the optimum is fitted, not the optimum: for what is measured at the best rate,
    which only nets that were trained have. Any other hyperparameter may be in the place of the rate, a choice as well.
    ``chance`` moves it nowhere; without it, of nets that say nothing too there is a best.
    """
    curves = _curves(table, axis, metric, chance)
    rates = {at: float(curve.rates[_lowest(curve)]) for at, curve in curves.items() if curve.stable.any()}
    return pd.Series(rates, dtype=float).rename_axis(axis)


def nets_at_best(table: Table, *, axis: str = "width", metric: str = "test_loss", chance: float = math.inf) -> Table:
    """Return all rows of the nets at the rate of the grid that is best for their configuration, :func:`best_of_grid`.

    Raises NotTestableError where no configuration trains at any rate with every seed.
    """
    best = best_of_grid(table, axis=axis, metric=metric, chance=chance)
    if best.empty:
        raise NotTestableError(f"Every seed trains at no learning rate, whatever the {axis}.")
    return Table(table.frame[table.frame.lr == table.frame[axis].map(best)], table.name)


def best_losses(
    table: Table, *, axis: str = "width", metric: str = "test_loss", chance: float = math.inf
) -> pd.DataFrame:
    """Return the last loss of those nets: columns ``axis``, lr, seed, value."""
    return final_losses(nets_at_best(table, axis=axis, metric=metric, chance=chance), axis=axis, metric=metric)


def drift(
    table: Table,
    *,
    axis: str = "width",
    metric: str = "test_loss",
    chance: float = math.inf,
    allow_edges: bool = False,
) -> Estimate:
    """Return the change of log₂ of the best learning rate per doubling of ``axis`` (least squares), with its interval.

    Raises NotTestableError with fewer than two configurations, where one of them trains at no rate with every seed,
    and, unless ``allow_edges``, where the lowest loss is at the smallest or largest rate of the grid, because the
    optimum may then lie outside of it.
    """
    curves = _all_that_train(table, axis, metric, chance)
    outside = [f"{at:g}" for at, curve in curves.items() if _edge(curve) in ("smallest", "largest")]
    if outside and not allow_edges:
        raise NotTestableError(f"The best learning rate is at the edge of the grid for {axis} {', '.join(outside)}.")
    return _per_doubling(curves, _minima)


def best_loss_change(
    table: Table, *, axis: str = "width", metric: str = "test_loss", chance: float = math.inf
) -> Estimate:
    """Return the change of the logarithm of the loss at the best rate of the grid per doubling of ``axis``.

    Raises NotTestableError with fewer than two configurations, and where one of them trains at no rate with every seed.
    """
    return _per_doubling(_all_that_train(table, axis, metric, chance), lambda _, losses: np.log(losses.min(1)))


def _all_that_train(table: Table, axis: str, metric: str, chance: float) -> dict[float, _Curve]:
    curves = _curves(table, axis, metric, chance)
    if len(curves) < 2:
        raise NotTestableError(f"A drift needs two or more values of {axis}, there are {len(curves)}.")
    for at, curve in curves.items():
        if not curve.stable.any():
            raise NotTestableError(f"At {axis} {at:g} every seed trains at no learning rate.")
    return curves


#: What is said of the curves of ``losses`` [curves, rates] over log₂ of the rates, a number a curve.
_Statistic = Callable[[np.ndarray, np.ndarray], np.ndarray]


def _per_doubling(curves: dict[float, _Curve], statistic: _Statistic) -> Estimate:
    weights = slope_weights(np.log2(list(curves)))
    value = weights @ [_of_means(curve, statistic) for curve in curves.values()]
    return _estimate(
        float(value), weights @ np.array([_resampled(curve, statistic) for curve in curves.values()]), curves
    )


def _curves(table: Table, axis: str, metric: str, chance: float) -> dict[float, _Curve]:
    losses = final_losses(table, axis=axis, metric=metric)
    seeds = sorted(losses.seed.unique())
    found = {}
    for at in sorted(losses[axis].unique()):
        by_rate = losses[losses[axis] == at].set_index(["seed", "lr"]).value.unstack("lr")
        if by_rate.index.tolist() != seeds:
            raise NotTestableError(
                f"{axis} {at} has not the seeds {seeds} of the others, which are resampled together."
            )
        curve = _Curve(by_rate.columns.to_numpy(float), by_rate.to_numpy(float))
        found[float(at)] = curve.without_dead(chance)
    return found


def _optimum(at: float, curve: _Curve) -> Optimum:
    lowest = _lowest(curve)
    unbroken = int(np.logical_and.accumulate(curve.stable).sum())
    return Optimum(
        at=at,
        log2_lr=_estimate(_of_means(curve, _minima), _resampled(curve, _minima), {at: curve}),
        edge=_edge(curve),
        grid_lr=float(curve.rates[lowest]),
        loss=float(curve.losses[:, lowest].mean()),
        largest_stable_lr=float(curve.rates[unbroken - 1]) if unbroken else float("nan"),
    )


def _lowest(curve: _Curve) -> int:
    return int(np.nanargmin(curve.losses.mean(0)))


def _edge(curve: _Curve) -> Edge:
    lowest = _lowest(curve)
    if lowest == 0:
        return "smallest"
    if lowest == len(curve.x) - 1:
        return "largest"
    return "" if curve.stable[lowest + 1] else "stability"


def _of_means(curve: _Curve, statistic: _Statistic) -> float:
    return float(statistic(curve.x[curve.stable], curve.losses[:, curve.stable].mean(0, keepdims=True))[0])


def _resampled(curve: _Curve, statistic: _Statistic) -> np.ndarray:
    """Return a statistic for every resample of the seeds [RESAMPLES]; the same resamples for every curve."""
    seeds, x = len(curve.losses), curve.x[curve.stable]
    if seeds == 1:
        return np.full(RESAMPLES, np.nan)
    losses = curve.losses[:, curve.stable]
    return resampled(losses, lambda chosen: statistic(x, chosen.mean(1)), draws=seeds - 1, stream=("lr_optimum",))


def _minima(x: np.ndarray, losses: np.ndarray) -> np.ndarray:
    """Return where each curve of ``losses`` [curves, rates] over ``x`` has its minimum [curves]."""
    lowest = losses.argmin(1)
    minima = x[lowest].astype(float)
    for i in np.unique(lowest):
        window = slice(max(i - 2, 0), i + 3)
        at = x[window] - x[i]
        if len(at) < 3:
            continue
        curvature, slope, _ = np.linalg.pinv(np.vander(at, 3)) @ losses[lowest == i][:, window].T
        with np.errstate(divide="ignore", invalid="ignore"):
            vertex = np.clip(-slope / (2 * curvature), at[0], at[-1])
        minima[lowest == i] += np.where(curvature > 0, vertex, 0.0)
    return minima


def _estimate(value: float, resampled: np.ndarray, curves: dict[float, _Curve]) -> Estimate:
    seeds = len(next(iter(curves.values())).losses)
    if seeds == 1:
        return Estimate(value, float("-inf"), float("inf"), 1)
    return student(value, resampled.std(), seeds)
