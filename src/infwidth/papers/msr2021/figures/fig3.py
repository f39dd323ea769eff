"""Sizes of weights times activations, of the initial weights and of their change."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.plotting import guides
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.lines import points
from infwidth.plotting.style import FULL, PAIR

#: Metric → what is multiplied, theory's exponent and its name, colour and mark.
_PRODUCTS = {
    "update_product": ("ΔW x: the change,\ncorrelated with x", 1.0, "n", PAIR[1], "s"),
    "initial_product": ("W₀ x: the initial weights,\nindependent of x", 0.5, "√n", PAIR[0], "o"),
}


def fig3(tables: Tables) -> Figure:
    """Relative size of the product against width, for initial weights and for their change, with theory's slopes."""
    table = tables["correlation"]
    widths = table.values("width")
    figure, axes = plt.subplots(figsize=(FULL, 2.9))
    for metric, (words, slope, theory, colour, marker) in _PRODUCTS.items():
        rows = table.nets(metric)
        points(axes, rows, color=colour, marker=marker, linestyle="")
        guides.power_law(axes, rows, slope=slope)
        end = (widths[-1], rows[rows.width == widths[-1]].value.mean())
        text = f"{words}\n{guides.slope_text(rows)}, dotted: {theory}"
        axes.annotate(text, end, (9, 0), textcoords="offset points", va="center", color=colour, fontsize=8)
    log_heights(axes)
    width_axis(axes, widths, "width n")
    axes.set_xlim(right=widths[-1] * (widths[-1] / widths[0]) ** 0.55)
    axes.set_ylabel("rms of W x / (rms of W · rms of x)")
    return figure
