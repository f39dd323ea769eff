"""Test and training loss in time, and their gap against data."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.statistics import slope_of_means
from infwidth.analysis.table import Table, Tables
from infwidth.papers.bordelon2024.panels import beside_theory, decades
from infwidth.plotting import guides, legends
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.style import DASHED, FULL, PAIR, width_colours
from infwidth.plotting.text import with_interval


def train_test_gap(tables: Tables) -> Figure:
    """Both losses against time by data (left), and their difference against the data at two times (right)."""
    table = tables["gap"]
    figure, (left, right) = plt.subplots(1, 2, figsize=(FULL, 3.1), width_ratios=(1.2, 1))
    for samples, colour in width_colours(table.values("samples")).items():
        of = table.at(samples=samples)
        beside_theory(left, of.nets("test"), of.limit("test"), colour)
        beside_theory(
            left, of.nets("train"), of.limit("train"), colour, line=DASHED, fillstyle="none", markeredgecolor=colour
        )
    decades(left, "time t")
    log_heights(left)
    left.set(title=f"N = {table.values('width')[0]}", ylabel="loss")
    left.set_ylim(np.min(table.nets("test").value) / 20, None)
    _gap(right, table)
    kinds = [legends.line("test", marker="o"), legends.line("training", marker="o", linestyle=DASHED, fillstyle="none")]
    data = legends.widths(table.values("samples"), symbol="P")
    legends.below(figure, [*kinds, *data, legends.guide("∝ 1/P")], ncols=8)
    return figure


def _gap(axes: Axes, table: Table) -> None:
    steps, lines = table.values("step"), []
    for wanted, colour in zip((1, 1000), PAIR, strict=True):
        step = min(steps, key=lambda value: abs(value - wanted))
        of = table.at(step=step)
        rows = of.nets("gap")
        beside_theory(axes, rows, of.limit("gap"), colour, x="samples")
        slope = (
            f", slope {with_interval(slope_of_means(rows, x='samples', log_y=True))}"
            if rows.samples.nunique() > 2
            else ""
        )
        lines.append(legends.line(f"t = {step}{slope}", color=colour))
        if wanted == 1:
            guides.power_law(axes, rows, slope=-1, x="samples")
    log_heights(axes)
    width_axis(axes, table.values("samples"), "number of data P")
    axes.set(title="gap: test less training loss", ylabel="")
    legends.inside(axes, lines, "lower left")
