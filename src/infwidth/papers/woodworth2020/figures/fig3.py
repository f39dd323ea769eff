"""Matrix factorization by width and initial scale: nuclear norms, and the distance from infinite width."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.woodworth2020.measured import by_width, excess_nuclear, nearest_scale, of_limit
from infwidth.papers.woodworth2020.panels import plain_decades
from infwidth.plotting import guides, legends
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.lines import curve, curves, points
from infwidth.plotting.style import FULL, LIMIT

#: Scales μ of the right panel, and their marks.
_SCALES = {0.1: "o", 0.5: "s", 2.0: "D"}


def fig3(tables: Tables) -> Figure:
    """Excess nuclear norm against the size of the initial output (left) and μ (middle), and distances (right)."""
    table = tables["completion"]
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(FULL, 2.8))
    rows = excess_nuclear(table, by_width(table, "nuclear_norm"))
    # One index a size for every width: the bands are over matrices.
    curves(left, rows.assign(size=rows.scale**2 / rows.width**0.5), x="size")
    curves(middle, rows, x="scale")
    limit = excess_nuclear(table, of_limit(table, "nuclear_norm"))
    curve(middle, limit, x="scale", **LIMIT)
    for axes, label in ((left, "size σ²√k of initial outputs"), (middle, "μ = σ√k")):
        _excess_axes(axes, label)
    left.set_xlim(rows.scale.min() ** 2 / rows.width.min() ** 0.5, None)
    left.set_ylabel("excess nuclear norm")
    _distances(right, table)
    widths = sorted(rows.width.unique())
    legends.below(figure, [*legends.widths(widths, symbol="k"), legends.limit("k = ∞"), legends.guide("slope −1/2")])
    return figure


def _excess_axes(axes: Axes, label: str) -> None:
    for height in (0, 1):
        axes.axhline(height, color="0.8", linewidth=0.8, zorder=0)
    axes.set(xscale="log", xlabel=label, ylim=(-0.15, 2))
    plain_decades(axes)


def _distances(axes: Axes, table: Table) -> None:
    rows, words = by_width(table, "limit_distance"), []
    for scale, marker in _SCALES.items():
        at: pd.DataFrame = nearest_scale(rows, scale)
        points(axes, at, marker=marker, linestyle="", markersize=4.5)
        guides.power_law(axes, at, slope=-0.5)
        label = f"μ = {at.scale.iloc[0]:.2g}\n{guides.slope_text(at)}".strip()
        words.append(legends.line(label, marker=marker, linestyle=""))
    log_heights(axes)
    low, high = axes.get_ylim()
    axes.set_ylim(low / 8, high)
    width_axis(axes, rows.width, "width k")
    axes.set_ylabel("distance from k = ∞")
    legends.inside(axes, words, "lower left", fontsize=6.5, handlelength=1.0)
