"""Five parametrizations, two bundles; weight decay tells gauges apart unless it moves with them."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.claims import Tables
from infwidth.papers.karkada2024.figures.five_curves import draw_five
from infwidth.papers.karkada2024.measured import GAUGE_NAMES, largest_difference, nets
from infwidth.plotting.shapes import curve_with_band
from infwidth.plotting.style import DASHED, richness_colour

_GAUGE_COLOURS = {"stp": "#4477aa", "mup_gauge": "#cc6677", "rescaling_gauge": "#999933"}

#: Where the last panel ends if a net diverges: so many times the largest initial loss.
_HIGHEST = 2.0


def gauge_equivalence(tables: Tables) -> Figure:
    """Test loss in the five parametrizations (left), the residual (middle), and weight decay (right)."""
    curves, decayed = tables["gauge_curves"], tables["weight_decay"]
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(10.4, 3.4), width_ratios=(4, 3, 4))
    draw_five(left, curves, log_loss=True)
    _draw_residuals(middle, curves, decayed)
    _draw_weight_decay(right, decayed)
    return figure


def _draw_residuals(axes: Axes, curves: pd.DataFrame, decayed: pd.DataFrame) -> None:
    for richness, rows in largest_difference(curves, ["richness"]).groupby("richness"):
        name = {"0": "within lazy bundle", "1/2": "within rich bundle"}[str(richness)]
        axes.plot(rows.step, _visible(rows.value), color=richness_colour(str(richness)), label=name)
    styles = {True: ("-", "λ transformed"), False: (DASHED, "one λ for all")}
    for transformed, rows in largest_difference(decayed, ["transform_weight_decay"]).groupby("transform_weight_decay"):
        linestyle, name = styles[bool(transformed)]
        axes.plot(rows.step, _visible(rows.value), color="0.45", linestyle=linestyle, label=name)
    axes.axhline(np.finfo(float).eps, color="black", linewidth=0.8, linestyle=":")
    axes.annotate("machine precision", (0, np.finfo(float).eps), (3, 5), textcoords="offset points", fontsize=7)
    axes.set_xscale("symlog", linthresh=1)
    axes.set_xlim(left=0)
    axes.set_yscale("log")
    axes.set_ylim(1e-17, 1e2)
    axes.set_xlabel("training step")
    axes.set_ylabel("largest relative difference")
    axes.set_title("difference between gauges")
    axes.legend(loc="center right", fontsize=7)


def _visible(values: pd.Series) -> pd.Series:
    return values.clip(lower=2e-17)  # exact equality, on a logarithmic axis


def _draw_weight_decay(axes: Axes, decayed: pd.DataFrame) -> None:
    losses = nets(decayed, "test_loss")
    for transformed, linestyle in ((False, DASHED), (True, "-")):
        for number, (gauge, colour) in enumerate(_GAUGE_COLOURS.items()):
            rows = losses[(losses.transform_weight_decay == transformed) & (losses.gauge == gauge)]
            if rows.empty:
                continue
            # Curves that coincide are seen if the later ones are thinner.
            width = 1.4 if not transformed else 4.2 - 1.5 * number
            curve_with_band(
                axes, rows, x="step", color=colour, linestyle=linestyle, linewidth=width, band=not transformed
            )
    for gauge, colour in _GAUGE_COLOURS.items():
        if gauge in set(losses.gauge):
            axes.plot([], [], color=colour, label=GAUGE_NAMES[gauge])
    axes.plot([], [], color="0.3", linestyle="-", label="λ transformed")
    axes.plot([], [], color="0.3", linestyle=DASHED, label="one λ for all")
    start = losses[losses.step == 0].value.max()
    if axes.get_ylim()[1] > _HIGHEST * start:
        axes.set_ylim(0, _HIGHEST * start)
    axes.set_xscale("symlog", linthresh=1)
    axes.set_xlim(left=0)
    axes.set_xlabel("training step")
    axes.set_ylabel("test loss (mean squared error)")
    axes.set_title("weight decay, richness ½")
    axes.legend(loc="lower left", fontsize=7)
