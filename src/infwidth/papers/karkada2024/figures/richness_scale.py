"""The richness scale, and under it what is measured along it."""

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.claims import Tables
from infwidth.analysis.statistics import exponent
from infwidth.papers.karkada2024.measured import gradient_growth, largest_loss, nets
from infwidth.plotting.shapes import errors_against_width
from infwidth.plotting.style import LIMIT, richness_colour, width_colours

Theory = Callable[[np.ndarray], np.ndarray]

_LAZY, _RICH = 0.0, 0.5
_EXPLODES = "#f3dcd6"


def richness_scale(tables: Tables) -> Figure:
    """The schematic scale of the post (top), and against the same axis three measurements of its window."""
    table = tables["few_steps"]
    figure, (scale, output, gradient, loss) = plt.subplots(
        4, 1, figsize=(6.6, 7.4), sharex=True, height_ratios=(1.5, 1.6, 1.6, 2)
    )
    _draw_scale(scale)
    initial = nets(table, "output_scale")
    _draw_exponents(output, initial[initial.step == 0], lambda r: -r, "theory: −r")
    output.set_ylabel("exponent in n of\ninitial output")
    _draw_exponents(gradient, gradient_growth(table), lambda r: np.maximum(0, r - _RICH), "theory: 0, then ≥ r − 1/2")
    gradient.set_yscale("symlog", linthresh=0.5, linscale=1.5)
    gradient.set_yticks([0, 0.25, 1, 4], ["0", "0.25", "1", "4"])
    gradient.set_ylabel("exponent in n of\ngradient growth")
    _draw_losses(loss, largest_loss(table))
    loss.set_xlabel("richness r")
    for axes in (output, gradient, loss):
        low, high = -0.30, 0.80
        axes.axvspan(low, _LAZY, color=_EXPLODES, linewidth=0, zorder=0)
        axes.axvspan(_RICH, high, color=_EXPLODES, linewidth=0, zorder=0)
        axes.set_xlim(low, high)
    loss.set_xticks([-0.25, 0, 0.25, 0.5, 0.75], ["−1/4", "0", "1/4", "1/2", "3/4"])
    return figure


def _draw_scale(axes: Axes) -> None:
    axes.set_axis_off()
    axes.set_ylim(-1.25, 1.25)
    for r in np.linspace(_LAZY, _RICH, 101)[:-1]:
        axes.plot([r, r + 0.01], [0, 0], color=richness_colour(r), linewidth=4, solid_capstyle="butt")
    for start, outside in ((_LAZY, -0.3), (_RICH, 0.8)):
        axes.annotate("", (outside, 0), (start, 0), arrowprops={"arrowstyle": "-|>", "color": "0.55", "linestyle": ":"})
    for r, name in ((_LAZY, "NTP, r = 0"), (_RICH, "μP, r = ½")):
        axes.plot([r], [0], "o", color=richness_colour(r), markersize=10, zorder=5)
        axes.annotate(name, (r, 0), (0, 12), textcoords="offset points", ha="center", weight="bold")
    axes.text(-0.2, 0.18, "outputs explode", ha="center", color="#a33b20")
    axes.text(0.7, 0.18, "gradients explode", ha="center", color="#a33b20")
    axes.text(0.25, 1.05, "richness scale: ‖Δh‖ ~ n^r", ha="center", weight="bold", fontsize=10)
    of_lazy = "kernel regime: linear in the parameters\nfeatures hardly move; well understood"
    axes.text(0.0, -0.25, of_lazy, ha="center", va="top", fontsize=8, color=richness_colour(_LAZY))
    of_rich = "features move by their own size\nlayers interact; less well understood"
    axes.text(0.5, -0.25, of_rich, ha="center", va="top", fontsize=8, color="0.25")


def _draw_exponents(axes: Axes, rows: pd.DataFrame, theory: Theory, label: str) -> None:
    line = np.linspace(-0.28, 0.78, 300)
    axes.plot(line, theory(line), **LIMIT, label=label, zorder=1)
    for richness in sorted(rows.richness.unique(), key=Fraction):
        estimate = exponent(rows[rows.richness == richness])
        if not np.isfinite(estimate.value):
            continue
        bars = ([estimate.value - estimate.low], [estimate.high - estimate.value])
        at, colour = float(Fraction(richness)), richness_colour(richness)
        axes.errorbar([at], [estimate.value], yerr=bars, fmt="o", color=colour, capsize=2)
    axes.legend(loc="upper center")


def _draw_losses(axes: Axes, losses: pd.DataFrame) -> None:
    for width, colour in width_colours(losses.width.unique().tolist()).items():
        rows = losses[(losses.width == width) & np.isfinite(losses.value)]
        rows = rows.assign(r=rows.richness.map(lambda r: float(Fraction(r))))
        errors_against_width(
            axes, rows, x="r", color=colour, marker="o", linestyle="-", linewidth=1, label=f"n = {width}"
        )
        lost = losses[(losses.width == width) & ~np.isfinite(losses.value)]
        if len(lost):
            at = sorted({float(Fraction(r)) for r in lost.richness})
            axes.plot(at, [0.97] * len(at), "x", color=colour, transform=axes.get_xaxis_transform())
    axes.set_yscale("log")
    axes.set_ylabel("largest test loss\n(mean squared error)")
    axes.legend(ncols=2, loc="upper center", bbox_to_anchor=(0.5, 1.0))
