"""Loss against time over width and data, and what is left at the end."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.statistics import slope_of_means
from infwidth.analysis.table import Table, Tables
from infwidth.papers.bordelon2024.limits import exponents
from infwidth.papers.bordelon2024.measured import early_variance, final_losses, near_its_law
from infwidth.papers.bordelon2024.panels import beside_theory, decades
from infwidth.plotting import guides, legends
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.lines import points
from infwidth.plotting.style import FULL, GUIDE, LIMIT, PAIR, width_colours
from infwidth.plotting.text import with_interval


def loss_time(tables: Tables) -> Figure:
    """Curves by width (left) and by data (middle); final losses and the early variance (right)."""
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(FULL, 2.9), width_ratios=(1, 1, 1.1))
    by_width = tables["by_width"].at(power_exponent=max)
    _in_time(left, by_width, "width")
    left.set(title="P = ∞, by width N", ylabel="test loss")
    _in_time(middle, tables["by_data"], "samples")
    middle.set_title("N = ∞, by data P")
    _at_the_end(right, tables)
    sizes = sorted({*by_width.values("width"), *tables["by_data"].values("samples")})
    handles = legends.widths(sizes, symbol="N, P")
    legends.below(figure, [*handles, legends.limit("∞"), legends.guide("closed form's slope")], ncols=5)
    return figure


def _in_time(axes: Axes, table: Table, by: str) -> None:
    for size, colour in width_colours(table.values(by)).items():
        of = table.at(**{by: size})
        beside_theory(axes, of.nets("test"), of.limit("test"), colour)
    b, a = (table.values(name)[0] for name in ("spectrum_exponent", "power_exponent")) if by == "width" else (1.25, 2.0)
    bare = table.limit("infinite_width" if by == "width" else "test")
    if by == "width":
        infinite = bare.drop_duplicates("step").sort_values("step")
        axes.plot(infinite.step, infinite.value, **LIMIT)
    lowest = table.nets("test").value.min()
    t = np.array([3.0, 300.0])
    start = bare.value[bare.step == bare.step[bare.step >= 3].min()].min()
    axes.plot(t, 0.6 * start * (t / t[0]) ** exponents(b, a)["time"], **GUIDE)
    decades(axes, "time t")
    log_heights(axes)
    axes.set_ylim(lowest / 2, None)


def _at_the_end(axes: Axes, tables: Tables) -> None:
    lines = []
    for power, marker in zip(tables["by_width"].values("power_exponent"), "os", strict=False):
        final = final_losses(tables, power)
        lines.append(_against(axes, final, "width", PAIR[0], marker, f"final, N, a = {power:g}"))
        early = early_variance(tables["by_width"].at(power_exponent=power))
        label = f"variance at t = 1, a = {power:g}"
        lines.append(_against(axes, early, "width", "#7fa37f", marker, label, fitted=near_its_law(early)))
    final = tables["by_data"].at_end().nets("test")
    lines.append(_against(axes, final, "samples", PAIR[1], "D", "final, P, a = 2"))
    log_heights(axes)
    low, high = axes.get_ylim()
    axes.set_ylim(low / 60, high)
    sizes = sorted({*tables["by_width"].values("width"), *tables["by_data"].values("samples")})
    width_axis(axes, sizes, "width N, or data P")
    axes.set_title("against size")
    legends.inside(axes, lines, "lower left", fontsize=6.5, handlelength=1.0)


def _against(
    axes: Axes, rows: pd.DataFrame, x: str, colour: str, marker: str, label: str, *, fitted: pd.DataFrame | None = None
) -> "legends.Line2D":
    """Draw ``rows`` and, through those ``fitted`` or all, the slope of the closed form; return the legend's line."""
    fitted = rows if fitted is None else fitted
    points(axes, rows, x=x, color=colour, marker=marker, markersize=3.5, linewidth=0.9)
    slope = with_interval(slope_of_means(fitted, x=x, log_y=True)) if fitted[x].nunique() > 2 else ""
    law = -1.0 if "variance" in label else -(fitted.power_exponent.iloc[0] - 1 if "power_exponent" in fitted else 1.0)
    guides.power_law(axes, fitted, slope=law, x=x)
    return legends.line(f"{label}: {slope}" if slope else label, color=colour, marker=marker)
