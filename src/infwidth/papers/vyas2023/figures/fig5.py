"""Sharpness and train loss of full-batch gradient descent over widths, at a small and at a large learning rate."""

from typing import Any

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.claims import Tables
from infwidth.plotting.shapes import curve_with_band
from infwidth.plotting.style import DASHED, width_colours

#: Learning rate times the largest eigenvalue of the Hessian above which gradient descent on a quadratic diverges.
_EDGE = 2.0
_ABOVE_LINE: dict[str, Any] = {"ha": "right", "va": "bottom", "fontsize": 8}


def fig5(tables: Tables) -> Figure:
    """Learning rate times sharpness (top) and train loss (bottom), a column a learning rate."""
    table = tables["full_batch"]
    rates = sorted(table.lr.unique())
    figure, panels = plt.subplots(2, len(rates), figsize=(7.2, 4.8), sharex=True, sharey="row", squeeze=False)
    for column, lr in zip(panels.T, rates, strict=True):
        of_rate = table[table.lr == lr]
        _draw(column[0], of_rate, "sharpness")
        _draw(column[1], of_rate, "train_loss")
        column[0].axhline(_EDGE, color="0.3", linewidth=1.0, linestyle=DASHED, zorder=1)
        column[0].set_title(f"η = {lr:g}")
        column[1].set_xlabel("training step")
    panels[0, 0].set_ylabel("η · largest Hessian eigenvalue")
    panels[0, 0].set_ylim(bottom=0)
    panels[1, 0].set_ylabel("train loss (mean squared error)")
    panels[1, 0].set_yscale("log")
    panels[0, 0].text(0.99, _EDGE, "edge of stability", transform=panels[0, 0].get_yaxis_transform(), **_ABOVE_LINE)
    panels[1, 0].legend(loc="lower left")
    return figure


def _draw(axes: Axes, table: pd.DataFrame, metric: str) -> None:
    """Draw the mean over seeds of a metric against steps, with its band, for every width."""
    rows = table[(table.metric == metric) & (table.seed >= 0)]
    for width, colour in width_colours(rows.width.unique().tolist()).items():
        of_width = rows[rows.width == width]
        curve_with_band(axes, of_width, x="step", color=colour, label=f"N = {width}", linewidth=1.3)
    axes.set_xlim(0, rows.step.max())
