"""Loss curves of growing widths, and how far those of successive widths are apart."""

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.distances import by_seed, curves, relative_distance, successive, trend
from infwidth.analysis.table import Table, Tables
from infwidth.plotting import guides, legends
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.lines import points
from infwidth.plotting.style import FULL, width_colours
from infwidth.topics.consistency import panels


def fig1(tables: Tables) -> Figure:
    """Test loss against steps (top); distance of the curves of successive widths (bottom); a column a task."""
    tasks = panels.by_task(tables)
    figure, (top, bottom) = plt.subplots(2, len(tasks), figsize=(FULL, 4.3), height_ratios=(3, 2))
    panels.loss_curves(tasks, list(top))
    for axes, table in zip(bottom, tasks.values(), strict=True):
        _draw_distances(axes, table)
    bottom[0].set_ylabel("distance of curves\nof widths N and 2N")
    legends.below(figure, [*legends.widths(panels.all_widths(tasks.values())), legends.guide("slope −1/2")])
    return figure


def _draw_distances(axes: Axes, table: Table) -> None:
    distances = successive(curves(table, metric="test_loss"), relative_distance)
    points(axes, by_seed(distances), colours=width_colours(distances.width))
    guides.power_law(axes, distances, slope=-0.5)
    axes.set_title(guides.slope_text(distances, of=trend), fontsize=7.5)
    log_heights(axes)
    width_axis(axes, distances.width)
