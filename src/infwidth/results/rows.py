"""Tidy rows: the one shape in which everything measured leaves a cell."""

import math
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
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


class Rows:
    """A growing table with the columns above: the one builder of what trainings measure and computations find.

    ``lr``, ``seed`` and ``of`` are those of what is being measured, where a row says nothing else.
    """

    def __init__(self, lr: float = math.nan, seed: int = -1, of: Of | None = None) -> None:
        """Without ``of``, rows with a seed are of a net, rows without one of a limit."""
        self.lr, self.seed, self.of = lr, seed, of
        self._records: list[tuple[int, str, int, str, str, int, float]] = []

    def add(
        self,
        step: ArrayLike,
        metric: str,
        values: ArrayLike,
        *,
        layer: str = "",
        index: ArrayLike | None = None,
        seed: ArrayLike | None = None,
        of: Of | None = None,
    ) -> None:
        """Record a number, or an array of numbers.

        Arrays of steps, seeds or indices are broadcast with ``values`` (a curve: of steps and of values);
        where all three are numbers an array is flattened, and ``index`` counts its entries.
        """
        numbers = np.asarray(values, dtype=np.float64)
        seed, places = self.seed if seed is None else seed, -1 if index is None else index
        if index is None and numbers.ndim and np.ndim(step) == np.ndim(seed) == 0:
            places = np.arange(numbers.size).reshape(numbers.shape)
        columns = np.broadcast_arrays(seed, step, places, numbers)
        for at_seed, at_step, at_index, number in zip(*(column.ravel().tolist() for column in columns), strict=True):
            whose = of or self.of or ("net" if at_seed >= 0 else "limit")
            self._records.append((at_seed, whose, at_step, metric, layer, at_index, number))

    def state(self) -> list[tuple[Any, ...]]:
        """Return what a checkpoint keeps."""
        return list(self._records)

    def load(self, state: list[Any]) -> None:
        """Take back what :meth:`state` returned."""
        self._records = [tuple(record) for record in state]

    def frame(self) -> "pd.DataFrame":
        """Return the rows as a table."""
        import pandas as pd  # not above: planning reads the blocks of computations, which stand beside their rows

        frame = pd.DataFrame(self._records, columns=["seed", "of", "step", "metric", "layer", "index", "value"])
        return frame.assign(lr=self.lr)[list(COLUMNS)].astype(COLUMNS)
