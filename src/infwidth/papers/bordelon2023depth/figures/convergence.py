"""Losses of trained residual nets over depths, and errors of their outputs against width and depth."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.bordelon2023depth import measured
from infwidth.plotting import guides, legends
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.lines import curves, points
from infwidth.plotting.style import FULL, LIMIT, depth_colours, width_colours

_WIDTH_ERROR = "mean square error of outputs"


def convergence(tables: Tables) -> Figure:
    """Loss, errors against width, errors against depth: linear nets beside the exact limit (top), ReLU (bottom)."""
    linear, limit, relu = (
        tables[name] for name in ("residual_linear_nets", "residual_linear_limit", "residual_relu_nets")
    )
    figure, ((a, b, c), (d, e, f)) = plt.subplots(2, 3, figsize=(FULL, 4.9))
    exact = measured.limit_outputs(limit)
    _losses(a, linear)
    losses = limit.limit("loss").pivot_table(index="step", columns="n_blocks", values="value")
    deepest = int(losses.columns.to_numpy().max())
    axis = losses.index
    a.plot(axis, 2 * losses[deepest] - losses[deepest // 2], **LIMIT)
    _losses(d, relu)
    both = measured.squared_errors(linear, exact, own_depth=False)
    _over_widths(b, measured.squared_errors(linear, exact, own_depth=True), "from N = ∞, same L")
    _over_depths(c, both)
    squares = ((exact.drop(np.inf) - exact.loc[np.inf]) ** 2).mean(axis=1)
    squares = squares[squares.index < squares.index.max() / 1.5]  # the deepest are what the limit is made of
    c.plot(squares.index, squares, marker="D", markersize=4, **LIMIT)
    c.set_title("from N = L = ∞")
    ensemble = measured.ensemble_errors(relu)
    _over_widths(e, ensemble[ensemble.n_blocks == ensemble.n_blocks.max()], "from the ensemble")
    _over_depths(f, ensemble)
    changes = measured.depth_differences(measured.coupled_differences(relu)) ** 2
    changes = changes[changes > 0]
    f.plot(changes.index, changes, color="0.35", marker="D", fillstyle="none", linestyle="", markersize=4.5)
    f.set_title("from the ensemble")
    for axes, series in ((c, squares), (f, changes)):
        guides.power_law(
            axes, pd.DataFrame({"n_blocks": series.index, "value": series.to_numpy()}), slope=-2, x="n_blocks"
        )
        log_heights(axes)
    a.set_ylabel("linear: squared error")
    d.set_ylabel("ReLU: cross-entropy")
    for axes in (a, d):
        axes.set_xlabel("training step")
    depths = sorted({int(n) for table in (linear, relu) for n in table.values("n_blocks")})
    legends.below(
        figure,
        [*legends.depths(depths), *legends.widths(relu.values("width")), legends.limit("N = ∞", marker="D"),
         legends.line("mean change, L to 2L", marker="D", fillstyle="none", linestyle=""),
         legends.guide("slopes −1 (N), −2 (L)")],
        ncols=6,
    )  # fmt: skip
    return figure


def _losses(axes: Axes, table: Table) -> None:
    """Draw the losses of the widest nets of every depth."""
    widest = table.at(width=max)
    curves(axes, widest.nets("loss"), by="n_blocks", palette=depth_colours, linewidth=1)
    axes.set_title(f"N = {widest.values('width')[0]:g}")


def _over_widths(axes: Axes, errors: pd.DataFrame, title: str) -> None:
    curves(axes, errors, x="width", by="n_blocks", palette=depth_colours, marker="o", linewidth=1)
    deepest = errors[errors.n_blocks == errors.n_blocks.max()]
    guides.power_law(axes, deepest, slope=-1)
    log_heights(axes)
    width_axis(axes, errors.width)
    axes.set_ylabel(_WIDTH_ERROR)
    text = guides.slope_text(deepest)
    axes.set_title(title)
    if text:
        guides.note(axes, [(text, "0.2")])


def _over_depths(axes: Axes, errors: pd.DataFrame) -> None:
    for width, colour in width_colours(errors.width).items():
        points(axes, errors[errors.width == width], x="n_blocks", color=colour, markersize=4)
    width_axis(axes, errors.n_blocks, "depth L")
