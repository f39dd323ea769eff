"""What figures and claims share: scales on rows, transitions between two norms, and thresholds of the error."""

import numpy as np
import pandas as pd

from infwidth.analysis.statistics import Estimate, jackknife, jackknifed
from infwidth.analysis.table import NotTestableError, Table
from infwidth.papers.woodworth2020.solve import INFINITE

#: The population error that the paper asks for.
THRESHOLD = 0.025


def with_scale(table: Table, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with the scale α of their index in a column ``scale``."""
    return rows.assign(scale=rows["index"].map(table.by_index("start_scale")))


def of_depth(table: Table, metric: str, depth: int) -> pd.DataFrame:
    """Return a metric of what gradient flow finds at this depth, with ``scale``."""
    return with_scale(table, table.at(layer=str(depth)).nets(metric))


def depths(table: Table) -> list[int]:
    """Return the depths of the nets."""
    layers = table.nets("excess_risk").layer.unique()
    return sorted(int(layer) for layer in layers if layer.isdigit())


def over_limits(table: Table, depth: int) -> pd.DataFrame:
    """Return the ℓ1 norm in excess of the least, as a part of that of the ℓ2 interpolator: 0 rich, 1 lazy."""
    return _between(table, of_depth(table, "absolute_sum", depth), "absolute_sum", "l1", "l2")


def _between(table: Table, rows: pd.DataFrame, norm: str, least: str, lazy: str) -> pd.DataFrame:
    """Return rows of a norm in excess of that of ``least`` (a layer), as a part of the excess of ``lazy``."""
    low, high = (rows.seed.map(table.at(layer=name).nets(norm).set_index("seed").value) for name in (least, lazy))
    return rows.assign(value=(rows.value - low) / (high - low))


def crossing(x: np.ndarray, heights: np.ndarray, level: float) -> float:
    """Return log10 of the largest x up to which heights are at most ``level``; nan if there is none.

    Heights grow with x, and between two x are taken as linear in log x.
    """
    below = np.flatnonzero(heights <= level)
    if not len(below) or below[-1] == len(x) - 1:
        return float("nan")
    i, logs = below[-1], np.log10(x)
    return float(np.interp(level, heights[i : i + 2], logs[i : i + 2]))


def transitions(table: Table, *levels: float) -> pd.DataFrame:
    """Return for every draw and depth log10 of the scales where :func:`over_limits` crosses levels, a column each."""
    found = []
    for depth in depths(table):
        for seed, rows in over_limits(table, depth).sort_values("scale").groupby("seed"):
            at = [crossing(rows.scale.to_numpy(), rows.value.to_numpy(), level) for level in levels]
            found.append((depth, seed, *at))
    return pd.DataFrame(found, columns=["depth", "seed", *levels])


def largest_scales(table: Table, depth: int, nonzeros: int) -> pd.DataFrame:
    """Return by N (index) log10 of the largest scale from which the mean error is at most the threshold.

    Columns: ``all`` draws, and one for each draw that is left out (its seed); N that have none in any are left out.
    """
    rows = of_depth(table.at(nonzeros=nonzeros), "excess_risk", depth)
    wide = rows.pivot_table(index=["step", "scale"], columns="seed", values="value")
    chosen = {"all": wide, **{seed: wide.drop(columns=seed) for seed in wide}}
    found = {
        n: {
            name: crossing(of.loc[n].index.to_numpy(), of.loc[n].mean(axis=1).to_numpy(), THRESHOLD)
            for name, of in chosen.items()
        }
        for n in wide.index.get_level_values("step").unique()
    }
    return pd.DataFrame(found).T.dropna()


def left_out(values: pd.Series) -> Estimate:
    """Return "all" of such a row or of a statistic of its columns, with the jackknife's interval by all others."""
    without = values.drop("all")
    return jackknifed(values["all"], without, len(without))


def needed(table: Table, depth: int, nonzeros: int, scale: float) -> pd.DataFrame:
    """Return errors at the scale next to the given one: N (index) by draws (columns)."""
    rows = of_depth(table.at(nonzeros=nonzeros), "excess_risk", depth)
    return nearest_scale(rows, scale).pivot_table(index="step", columns="seed", values="value")


def log_examples(errors: pd.DataFrame) -> float:
    """Return log2 of the least N whose mean error is at most the threshold, between two N by log N and log error."""
    means = errors.mean(axis=1)
    above = np.flatnonzero(means.to_numpy() > THRESHOLD)
    if not len(above) or above[-1] == len(means) - 1:
        raise NotTestableError(f"The error does not cross {THRESHOLD:g} within the numbers of examples.")
    pair = means.iloc[above[-1] : above[-1] + 2]
    return float(np.interp(-np.log(THRESHOLD), -np.log(pair.to_numpy()), np.log2(pair.index.to_numpy(float))))


def fewer_examples(many: pd.DataFrame, few: pd.DataFrame) -> Estimate:
    """Return how many doublings of the needed N one setting is above another, by the jackknife over draws."""
    return jackknife(many, lambda of: log_examples(of) - log_examples(few[of.columns]))


def by_width(table: Table, metric: str) -> pd.DataFrame:
    """Return a metric of completions by nets of finite width with their ``width`` and ``scale`` μ."""
    rows = table.nets(metric)
    rows = rows[rows.layer.str.isdigit()]
    return with_scale(table, rows.assign(width=rows.layer.astype(int)))


def of_limit(table: Table, metric: str) -> pd.DataFrame:
    """Return a metric of completions by infinitely wide nets with ``scale`` μ."""
    return with_scale(table, table.at(layer=INFINITE).nets(metric))


def excess_nuclear(table: Table, rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows of the nuclear norm in excess of the least, in units of the excess of the completion with zeros."""
    return _between(table, rows, "nuclear_norm", "nuclear", "frobenius")


def at_output_size(table: Table, size: float) -> pd.DataFrame:
    """Return excess nuclear norms of every width and matrix (seed) at one size σ²√k = μ²/√k of the initial output."""
    rows = excess_nuclear(table, by_width(table, "nuclear_norm")).sort_values("scale")
    found = []
    for (width, seed), of in rows.groupby(["width", "seed"]):
        scale = np.sqrt(size * np.sqrt(of.width.iloc[0]))
        found.append((width, seed, np.interp(np.log(scale), np.log(of.scale), of.value)))
    return pd.DataFrame(found, columns=["width", "seed", "value"])


def nearest_scale(rows: pd.DataFrame, scale: float) -> pd.DataFrame:
    """Return the rows of the scale next to the given one."""
    scales = rows.scale.unique()
    return rows[rows.scale == scales[np.abs(np.log(scales / scale)).argmin()]]
