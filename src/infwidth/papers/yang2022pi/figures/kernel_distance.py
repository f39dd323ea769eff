"""Distance of feature kernels from that of the infinite π-net."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.yang2022pi.measured import moved
from infwidth.plotting import guides, legends
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.lines import points
from infwidth.plotting.style import DASHED, HALF, width_colours


def kernel_distance(tables: Tables) -> Figure:
    """Relative distance of the kernels against width, before and after training."""
    table = tables["kernels"]
    figure, axes = plt.subplots(figsize=(HALF, 3.0))
    handles = []
    for name, rows, fill in (
        ("trained", table.at_end().nets("kernel_distance"), "full"),
        ("at initialisation", table.at(step=0).nets("kernel_distance"), "none"),
    ):
        colours = width_colours(rows.width) if fill == "full" else None
        points(axes, rows, colours=colours, linestyle="", fillstyle=fill, markeredgecolor="0.35")
        guides.power_law(axes, rows, slope=-0.5)
        slope = guides.slope_text(rows)
        handles.append(legends.line(", ".join(filter(None, (name, slope))), marker="o", linestyle="", fillstyle=fill))
    axes.axhline(moved(table), color="black", linewidth=0.9, linestyle=DASHED)
    log_heights(axes)
    width_axis(axes, table.values("width"), "width n")
    axes.set_ylabel("distance of feature kernels")
    moves = legends.line("movement of the infinite π-net's", color="black", linestyle=DASHED)
    legends.below(figure, [*handles, moves, legends.guide("slope −1/2")], ncols=1)
    return figure
