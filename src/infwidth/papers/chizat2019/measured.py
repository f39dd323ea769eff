"""What figures and claims share."""

import math
from collections.abc import Callable, Iterable

import pandas as pd

from infwidth.analysis.table import Table


def over_scales(table: Table, metric: str) -> pd.DataFrame:
    """Return a metric of every net with its scale τ, which its layer names."""
    rows = table.nets(metric)
    return rows.assign(scale=rows.layer.astype(float))


def lazy_over_rich(table: Table, metric: str) -> pd.Series:
    """Return, for every seed, the value at the largest scale over that at the smallest."""
    rows = over_scales(table, metric)
    ends = [rows[rows.scale == end].set_index("seed").value for end in (rows.scale.max(), rows.scale.min())]
    return ends[0] / ends[1]


def of_power(table: Table, power: float) -> pd.DataFrame:
    """Return the risk of nets whose output is multiplied by m^(−power)."""
    return table.at(layer=repr(power)).nets("relative_risk")


def from_linearized(table: Table, which: Callable[[Iterable[float]], float]) -> pd.Series:
    """Return, for every net, the distance of its test accuracy at an end of α from that of its linearization."""
    rows = over_scales(table, "test_accuracy").set_index("seed")
    scale = which(scale for scale in rows.scale if math.isfinite(scale))
    return (rows.value[rows.scale == scale] - rows.value[rows.scale == math.inf]).abs()


def unchanged_at(table: Table, which: Callable[[Iterable[float]], float]) -> pd.Series:
    """Return the share of unchanged hidden units of every net at an end of α."""
    rows = over_scales(table, "unchanged")
    return rows.value[rows.scale == which(rows.scale)]


def drop(table: Table) -> pd.Series:
    """Return by how much every net's test accuracy at α = 1 is above that of its linearization."""
    accuracy = over_scales(table.at(layer=("1.0", "inf")), "test_accuracy").set_index("seed")
    return accuracy.value[accuracy.scale == 1] - accuracy.value[accuracy.scale == math.inf]
