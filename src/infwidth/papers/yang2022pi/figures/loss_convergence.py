"""Losses of finite π-nets and of the infinite one, and their distance against width."""

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.plotting import guides, legends
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.lines import curves, points
from infwidth.plotting.style import FULL, LIMIT, width_colours


def loss_convergence(tables: Tables) -> Figure:
    """Losses against step (top) and distances from the limit against width (bottom), a column a depth."""
    table = tables["curve"]
    depths = table.values("n_hidden")
    figure, panels = plt.subplots(2, len(depths), figsize=(FULL, 4.3), sharey="row", squeeze=False)
    for depth, (top, bottom) in zip(depths, panels.T, strict=True):
        of_depth = table.at(n_hidden=depth)
        _losses(top, of_depth)
        _distances(bottom, of_depth)
        top.set_title(f"{depth:g} hidden layer{'s' * (depth > 1)}")
    panels[0, 0].set_ylabel("loss")
    for axes in panels[1]:
        log_heights(axes)
    panels[1, 0].set_ylabel("distance from the limit")
    marks = [
        legends.line("functions", marker="o", linestyle=""),
        legends.line("losses", marker="o", linestyle="", fillstyle="none"),
    ]
    widths = legends.widths(table.values("width"), symbol="n")
    legends.below(figure, [*widths, legends.limit("infinite π-net"), *marks, legends.guide("slope −1/2")], ncols=8)
    return figure


def _losses(axes: Axes, table: Table) -> None:
    curves(axes, table.nets("loss"))
    limit = table.at(width=max).limit("limit_loss").sort_values("step")
    axes.plot(limit.step, limit.value, **LIMIT)
    axes.set(xlabel="step", ylim=(0, None))


def _distances(axes: Axes, table: Table) -> None:
    for metric, fill in (("distance", "full"), ("loss_distance", "none")):
        rows = table.nets(metric)
        colours = width_colours(rows.width) if fill == "full" else None
        points(axes, rows, colours=colours, linestyle="", fillstyle=fill, markeredgecolor="0.35")
        guides.power_law(axes, rows, slope=-0.5)
        if fill == "full":
            guides.note(axes, [(guides.slope_text(rows), "0.25")], corner="upper right")
    width_axis(axes, table.values("width"), "width n")
