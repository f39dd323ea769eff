"""Tidy rows: the one shape in which everything measured leaves a cell."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

#: Columns of a cell's rows. ``seed`` is −1 for what belongs to the ensemble of all seeds, ``index`` is −1 where a
#: metric is one number; ``layer`` is empty where it belongs to the whole net.
COLUMNS = {
    "lr": "float64",
    "seed": "int64",
    "step": "int64",
    "metric": "str",
    "layer": "str",
    "index": "int64",
    "value": "float64",
}


class Rows:
    """A growing table with the columns above; ``lr`` and ``seed`` are those of the net being measured."""

    def __init__(self, lr: float, seed: int) -> None:
        self.lr, self.seed = lr, seed
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
        frame.insert(0, "seed", self.seed)
        frame.insert(0, "lr", self.lr)
        return frame.astype(COLUMNS)
