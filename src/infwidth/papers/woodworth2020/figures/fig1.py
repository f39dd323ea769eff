"""Population error and norms of what a diagonal net finds against its initial scale, and the scale that is needed."""

import numpy as np
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from infwidth.analysis.table import Table, Tables
from infwidth.papers.woodworth2020.measured import depths, largest_scales, left_out, of_depth, with_scale
from infwidth.papers.woodworth2020.panels import draw_limits, limit_lines, scale_axis
from infwidth.plotting import legends
from infwidth.plotting.axes import log_heights
from infwidth.plotting.lines import curve
from infwidth.plotting.style import DASHED, FULL, PAIR


def fig1(tables: Tables) -> Figure:
    """The error between its limits (left), both norms (middle), the scale needed by N (right)."""
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(FULL, 2.7))
    table = tables["diagonal"]
    rows = of_depth(table, "excess_risk", 2)
    curve(left, rows, x="scale", color="0.2")
    draw_limits(left, table, "excess_risk")
    log_heights(left)
    scale_axis(left, rows)
    left.set_ylabel("population error ‖β − β*‖²")
    _norms(middle, table)
    _needed(right, tables["complexity"])
    words = [legends.line(f"{k} nonzero", color=c, marker="o") for k, c in _colours(tables["complexity"]).items()]
    deep = legends.line("D = 3", linestyle=DASHED, marker="o", fillstyle="none")
    legends.below(figure, [legends.line("gradient flow", color="0.2"), *limit_lines(), *words, deep])
    return figure


def _colours(table: Table) -> dict[int, tuple[float, float, float]]:
    """Return a colour for every number of nonzero entries."""
    sparsities = table.values("nonzeros")
    return dict(zip(sparsities, sns.color_palette("crest", len(sparsities)), strict=True))


def _norms(axes: Axes, table: Table) -> None:
    for (norm, layer, name), colour in zip(
        (("absolute_sum", "l1", "ℓ1"), ("euclidean_norm", "l2", "ℓ2")), PAIR, strict=True
    ):
        least = table.at(layer=layer).nets(norm).set_index("seed").value
        rows = of_depth(table, norm, 2)
        curve(axes, rows.assign(value=rows.value / rows.seed.map(least)), x="scale", color=colour, label=f"{name} norm")
    axes.axhline(1.0, color="0.8", linewidth=0.8, zorder=0)
    scale_axis(axes, rows)
    axes.set_ylabel("norm / least norm")
    axes.legend(loc="center left", handlelength=1.4)


def _needed(axes: Axes, table: Table) -> None:
    for nonzeros, colour in _colours(table).items():
        for depth, dashes, fill in zip(depths(table), ("-", DASHED), ("full", "none"), strict=False):
            scales = largest_scales(table, depth, nonzeros)
            if scales.empty:
                continue
            found = [left_out(row) for _, row in scales.iterrows()]
            axes.errorbar(
                scales.index.to_numpy(float), [e.value for e in found], yerr=[e.high - e.value for e in found],
                color=colour, linestyle=dashes, marker="o", fillstyle=fill, markersize=4, linewidth=1, capsize=2,
                elinewidth=0.9,
            )  # fmt: skip
    axes.set_xscale("log")
    samples = sorted(table.at(metric="excess_risk").values("step"))
    axes.xaxis.set_major_locator(FixedLocator(samples))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"$10^{{{value:g}}}$"))
    axes.set(xlabel="number of examples N", ylabel="largest α of error ≤ 0.025")
    axes.set_ylim(np.log10(with_scale(table, table.nets("excess_risk")).scale.min()) - 0.2, 0)
