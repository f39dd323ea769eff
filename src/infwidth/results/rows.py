"""Tidy rows: the one shape in which everything measured leaves a cell."""

from collections.abc import Iterable
from typing import Any, Literal

import numpy as np
import pandas as pd

#: Columns of a cell's rows. ``of`` tells what a row is of: one net, the ensemble of all seeds, or the infinite-width
#: limit. ``seed`` is −1 for what has none, ``index`` is −1 where a metric is one number; ``layer`` is empty where it
#: belongs to the whole net.
COLUMNS = {
    "lr": "float64",
    "seed": "int64",
    "of": "str",
    "step": "int64",
    "metric": "str",
    "layer": "str",
    "index": "int64",
    "value": "float64",
}

Of = Literal["net", "ensemble", "limit"]

#: Metrics without a seed that are neither a limit's: of ensembles and of averages over nets, of a net's parameters.
_OF_ENSEMBLES = (
    *("ensemble_accuracy", "ensemble_loss", "ensemble_loss_probabilities", "ensemble_loss_without", "single_loss"),
    *("logit_deviation", "logit_variance", "ntk_alignment", "ntk_eigenvalue", "ntk_task_power"),
    *("bin_centre", "density", "output_mean", "output_std"),
)
_OF_PARAMETERS = ("size", "wide", "wide_dimensions", "role_embedding", "role_hidden", "role_norm", "role_output")


class Rows:
    """A growing table with the columns above; ``lr``, ``seed`` and ``of`` are those of what is being measured."""

    def __init__(self, lr: float, seed: int, of: Of = "net") -> None:
        self.lr, self.seed, self.of = lr, seed, of
        self._records: list[tuple[int, str, str, int, float]] = []

    def add(self, step: int, metric: str, value: float, *, layer: str = "") -> None:
        """Record one number."""
        self._records.append((step, metric, layer, -1, float(value)))

    def add_values(self, step: int, metric: str, values: Iterable[float], *, layer: str = "") -> None:
        """Record an array, flattened; ``index`` counts its entries."""
        self._records.extend((step, metric, layer, i, float(v)) for i, v in enumerate(np.ravel(np.asarray(values))))

    def state(self) -> list[tuple[int, str, str, int, float]]:
        """Return what a checkpoint keeps."""
        return list(self._records)

    def load(self, state: list[Any]) -> None:
        """Take back what :meth:`state` returned."""
        self._records = [tuple(record) for record in state]

    def frame(self) -> pd.DataFrame:
        """Return the rows as a table."""
        frame = pd.DataFrame(self._records, columns=["step", "metric", "layer", "index", "value"])
        return frame.assign(lr=self.lr, seed=self.seed, of=self.of)[list(COLUMNS)].astype(COLUMNS)


def told_apart(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with the column ``of``, which those of the first publications lack: there names and seeds tell.

    A row without a seed is a limit's, unless its metric is an ensemble's or a parameter's; one with a seed is a net's,
    unless its width is missing, or the table is one of kernels that learn few-shot tasks, which have seeds of tasks.
    """
    if "of" in table:
        return table
    of = np.where(table.seed >= 0, "net", "limit").astype(object)
    of[(table.seed < 0) & table.metric.isin(_OF_ENSEMBLES)] = "ensemble"
    of[table.metric.isin(_OF_PARAMETERS)] = "net"
    if "width" in table:
        of[table.width.isna()] = "limit"
    elif (table.metric == "clipped_fraction").any():
        of[:] = "limit"
    told = table.copy()
    told.insert(list(told).index("seed") + 1, "of", of)
    return told
