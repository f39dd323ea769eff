"""Nearly lazy nets: variance of the errors by eigenmode of the kernel."""

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.bordelon2023.panels import beside
from infwidth.plotting import legends
from infwidth.plotting.style import FULL, richness_colour


def lazy_modes(tables: Tables) -> Figure:
    """N Var of some modes against time, and of all together."""
    table = tables["lazy_modes"]
    modes = table.at(layer="mode").values("index")
    shown = sorted({modes[0], modes[len(modes) // 3], modes[2 * len(modes) // 3], modes[-1]})
    figure, (left, right) = plt.subplots(1, 2, figsize=(FULL, 3.0))
    lines = []
    for place, mode in enumerate(shown):
        colour = richness_colour(0.6 * place / max(len(shown) - 1, 1))
        _curve(left, table.at(layer="mode", index=mode), colour)
        lines.append(legends.line(f"mode {mode + 1}", color=colour, marker="o", linestyle=""))
    left.set(title="N Var Δ along eigenvectors")
    _curve(right, table.at(layer="total"), "0.35")
    right.set(title="sum over all modes")
    legends.below(figure, [*lines, legends.line("sum", marker="o", linestyle=""), legends.limit("theory, γ0 → 0")])
    return figure


def _curve(axes: Axes, table: Table, colour: object) -> None:
    beside(axes, table.limit("fluctuation"), table.nets("fluctuation"), colour, markersize=3.5)
    axes.set_xlabel("time t")
