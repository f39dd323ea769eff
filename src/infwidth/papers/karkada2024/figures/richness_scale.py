"""The richness scale, and under it what is measured along it."""

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.statistics import exponent
from infwidth.analysis.table import Table, Tables
from infwidth.papers.karkada2024.measured import gradient_growth, largest_loss
from infwidth.plotting import legends
from infwidth.plotting.axes import log_heights
from infwidth.plotting.lines import points
from infwidth.plotting.style import FULL, LIMIT, richness_colour, width_colours

Theory = Callable[[np.ndarray], np.ndarray]

_LAZY, _RICH = 0.0, 0.5
_EDGES = (-0.30, 0.80)
_EXPLODES, _WARNING = "0.94", "#a33b20"
#: Gradients are compared over so many steps: later ones grow on what the first ones blew up.
_STEPS = 2
#: A hundred times the loss of an output that is zero: what is beyond leaves the panel.
_HIGHEST = 10.0


def richness_scale(tables: Tables) -> Figure:
    """The schematic scale of the post (top), and against the same axis four measurements of its window."""
    table = tables["few_steps"]
    figure, (scale, output, update, gradient, loss) = plt.subplots(
        5, 1, figsize=(FULL, 8.0), sharex=True, height_ratios=(1.4, 1.4, 1.4, 1.4, 1.9)
    )
    _draw_scale(scale)
    _draw_exponents(output, table.at(step=0).nets("output_scale"), _EDGES, lambda r: -r, "theory: −r")
    output.set_ylabel("exponent in n of\nthe initial output")
    moved = table.at(layer="h2", step=1).nets("relative_change")
    _draw_exponents(update, moved, _EDGES, lambda r: np.maximum(r, 0) - 0.5, "theory: r − 1/2, of r < 0 as of 0")
    update.set_ylabel("exponent in n of\n‖Δh₂‖ / ‖h₂‖, one step")
    growth = gradient_growth(table.at(step=[step for step in table.values("step") if step <= _STEPS]))
    _draw_exponents(gradient, growth, (_LAZY, _RICH), np.zeros_like, "theory: 0 between, above 0 beyond 1/2")
    gradient.set_ylabel("exponent in n of\ngradient growth")
    _draw_losses(loss, table)
    loss.set_xlabel("richness r")
    for axes in (output, update, gradient, loss):
        axes.axvspan(_EDGES[0], _LAZY, color=_EXPLODES, linewidth=0, zorder=0)
        axes.axvspan(_RICH, _EDGES[1], color=_EXPLODES, linewidth=0, zorder=0)
        axes.set_xlim(_EDGES)
    loss.set_xticks([-0.25, 0, 0.25, 0.5, 0.75], ["−1/4", "0", "1/4", "1/2", "3/4"])
    legends.below(figure, legends.widths(table.values("width"), symbol="n", marker="o"))
    return figure


def _draw_scale(axes: Axes) -> None:
    axes.set_axis_off()
    axes.set_ylim(-1.25, 1.25)
    for r in np.linspace(_LAZY, _RICH, 101)[:-1]:
        axes.plot([r, r + 0.01], [0, 0], color=richness_colour(r), linewidth=4, solid_capstyle="butt")
    for start, outside in ((_LAZY, -0.3), (_RICH, 0.8)):
        axes.annotate("", (outside, 0), (start, 0), arrowprops={"arrowstyle": "-|>", "color": "0.55", "linestyle": ":"})
    for r, name in ((_LAZY, "NTP, r = 0"), (_RICH, "μP, r = 1/2")):
        axes.plot([r], [0], "o", color=richness_colour(r), markersize=10, zorder=5)
        axes.annotate(name, (r, 0), (0, 12), textcoords="offset points", ha="center", weight="bold")
    axes.text(-0.2, 0.18, "outputs explode", ha="center", color=_WARNING)
    axes.text(0.7, 0.18, "gradients explode", ha="center", color=_WARNING)
    axes.text(0.25, 1.05, "richness scale: ‖Δh‖ ∼ $n^r$", ha="center", weight="bold", fontsize=9.5)
    of_lazy = "kernel regime: linear in the parameters\nfeatures hardly move; well understood"
    axes.text(0.0, -0.25, of_lazy, ha="center", va="top", fontsize=8, color=richness_colour(_LAZY))
    of_rich = "features move by their own size\nlayers interact; less well understood"
    axes.text(0.5, -0.25, of_rich, ha="center", va="top", fontsize=8, color="0.25")


def _draw_exponents(axes: Axes, rows: pd.DataFrame, over: tuple[float, float], theory: Theory, label: str) -> None:
    """Draw the measured exponents with their intervals, and theory over the richnesses of which it says a number."""
    line = np.linspace(*over, 300)
    axes.plot(line, theory(line), **LIMIT, zorder=1)
    for richness in sorted(rows.richness.unique(), key=Fraction):
        estimate = exponent(rows[rows.richness == richness])
        if np.isfinite(estimate.value):
            bars = ([estimate.value - estimate.low], [estimate.high - estimate.value])
            at, colour = float(Fraction(richness)), richness_colour(richness)
            axes.errorbar([at], [estimate.value], yerr=bars, fmt="o", markersize=5, color=colour, capsize=2)
    axes.legend(handles=[legends.limit(label)], loc="best")


def _draw_losses(axes: Axes, table: Table) -> None:
    """Draw the largest loss, by width; an arrow where it leaves the panel or a net diverged."""
    largest = largest_loss(table)
    largest = largest.assign(r=[float(Fraction(r)) for r in largest.richness])
    means = largest.groupby(["width", "r"]).value.mean()
    for order, (width, colour) in enumerate(width_colours(largest.width).items()):
        within = means[width] <= _HIGHEST
        points(axes, largest[(largest.width == width) & largest.r.isin(within.index[within])], x="r", color=colour)
        for r in within.index[~within]:
            axes.plot([r + 0.012 * order], [0.93], "^", color=colour, transform=axes.get_xaxis_transform())
    log_heights(axes)
    axes.set_ylim(0.08, _HIGHEST)
    axes.set_ylabel("largest test loss\n(mean squared error)")
