"""Loss curves of growing widths in μP, and how far each is from the widest."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.plotting import legends
from infwidth.plotting.axes import step_axis
from infwidth.plotting.lines import curves
from infwidth.plotting.style import FULL, GUIDE
from infwidth.topics.consistency import panels


def loss_curves(tables: Tables) -> Figure:
    """Test loss against steps (top), and its logarithm less the widest net's, paired over seeds (bottom)."""
    tasks = panels.by_task(tables)
    figure, (top, bottom) = plt.subplots(2, len(tasks), figsize=(FULL, 4.3), sharex="col", height_ratios=(3, 2))
    panels.loss_curves(tasks, list(top))
    for axes, table in zip(bottom, tasks.values(), strict=True):
        curves(axes, panels.after_start(panels.behind_widest(table)))
        axes.axhline(0, **GUIDE)
        step_axis(axes)
    for axes in top:
        axes.set_xlabel("")
    bottom[0].set_ylabel("log loss, less that\nof the widest net")
    legends.below(figure, legends.widths(panels.all_widths(tasks.values())))
    return figure
