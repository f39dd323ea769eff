"""Curves of the five named parametrizations, drawn so that those that coincide are all seen."""

import pandas as pd
from matplotlib.axes import Axes

from infwidth.papers.karkada2024.measured import VERTICES, nets
from infwidth.plotting.axes import log_heights
from infwidth.plotting.shapes import curve_with_band
from infwidth.plotting.style import richness_colour

_LINES = {"stp": ("-", 4.6), "mup_gauge": ("-", 2.0), "rescaling_gauge": ((0, (1.2, 1.6)), 1.6)}


def draw_five(axes: Axes, curves: pd.DataFrame, *, log_loss: bool) -> None:
    """Draw test loss against steps: colour is the richness, line width and dots the gauge, wide ones below."""
    losses = nets(curves, "test_loss")
    tints = {"stp": 0.35, "mup_gauge": 1.0, "rescaling_gauge": 1.0}
    for name, (richness, gauge) in VERTICES.items():
        rows = losses[(losses.richness == richness) & (losses.gauge == gauge)]
        if rows.empty:
            continue
        linestyle, width = _LINES[gauge]
        colour = "black" if gauge == "rescaling_gauge" else richness_colour(richness)
        curve_with_band(
            axes,
            rows,
            x="step",
            color=colour,
            alpha=tints[gauge],
            linestyle=linestyle,
            linewidth=width,
            label=name,
            band=gauge == "mup_gauge",
        )
    axes.set_xscale("symlog", linthresh=1)
    axes.set_xlim(left=0)
    if log_loss:
        log_heights(axes)
    axes.set_xlabel("training step")
    axes.set_ylabel("test loss (mean squared error)")
    axes.legend()
