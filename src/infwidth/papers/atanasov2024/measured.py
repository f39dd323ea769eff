"""What figures and claims share: errors of drawn data beside their deterministic equivalents."""

from collections.abc import Hashable, Sequence

import numpy as np
import pandas as pd

from infwidth.analysis.statistics import Estimate, jackknife_variance, student
from infwidth.analysis.table import Table, Tables
from infwidth.papers.atanasov2024.solve import PIECES


def off(rows: pd.DataFrame, expected: pd.DataFrame, axes: Sequence[str]) -> Estimate:
    """Return the mean over settings of |log(mean over seeds of ``value`` / expected value)|; the jackknife's interval.

    ``axes`` name a setting: one row of ``expected`` for each of them.
    """
    exact = expected.set_index([*axes]).value
    wide = rows.pivot_table(index=[*axes], columns="seed", values="value")

    def distance(of: pd.DataFrame) -> float:
        return float(np.abs(np.log(of.mean(axis=1) / exact.reindex(of.index))).mean())

    without = [distance(wide.drop(columns=seed)) for seed in wide]
    return student(distance(wide), np.sqrt(jackknife_variance(without)), wide.shape[1])


def off_in(table: Table, metric: str, axes: Sequence[str]) -> Estimate:
    """Return :func:`off` of a metric of one table."""
    return off(table.nets(metric), table.limit(metric), axes)


def off_in_all(tables: Tables, metric: str, names: dict[str, Sequence[str]]) -> Estimate:
    """Return :func:`off` of a metric over all settings of several tables, whose axes ``names`` has beside the index."""
    rows, expected = (
        [
            found.assign(setting=name + found[[*axes, "index"]].astype(str).agg(" ".join, axis=1))
            for name, axes in names.items()
            for found in [of(tables[name])]
        ]
        for of in (lambda table: table.nets(metric), lambda table: table.limit(metric))
    )
    seeds = min(part.seed.nunique() for part in rows)
    return off(pd.concat(part[part.seed < seeds] for part in rows), pd.concat(expected), ["setting"])


def gcv_off(table: Table, noise: float, axes: Sequence[str]) -> Estimate:
    """Return the mean over settings of |log| of the mean generalised cross validation over the mean noisy error."""
    keys = [*axes, "index"]
    gcv, test = (table.nets(m).pivot_table(index=keys, columns="seed", values="value") for m in ("gcv", "test"))

    def distance(seeds: list[Hashable]) -> float:
        return float(np.abs(np.log(gcv[seeds].mean(axis=1) / (test[seeds].mean(axis=1) + noise))).mean())

    seeds = list(gcv)
    without = [distance([other for other in seeds if other != seed]) for seed in seeds]
    return student(distance(seeds), np.sqrt(jackknife_variance(without)), len(seeds))


def pieces_off(table: Table) -> Estimate:
    """Return the mean over parts and P of |mean over grids of a part - expected| / expected error; the jackknife's."""
    exact = table.limit(*PIECES).set_index(["metric", "index"]).value
    whole = table.limit("test").set_index("index").value
    wide = table.nets(*PIECES).pivot_table(index=["metric", "index"], columns="seed", values="value")

    def distance(of: pd.DataFrame) -> float:
        missing = (of.mean(axis=1) - exact.reindex(of.index)).abs()
        return float((missing / whole.reindex(of.index.get_level_values("index")).to_numpy()).mean())

    without = [distance(wide.drop(columns=seed)) for seed in wide]
    return student(distance(wide), np.sqrt(jackknife_variance(without)), wide.shape[1])


def removed_less_left(table: Table) -> pd.Series:
    """Return for every grid what an average over features removes of the error at P = N, less what it leaves."""
    rows = table.at(index=table.values("width")[0]).nets(*PIECES)
    of = rows.pivot_table(index="seed", columns="metric", values="value")
    removed = of.var_features + of.var_data_features + of.var_noise_features
    return removed - (of.bias + of.var_data + of.var_noise)
