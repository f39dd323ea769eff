"""Distances between what nets of different widths hold: kernels, histograms, vectors of logits, attention maps.

All of these are rows of one metric and layer whose ``index`` counts the entries of an array; :func:`arrays` gets them
out of a table, and :func:`successive`, :func:`to_widest` and :func:`trend` work with any of them and any distance.

A distance holds the chance of two nets, so every net of one width is paired with every net of the other that has
another seed: S(S − 1) pairs instead of S. They are all legitimate, since data, batches and evaluation points are the
same for all seeds, and initial weights of two seeds are independent. Those of one seed at two widths are not: the
named stream of a matrix begins with the same draws whatever its size, so that the read-in of the narrow net is the
first rows of the wide one's, and such pairs are left out. Pairs that share a net depend on each other; intervals are
the jackknife's, which leaves out a seed at all widths and on both sides of the pairs at once.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from math import isqrt
from typing import cast

import numpy as np
import pandas as pd

from infwidth.analysis.statistics import Estimate, jackknifed, slope_weights
from infwidth.analysis.table import NotTestableError, Table
from infwidth.errors import SpecError

#: What nets hold, by width (or another axis) and seed.
Arrays = Mapping[tuple[float, int], np.ndarray]

#: A distance of the narrower net's array from the wider one's (the reference).
Distance = Callable[[np.ndarray, np.ndarray], float]


def alignment(a: np.ndarray, b: np.ndarray) -> float:
    """Return the cosine Tr(AᵀB)/(|A| |B|) of two arrays of one shape; 1 for kernels equal up to scale (P3)."""
    _same_shape(a, b)
    return float(np.vdot(a, b) / (np.linalg.norm(a) * np.linalg.norm(b)))


def misalignment(a: np.ndarray, b: np.ndarray) -> float:
    """Return 1 − :func:`alignment`, a distance that no scale changes.

    Computed as half the squared distance of the normalised arrays, which does not cancel where they are close.
    """
    _same_shape(a, b)
    return float(np.square(a / np.linalg.norm(a) - b / np.linalg.norm(b)).sum() / 2)


def relative_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Return the Frobenius distance |A − B| / |B|; B is the reference."""
    _same_shape(a, b)
    return float(np.linalg.norm(a - b) / np.linalg.norm(b))


def wasserstein(a: np.ndarray, b: np.ndarray, *, centres: np.ndarray) -> float:
    """Return the 1-Wasserstein distance ∫|F − G| of two histograms, in units of ``centres``.

    Args:
        a: density (or count) of each bin; only ratios matter, both histograms are normalised.
        b: the same of the other histogram, on the same bins.
        centres: ascending centres of bins of equal width, where the mass of a bin is taken to be; what is not known of
            the place within a bin makes an error of one bin's width at most.
    """
    _check_bins(a, centres)
    p, q = _mass(a), _mass(b)
    _same_shape(p, q)
    return float(np.abs(np.cumsum(p - q)[:-1]) @ np.diff(centres))


def arrays(
    table: Table, *, metric: str, step: int, layer: str = "", shape: Sequence[int] | None = None, axis: str = "width"
) -> dict[tuple[float, int], np.ndarray]:
    """Return an array for every (``axis``, seed) from the rows of single nets of one metric, layer and step.

    Args:
        table: an experiment with everything but ``axis`` and the seed fixed.
        metric: what to read.
        step: number of updates.
        layer: as in the table.
        shape: shape of the arrays, flat without it.
        axis: the column of the widths.

    Raises NotTestableError if there are no such rows or an array is incomplete.
    """
    chosen = table.at(layer=layer, step=step).nets(metric)
    what = f"'{metric}'" + (f" of layer '{layer}'" if layer else "") + f" at step {step}"
    if chosen.duplicated([axis, "seed", "index"]).any():
        raise SpecError(f"{what} is there several times for one {axis} and seed: choose one rule and learning rate")
    found: dict[tuple[float, int], np.ndarray] = {}
    for net, rows in chosen.sort_values("index").groupby([axis, "seed"]):
        width, seed = cast("tuple[float, int]", net)
        index, values = rows["index"].to_numpy(), rows.value.to_numpy()
        if not np.array_equal(index, np.arange(len(index))):
            raise NotTestableError(f"{what} has gaps for {axis} {width}, seed {seed}.")
        found[width, seed] = values if shape is None else _shaped(values, shape, what)
    if len({array.shape for array in found.values()}) > 1:
        raise NotTestableError(f"{what} has not the same number of entries for every {axis} and seed.")
    return found


def curves(table: Table, *, metric: str, axis: str = "width") -> dict[tuple[float, int], np.ndarray]:
    """Return what a metric was at every evaluation, one vector for every (``axis``, seed) of single nets.

    Raises NotTestableError if there are no such rows or the nets were not evaluated at the same steps.
    """
    rows = table.nets(metric)
    whole = rows.pivot_table(index=["step", "layer", "index"], columns=[axis, "seed"], values="value")
    if whole.isna().any(axis=None):
        raise NotTestableError(f"'{metric}' was not measured at the same steps for every {axis} and seed.")
    return {cast("tuple[float, int]", net): values.to_numpy() for net, values in whole.items()}


def kernels(
    table: Table, *, step: int, layer: str = "", metric: str = "kernel", axis: str = "width"
) -> dict[tuple[float, int], np.ndarray]:
    """Return the kernel [P, P] of every (``axis``, seed); arguments as for :func:`arrays`."""
    flat = arrays(table, metric=metric, step=step, layer=layer, axis=axis)
    points = isqrt(len(next(iter(flat.values()))))
    return {net: _shaped(values, (points, points), f"'{metric}'") for net, values in flat.items()}


def limit_kernel(table: Table, metric: str, layer: str = "") -> np.ndarray:
    """Return the kernel [P, P] of an exact limit, of ``layer`` or, where it has none of its own, that of all layers."""
    rows = table.at(layer=(layer, "")).limit(metric).sort_values("index")
    points = isqrt(len(rows))
    return _shaped(rows.value.to_numpy(), (points, points), f"'{metric}'")


def successive(of_nets: Arrays, distance: Distance, *, axis: str = "width") -> pd.DataFrame:
    """Return the distance of every net from every net of the next width up that has another seed.

    Columns: ``axis`` (the narrower), ``wider``, ``seed`` (of the narrower), ``other`` (of the wider), value.
    """
    widths = _widths(of_nets, axis)
    return _distances(of_nets, pairwise(widths), distance, axis)


def to_widest(of_nets: Arrays, distance: Distance, *, axis: str = "width") -> pd.DataFrame:
    """Return the distance of every net but the widest from every widest net that has another seed.

    Columns as for :func:`successive`. The widest net's own deviation from the limit is in every distance, so that
    distances close to the widest fall less with width than those from the limit would.
    """
    widths = _widths(of_nets, axis)
    return _distances(of_nets, ((width, widths[-1]) for width in widths[:-1]), distance, axis)


def trend(distances: pd.DataFrame, *, x: str = "width") -> Estimate:
    """Return the exponent of a distance in the width: one regression of the logs of the means over pairs.

    ``distances`` is what :func:`successive` or :func:`to_widest` returned. The interval is the jackknife's over seeds
    with Student's factor, infinite for two seeds, of which nothing can be left out; ``n`` is the number of seeds.
    """
    if (pairs := distances[x].nunique()) < 2:
        raise NotTestableError(f"A trend needs distances at two or more values of {x}, there are {pairs}.")
    if not (np.isfinite(distances.value) & (distances.value > 0)).all():
        raise NotTestableError("A distance is zero or not finite, it has no logarithm to regress on.")
    weights = slope_weights(np.log(sorted(distances[x].unique())))
    value = float(weights @ np.log(_mean(distances, x)))
    without = (float(weights @ np.log(_mean(kept, x))) for kept in _without_each_seed(distances, x))
    return jackknifed(value, without, _seeds_of_every_width(distances, x))


def by_seed(distances: pd.DataFrame, *, x: str = "width") -> pd.DataFrame:
    """Return the mean distance at each ``x`` as the jackknife's pseudo-values, one a seed, for figures.

    Their mean is the mean over pairs, and their Student's interval is the jackknife's. Columns: ``x``, seed, value. Of
    two seeds there is the mean alone, twice.
    """
    means, seeds = _mean(distances, x), sorted({*distances.seed, *distances.other})
    without = list(_without_each_seed(distances, x))
    n = len(without)
    records = [
        (at, seed, n * mean - (n - 1) * left_out)
        for seed, kept in zip(seeds if without else (), without, strict=True)
        for (at, mean), left_out in zip(means.items(), _mean(kept, x), strict=True)
    ] or [(at, seed, mean) for at, mean in means.items() for seed in seeds]
    return pd.DataFrame(records, columns=[x, "seed", "value"])


def _mean(distances: pd.DataFrame, x: str) -> pd.Series:
    return distances.groupby(x).value.mean()


def _seeds_of_every_width(distances: pd.DataFrame, x: str) -> int:
    """Return the least number of seeds on either side of any pair of widths."""
    return int(distances.groupby(x)[["seed", "other"]].nunique().to_numpy().min())


def _without_each_seed(distances: pd.DataFrame, x: str) -> Iterator[pd.DataFrame]:
    """Yield the distances without each seed in turn, on both sides; nothing where no pair would be left."""
    if _seeds_of_every_width(distances, x) < 3:
        return
    for seed in sorted({*distances.seed, *distances.other}):
        yield distances[(distances.seed != seed) & (distances.other != seed)]


def _distances(of_nets: Arrays, pairs: Iterable[tuple[float, float]], distance: Distance, axis: str) -> pd.DataFrame:
    seeds = sorted({seed for _, seed in of_nets})
    records = [
        (narrow, wide, seed, other, distance(of_nets[narrow, seed], of_nets[wide, other]))
        for narrow, wide in pairs
        for seed in seeds
        for other in seeds
        if seed != other and (narrow, seed) in of_nets and (wide, other) in of_nets
    ]
    if not records:
        raise NotTestableError(f"A distance needs nets of two seeds at two values of {axis}.")
    return pd.DataFrame(records, columns=[axis, "wider", "seed", "other", "value"])


def _widths(of_nets: Arrays, axis: str) -> list[float]:
    widths = sorted({width for width, _ in of_nets})
    if len(widths) < 2:
        raise NotTestableError(f"A distance needs two or more values of {axis}, there are {len(widths)}.")
    return widths


def _shaped(values: np.ndarray, shape: Sequence[int], what: str) -> np.ndarray:
    if len(values) != np.prod(shape):
        raise SpecError(f"{what} has {len(values)} entries, which is not {' × '.join(map(str, shape))}")
    return values.reshape(shape)


def _same_shape(a: np.ndarray, b: np.ndarray) -> None:
    if a.shape != b.shape:
        raise SpecError(f"arrays of shapes {a.shape} and {b.shape} have no distance")


def _check_bins(histogram: np.ndarray, centres: np.ndarray) -> None:
    steps = np.diff(centres)
    if len(centres) != len(histogram) or not (steps > 0).all() or not np.allclose(steps, steps[0], rtol=1e-6):
        raise SpecError("a histogram needs one centre a bin, ascending, of bins of equal width")


def _mass(histogram: np.ndarray) -> np.ndarray:
    total = histogram.sum()
    if (histogram < 0).any() or not np.isfinite(total) or total == 0:
        raise SpecError("a histogram has no negative bin and some mass")
    return histogram / total
