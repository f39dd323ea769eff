"""Errors of harmonics of each degree, and at how many examples they are learned."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.bordelon2020.measured import half_learned
from infwidth.papers.bordelon2020.panels import DEGREES
from infwidth.plotting import legends
from infwidth.plotting.style import DASHED, FULL, GUIDE
from infwidth.topics.learning_curves.panels import dots, logarithmic, theory


def modes(tables: Tables) -> Figure:
    """By the target's power (left), by place (middle), and the steps' positions (right)."""
    measured = tables["krr"].at(ridge=0)
    figure, axes = plt.subplots(1, 3, figsize=(FULL, 2.6), width_ratios=(1.15, 1.15, 0.9))
    for panel, metric in zip(axes, ("shell_by_power", "shell_by_place"), strict=False):
        _shells(panel, measured, metric)
        logarithmic(panel, "error of a degree / power" if panel is axes[0] else "")
        panel.set_ylim(1e-5, 3)
    axes[0].set_title("by the power of the target")
    axes[1].set_title("of the predictor's coefficients")
    _steps(axes[2], half_learned(tables["dimensions"]))
    words = [legends.line(f"degree {k}", color=colour) for k, colour in enumerate(DEGREES)]
    words += [legends.line("training sets", marker="o", linestyle=""), legends.guide("N(d, k)")]
    legends.below(figure, [*words, legends.line("by power", linestyle=DASHED)], ncols=7)
    return figure


def _shells(axes: Axes, table: Table, metric: str) -> None:
    curves, sets, counts = table.limit(metric), table.nets(metric), table.limit("multiplicity")
    for k, colour in enumerate(DEGREES):
        power = 0.25
        line, marks = (rows[rows["index"] == k] for rows in (curves, sets))
        dots(axes, marks.assign(value=marks.value / power), colour)
        theory(axes, line.assign(value=line.value / power), color=colour)
        if metric == "shell_by_place":
            caused = table.limit("shell_by_power")
            caused = caused[caused["index"] == k]
            theory(axes, caused.assign(value=caused.value / power), color=colour, linestyle=DASHED, linewidth=0.8)
        axes.axvline(counts.value[counts["index"] == k].item(), **{**GUIDE, "color": colour})


def _steps(axes: Axes, halves: pd.DataFrame) -> None:
    for degree in halves.degree.unique().tolist():
        rows = halves[halves.degree == degree]
        axes.plot(rows.multiplicity, rows.value, "o-", color=DEGREES[degree], markersize=4, linewidth=0.8)
    ends = [halves.multiplicity.min(), halves.multiplicity.max()]
    axes.plot(ends, ends, zorder=1, **GUIDE)
    logarithmic(axes, "P at half of the error", x="harmonics N(d, k)")
    axes.set_title("steps, d = 10 to 80" if halves.dimension.max() == 80 else "steps")
