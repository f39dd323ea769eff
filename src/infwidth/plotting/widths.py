"""Panels on nets of growing width, which several papers draw: curves, ensembles, densities and maps.

Light lines are narrow nets and dark ones wide (:func:`infwidth.plotting.style.width_colours`); single nets are solid,
ensembles dashed. Every panel takes the table of one experiment, whose axis is ``width``.
"""

from collections.abc import Mapping, Sequence
from math import isqrt
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure, FigureBase
from matplotlib.lines import Line2D

from infwidth.analysis.bias_variance import decomposition
from infwidth.analysis.distances import arrays
from infwidth.analysis.selection import deepest_layer, last_step
from infwidth.plotting.axes import step_axis, width_axis
from infwidth.plotting.shapes import curve_with_band, guide
from infwidth.plotting.style import DASHED, DOTTED, width_colours

ENSEMBLE_LINE: dict[str, Any] = {"linestyle": DASHED}
#: The ensemble's dots are beside those of the single nets, so that no bar hides another.
_ASIDE = 1.06
LOSS_LABEL = "test loss (cross-entropy)"

#: What the colours of :func:`maps` are, by metric.
_MAP_LABELS = {"kernel": "feature kernel", "attention": "attention"}


def guide_above(axes: Axes, frame: pd.DataFrame, *, exponent: float, label: str) -> None:
    """Draw the theory's power law above the means over seeds of ``value``, named at its left end; needs two widths."""
    means = frame.groupby("width").value.mean()
    if len(means) < 2:
        return
    widths = means.index.to_numpy(float)
    start = 1.6 * float((means * (widths / widths[0]) ** -exponent).max())
    guide(axes, widths, exponent=exponent, at=start, label="")
    axes.set_ymargin(0.1)
    axes.annotate(label, (widths[0], start), (5, 1), textcoords="offset points", color="0.35", fontsize=7.5)


def width_handles(widths: Sequence[int], *, symbol: str = "N", **line: Any) -> list[Line2D]:
    """Return what a legend says of the colours of the widths."""
    return [Line2D([], [], color=c, label=f"{symbol} = {w}", **line) for w, c in width_colours(widths).items()]


def width_legend(axes: Axes, widths: Sequence[int], *more: Line2D, **options: Any) -> None:
    """Name the colours of the widths, and ``more`` lines below."""
    axes.legend(handles=[*width_handles(widths), *more], **options)


def single_and_ensemble() -> tuple[Line2D, Line2D]:
    """Return what a legend says of single nets and their ensemble."""
    return (
        Line2D([], [], color="0.3", label="single nets"),
        Line2D([], [], color="0.3", label="ensemble", **ENSEMBLE_LINE),
    )


def curves_of_nets(axes: Axes, table: pd.DataFrame, metric: str, *, index: int = -1) -> None:
    """Draw a metric of single nets against steps, a colour a width: the mean over seeds with its 95 % band."""
    rows = table[(table.metric == metric) & (table.seed >= 0) & (table["index"] == index) & (table.step >= 1)]
    for width, colour in width_colours(table.width.unique().tolist()).items():
        curve_with_band(axes, rows[rows.width == width], x="step", color=colour)
    step_axis(axes)


def loss_curves(panels: Mapping[str, pd.DataFrame], axes: Sequence[Axes]) -> None:
    """Draw test losses of single nets against steps, a panel a task."""
    for panel, (task, table) in zip(axes, panels.items(), strict=True):
        curves_of_nets(panel, table, "test_loss")
        width_legend(panel, table.width.unique().tolist())
        panel.set_title(task)
    axes[0].set_ylabel(LOSS_LABEL)


def bias_and_variance(panels: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw losses of single nets and of ensembles, a column a task: against steps (top), at the end (bottom)."""
    figure, (top, bottom) = plt.subplots(2, len(panels), figsize=(2.4 * len(panels), 4.4), squeeze=False)
    for above, below, (task, table) in zip(top, bottom, panels.items(), strict=True):
        parts = decomposition(table)
        _single_and_ensemble_curves(above, parts[parts.step >= 1])
        above.set_title(task)
        _final_single_and_ensemble(below, parts[parts.step == parts.step.max()])
    top[0].set_ylabel(LOSS_LABEL)
    bottom[0].set_ylabel("test loss at the end")
    return figure


def _single_and_ensemble_curves(axes: Axes, parts: pd.DataFrame) -> None:
    widths = parts.width.unique().tolist()
    for quantity, line in (("single", {}), ("ensemble", ENSEMBLE_LINE)):
        for width, colour in width_colours(widths).items():
            rows = parts[(parts.quantity == quantity) & (parts.width == width)]
            axes.plot(rows.step, rows.value, color=colour, **line)
    step_axis(axes)
    width_legend(axes, widths, *single_and_ensemble(), fontsize=7)


def _final_single_and_ensemble(axes: Axes, parts: pd.DataFrame) -> None:
    singles, ensembles = (parts[parts.quantity == quantity].set_index("width") for quantity in ("single", "ensemble"))
    aside = _ASIDE * ensembles.index
    for at, rows, line in ((singles.index, singles, {}), (aside, ensembles, ENSEMBLE_LINE)):
        bars = (rows.high - rows.value).where(np.isfinite(rows.high), 0.0)
        axes.errorbar(at, rows.value, yerr=bars, capsize=2, elinewidth=0.9, color="0.3", linewidth=1.1, **line)
    for x, (width, colour) in zip(aside, width_colours(singles.index.tolist()).items(), strict=True):
        axes.plot([width, x], [singles.value[width], ensembles.value[width]], "o", color=colour, zorder=3)
    axes.axhline(singles.value.iloc[-1], color="0.45", linewidth=0.9, linestyle=DOTTED, zorder=0)
    width_axis(axes, singles.index.tolist())


def densities(axes: Axes, table: pd.DataFrame) -> None:
    """Draw the densities of the deepest layer's preactivations after training, averaged over seeds."""
    step = last_step(table)
    centres = next(iter(arrays(table, metric="bin_centre", step=step).values()))
    layer = deepest_layer(table, "density")
    of_nets = arrays(table, metric="density", step=step, layer=layer)
    for width, colour in width_colours(table.width.unique().tolist()).items():
        axes.plot(centres, over_seeds(of_nets, width), color=colour, linewidth=1.2)
    axes.set_xlabel("preactivation")
    axes.set_ylabel("density")
    axes.set_ylim(bottom=0)
    width_legend(axes, table.width.unique().tolist(), fontsize=7, handlelength=1.2)


def maps(figure: FigureBase, panels: Sequence[Axes], table: pd.DataFrame, metric: str) -> None:
    """Draw square maps of the deepest layer after training, a panel a width, averaged over seeds, on one scale.

    Colours go with the square root, since large entries are few; negative ones have the colour of zero.
    """
    flat = arrays(table, metric=metric, step=last_step(table), layer=deepest_layer(table, metric))
    side = isqrt(len(next(iter(flat.values()))))
    averages = {width: over_seeds(flat, width).reshape(side, side) for width in sorted({w for w, _ in flat})}
    lowest, norm = min(m.min() for m in averages.values()), PowerNorm(0.5, 0, max(m.max() for m in averages.values()))
    for axes, (width, average) in zip(panels, averages.items(), strict=True):
        image = axes.imshow(average, norm=norm, cmap="magma", interpolation="nearest")
        axes.set_title(f"N = {int(width)}")
        axes.set(xticks=[], yticks=[])
    figure.colorbar(
        image,
        ax=list(panels),
        shrink=0.6,
        pad=0.02,
        label=_MAP_LABELS[metric],
        extend="min" if lowest < 0 else "neither",
    )


def representations(figure: FigureBase, table: pd.DataFrame, metric: str, *, task: str) -> None:
    """Draw, in one row, the densities of preactivations and the maps of ``metric`` at all widths."""
    count = table.width.nunique()
    first, *others = figure.subplots(1, 1 + count, width_ratios=[1.9, *[1.0] * count])
    densities(first, table)
    first.set_title(task)
    maps(figure, others, table, metric)


def over_seeds(of_nets: Mapping[tuple[float, int], np.ndarray], width: float) -> np.ndarray:
    """Return the average of the arrays of one width."""
    return np.mean([array for (of, _), array in of_nets.items() if of == width], axis=0)
