"""What figures and claims share: parts of variance, their onset P_1/2, and errors averaged over initialisations."""

from typing import Any

import numpy as np
import pandas as pd

from infwidth.analysis.statistics import Estimate, jackknife, slope_weights
from infwidth.analysis.table import NotTestableError, Table

#: The three averages of an ensemble of kernels, and their words.
AVERAGES = {
    "mean_function_error": "functions",
    "mean_feature_error": "features",
    "mean_kernel_error": "kernels",
}


def of_sets(table: Table, metric: str) -> pd.DataFrame:
    """Return a metric by P (rows, step) and data set (columns, seed), its mean over initialisations."""
    return table.nets(metric).pivot_table(index="step", columns="seed", values="value")


def long(wide: pd.DataFrame) -> pd.DataFrame:
    """Return such a frame as rows of step, seed and value, to draw."""
    return wide.reset_index().melt(id_vars=str(wide.index.name), value_name="value")


def ratio_of_means(above: pd.DataFrame, below: pd.DataFrame) -> pd.Series:
    """Return the ratio, at every P, of two means over data sets."""
    return above.mean(axis=1) / below.mean(axis=1)


def half_point(ratio: pd.Series) -> float:
    """Return the P (index) at which ``ratio`` first falls to one half, linear in log P; infinite if it does not."""
    low = np.flatnonzero(ratio.to_numpy() <= 0.5)
    if not len(low):
        return np.inf
    i = low[0]
    if i == 0:
        return float(ratio.index[0])
    logs, heights = np.log(ratio.index.to_numpy(float)[i - 1 : i + 1]), ratio.to_numpy()[i - 1 : i + 1]
    return float(np.exp(np.interp(-0.5, -heights, logs)))


def paired(table: Table, *metrics: str) -> pd.DataFrame:
    """Return several metrics of the data sets beside each other: rows (metric, step), columns seed."""
    return pd.concat({metric: of_sets(table, metric) for metric in metrics}, names=["metric"])


def part(wide: pd.DataFrame, name: Any) -> pd.DataFrame:
    """Return the rows of one name of the outermost index of such a frame."""
    return pd.DataFrame(wide.xs(name))


def log_ratios(table: Table, above: str, below: str) -> pd.DataFrame:
    """Return the log ratio of two metrics, by P and data set."""
    wide = paired(table, above, below)
    return (part(wide, above) / part(wide, below)).map(np.log)


def onset(table: Table) -> Estimate:
    """Return log P_1/2, as :func:`log_onset` does, with the jackknife's interval over data sets."""
    return jackknife(paired(table, "test_error", "ensemble_error"), log_onset)


def log_onset(wide: pd.DataFrame) -> float:
    """Return log P_1/2, where an infinite ensemble has half of a single net's error, of means over data sets.

    ``wide`` is of :func:`paired`. Where P_1/2 is not reached it is that of the largest P, a bound from below.
    """
    ratio = ratio_of_means(part(wide, "ensemble_error"), part(wide, "test_error"))
    return float(np.log(min(half_point(ratio), ratio.index.max())))


def is_reached(table: Table) -> bool:
    """Return whether P_1/2 is among the P that were run."""
    ratio = ratio_of_means(of_sets(table, "ensemble_error"), of_sets(table, "test_error"))
    return bool(np.isfinite(half_point(ratio)))


def width_exponent(table: Table) -> Estimate:
    """Return the exponent in the width of P_1/2; jackknife over data sets, each left out at all widths at once."""
    widths = table.values("width")
    if len(widths) < 2:
        raise NotTestableError("An exponent needs two or more widths.")
    if beyond := [width for width in widths if not is_reached(table.at(width=width))]:
        raise NotTestableError(f"P_1/2 is beyond the largest P for widths {', '.join(f'{N:g}' for N in beyond)}.")
    every = {width: paired(table.at(width=width), "test_error", "ensemble_error") for width in widths}
    return jackknife(pd.concat(every, names=["width"]), _slope)


def _slope(wide: pd.DataFrame) -> float:
    widths = wide.index.unique("width")
    onsets = [log_onset(part(wide, width)) for width in widths]
    return float(slope_weights(np.log(widths.to_numpy(float))) @ onsets)


def toy_onsets(table: Table, layer: str) -> pd.Series:
    """Return theory's P_1/2 of the toy model by N (index)."""
    at = table.at(layer=layer)
    single, ensemble = (
        at.limit(metric).pivot_table(index="step", columns="index", values="value")
        for metric in ("test_error", "ensemble_error")
    )
    ratio = ensemble / single
    return pd.Series([half_point(ratio[N]) for N in ratio.columns], index=ratio.columns.astype(int))
