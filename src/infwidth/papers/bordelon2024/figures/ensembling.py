"""One wide net against an ensemble of as many features."""

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.bordelon2024.panels import beside_theory, decades
from infwidth.plotting import legends
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.lines import points
from infwidth.plotting.style import DASHED, FULL, LIMIT, PAIR, width_colours

_MEMBERS = 4


def ensembling(tables: Tables) -> Figure:
    """Losses of single nets and of ensembles against time (left) and against the number of features (right)."""
    table = tables["ensembles"]
    figure, (left, right) = plt.subplots(1, 2, figsize=(FULL, 3.1))
    for width, colour in width_colours(table.values("width")).items():
        of = table.at(width=width)
        beside_theory(left, of.nets("test"), of.limit("test"), colour)
        beside_theory(
            left,
            of.nets("ensemble"),
            of.limit("ensemble"),
            colour,
            line=DASHED,
            fillstyle="none",
            markeredgecolor=colour,
        )
    infinite = table.limit("infinite_width").drop_duplicates("step").sort_values("step")
    left.plot(infinite.step, infinite.value, **LIMIT)
    decades(left, "time t")
    log_heights(left)
    left.set(title="single nets, and means of four", ylabel="test loss")
    _features(right, table)
    widths = legends.widths(table.values("width"))
    kinds = [
        legends.line("one net", marker="o"),
        legends.line("mean of four", marker="o", linestyle=DASHED, fillstyle="none"),
    ]
    legends.below(figure, [*kinds, *widths, legends.limit("N = ∞")], ncols=8)
    return figure


def _features(axes: Axes, table: Table) -> None:
    steps = table.values("step")
    shown = [min(steps, key=lambda step: abs(step - wanted)) for wanted in (30, 1000)]
    sizes = set()
    for step, colour in zip(shown, PAIR, strict=True):
        one = table.at(step=step).nets("test")
        four = table.at(step=step).nets("ensemble")
        four = four.assign(width=four.width * _MEMBERS)
        points(axes, one, color=colour, markersize=4)
        points(axes, four, color=colour, markersize=4, linestyle=DASHED, fillstyle="none", markeredgecolor=colour)
        sizes |= {*one.width, *four.width}
    log_heights(axes)
    width_axis(axes, sizes, "all features, N or 4N")
    axes.set_title("at as many features")
    lines = [legends.line(f"t = {step}", color=colour) for step, colour in zip(shown, PAIR, strict=True)]
    legends.inside(axes, lines, "upper right")
