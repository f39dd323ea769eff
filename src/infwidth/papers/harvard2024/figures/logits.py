"""The logit of one held-out point converges as nets get wider."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.plotting import legends
from infwidth.plotting.axes import step_axis
from infwidth.plotting.style import FULL
from infwidth.topics.consistency import panels


def logits(tables: Tables) -> Figure:
    """Logit of the correct answer on the first held-out point against steps: vision (left), language (right)."""
    tasks = panels.by_task(tables, ("vision_online", "language"))
    figure, row = plt.subplots(1, 2, figsize=(FULL, 2.8))
    for axes, (task, table) in zip(row, tasks.items(), strict=True):
        panels.nets_and_mean(axes, panels.after_start(table.at(index=0).nets("correct_logit")))
        step_axis(axes)
        axes.set_title(task)
    row[0].set_ylabel("logit of the correct answer,\nless the mean over answers")
    legends.below(figure, legends.widths(panels.all_widths(tasks.values())))
    return figure
