"""What the figures share: maps of kernels in a grid, losses, and the colours of richnesses."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from infwidth.analysis.table import Table
from infwidth.papers.bordelon2022.measured import mean_of
from infwidth.plotting.axes import log_heights
from infwidth.plotting.maps import by_class, signed_map
from infwidth.plotting.style import LIMIT

#: A row of maps: matrices by column, and what is written in their corners.
MapRow = tuple[Mapping[str, np.ndarray], Mapping[str, str]]


def of_nets(nets: Table, metric: str, layer: str) -> np.ndarray:
    """Return a matrix at the last step, the mean over nets."""
    return mean_of(nets.at(layer=layer, step=nets.last_step()).nets(metric))


def map_grid(panels: Sequence[Sequence[Axes]], rows: Mapping[str, MapRow], *, scale: Mapping[str, str]) -> None:
    """Draw rows of maps, named at the left.

    ``scale`` says of a row which row's largest entry, in the same column, is where its colours end.
    """
    for line, (name, (matrices, corners)) in zip(panels, rows.items(), strict=True):
        for axes, (column, matrix) in zip(line, matrices.items(), strict=True):
            largest = float(np.abs(rows[scale[name]][0][column]).max())
            signed_map(axes, matrix, largest=largest, corner=corners.get(column, ""))
        line[0].set_ylabel(name, fontsize=8)


def classes_apart(matrices: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return kernels whose examples, of two classes that take turns, are ordered by class."""
    return {column: by_class(matrix) for column, matrix in matrices.items()}


def losses(axes: Axes, nets: Table, limit: Table, color: Any) -> None:
    """Draw the train losses of single nets, thin, and their limit's, the mean over its samples."""
    for _, of_seed in nets.nets("train_loss").groupby("seed"):
        axes.plot(of_seed.step, of_seed.value, color=color, linewidth=0.8, alpha=0.7)
    exact = limit.limit("train_loss").groupby("step").value.mean()
    axes.plot(exact.index, exact, **LIMIT)


def loss_axis(axes: Axes, last: int) -> None:
    """Finish an axis of losses, when all are drawn."""
    log_heights(axes)
    axes.set(xlim=(0, last), xlabel="training step", ylabel="train loss")
