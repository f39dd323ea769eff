"""What figures and claims share: errors of drawn data beside their deterministic equivalents."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from infwidth.analysis.against_limit import mean_log_ratio
from infwidth.analysis.statistics import Estimate, jackknife
from infwidth.analysis.table import Table, Tables
from infwidth.papers.atanasov2024.solve import PIECES


def off_in(table: Table, metric: str, axes: Sequence[str]) -> Estimate:
    """Return how far a metric of one table is from what is expected; ``axes`` name a setting."""
    return mean_log_ratio(table.nets(metric), table.limit(metric).set_index([*axes]).value, axes)


def off_in_all(tables: Tables, metric: str, names: dict[str, Sequence[str]]) -> Estimate:
    """Return the same over all settings of several tables, whose axes ``names`` has beside the index."""
    rows, expected = (
        [
            found.assign(setting=name + found[[*axes, "index"]].astype(str).agg(" ".join, axis=1))
            for name, axes in names.items()
            for found in [of(tables[name])]
        ]
        for of in (lambda table: table.nets(metric), lambda table: table.limit(metric))
    )
    seeds = min(part.seed.nunique() for part in rows)
    exact = pd.concat(expected).set_index("setting").value
    return mean_log_ratio(pd.concat(part[part.seed < seeds] for part in rows), exact, ["setting"])


def gcv_off(table: Table, noise: float, axes: Sequence[str]) -> Estimate:
    """Return the mean over settings of |log| of the mean generalised cross validation over the mean noisy error."""
    rows = table.nets("gcv", "test")
    wide = rows.pivot_table(index=["metric", *axes, "index"], columns="seed", values="value")

    def distance(of: pd.DataFrame) -> float:
        means = of.mean(axis=1)
        return float(np.abs(np.log(means.loc["gcv"] / (means.loc["test"] + noise))).mean())

    return jackknife(wide, distance)


def pieces_off(table: Table) -> Estimate:
    """Return the mean over parts and P of |mean over grids of a part - expected| / expected error; the jackknife's."""
    exact = table.limit(*PIECES).set_index(["metric", "index"]).value
    whole = table.limit("test").set_index("index").value
    wide = table.nets(*PIECES).pivot_table(index=["metric", "index"], columns="seed", values="value")

    def distance(of: pd.DataFrame) -> float:
        missing = (of.mean(axis=1) - exact.reindex(of.index)).abs()
        return float((missing / whole.reindex(of.index.get_level_values("index")).to_numpy()).mean())

    return jackknife(wide, distance)


def removed_less_left(table: Table) -> pd.Series:
    """Return for every grid what an average over features removes of the error at P = N, less what it leaves."""
    rows = table.at(index=table.values("width")[0]).nets(*PIECES)
    of = rows.pivot_table(index="seed", columns="metric", values="value")
    removed = of.var_features + of.var_data_features + of.var_noise_features
    return removed - (of.bias + of.var_data + of.var_noise)
