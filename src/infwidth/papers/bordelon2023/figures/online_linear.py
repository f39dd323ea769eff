"""Linear nets in many directions: losses over the width, and variances over the dimension."""

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.bordelon2023.measured import over_training
from infwidth.plotting import guides, legends
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.lines import points
from infwidth.plotting.style import DASHED, FULL, LIMIT, PAIR, width_colours


def online_linear(tables: Tables) -> Figure:
    """Loss against time by width, and N Var along and across the target by dimension."""
    table = tables["directions"]
    figure, (left, right) = plt.subplots(1, 2, figsize=(FULL, 3.1))
    _losses(left, table.at(dimension=max))
    _variances(right, table.at(width=max))
    words = [
        legends.limit("N = ∞ (left), theory (right)"),
        legends.line("with theory's variance/N", linestyle=DASHED),
        legends.guide("∝ D"),
    ]
    legends.below(figure, [*legends.widths(table.values("width"), marker="o", linestyle=""), *words], ncols=6)
    return figure


def _losses(axes: Axes, table: Table) -> None:
    for width, colour in width_colours(table.values("width")).items():
        of = table.at(width=width)
        nets, corrected = of.nets("loss"), of.limit("corrected")
        points(axes, nets.assign(time=nets.step * nets.lr), x="time", color=colour, linestyle="", markersize=3.5)
        axes.plot(corrected.step * corrected.lr, corrected.value, color=colour, linestyle=DASHED, linewidth=1.1)
    limit = table.at(width=max).limit("loss")
    axes.plot(limit.step * limit.lr, limit.value, **LIMIT)
    log_heights(axes)
    axes.set_ylim(table.nets("loss").value.min() / 20, 2)
    axes.set(xlabel="time t", title=f"mean |β* − β|², D = {table.values('dimension')[0]}")


def _variances(axes: Axes, table: Table) -> None:
    lines = []
    for layer, colour in zip(("along", "across"), PAIR, strict=True):
        rows = over_training(table, "fluctuation", layer)
        steps = [step for step in table.values("step") if step > 0]
        limit = table.at(layer=layer, step=steps).limit("fluctuation").groupby("dimension").value.mean()
        axes.plot(limit.index, limit.to_numpy(), **LIMIT)
        points(axes, rows, x="dimension", color=colour, linestyle="")
        lines.append(legends.line(f"{layer} the target", color=colour, marker="o", linestyle=""))
        if layer == "across":
            guides.power_law(axes, rows, slope=1, x="dimension")
    log_heights(axes)
    width_axis(axes, table.values("dimension"), "dimension D")
    axes.set(title=f"N Var, N = {table.values('width')[0]}", ylabel="")
    legends.inside(axes, lines, "upper left")
