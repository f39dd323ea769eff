"""Square maps of kernels and attention: blue below zero, white at zero, red above."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colorbar import Colorbar

from infwidth.plotting.style import DIVERGING


def signed_map(axes: Axes, matrix: np.ndarray, *, largest: float, corner: str = "", signed: bool = True) -> None:
    """Draw a matrix on the scale from −``largest`` (from 0, if not ``signed``) to ``largest``.

    ``corner`` is a short text for its upper right corner.
    """
    with _unseen(axes):
        sns.heatmap(
            matrix, ax=axes, cmap=DIVERGING, center=0, vmin=-largest if signed else 0, vmax=largest, square=True,
            cbar=False, xticklabels=False, yticklabels=False, rasterized=True,
        )  # fmt: skip
    if corner:
        box = {"boxstyle": "square,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.85}
        axes.text(0.96, 0.95, corner, transform=axes.transAxes, ha="right", va="top", fontsize=6.5, bbox=box)


@contextmanager
def _unseen(axes: Axes) -> Iterator[None]:
    """Hide the figure: seaborn draws all of it for every map, to see whether labels overlap, and there are none."""
    figures = {axes.get_figure(root=root) for root in (False, True)}
    for figure in figures:
        figure.set_visible(False)  # type: ignore[union-attr]
    yield
    for figure in figures:
        figure.set_visible(True)  # type: ignore[union-attr]


def colour_bar(panels: Sequence[Axes], *, label: str, **place: Any) -> Colorbar:
    """Name the colours of maps that share one scale."""
    bar = panels[0].figure.colorbar(panels[0].collections[0], ax=list(panels), **place)
    bar.outline.set_visible(False)
    bar.set_label(label, fontsize=8)
    bar.ax.tick_params(labelsize=7)
    return bar


def by_class(kernel: np.ndarray) -> np.ndarray:
    """Return a kernel [P, P] of two classes that take turns with the examples of one before those of the other."""
    order = [*range(0, len(kernel), 2), *range(1, len(kernel), 2)]
    return kernel[np.ix_(order, order)]
