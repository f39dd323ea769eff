"""Loss curves coincide at large widths."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.claims import Tables
from infwidth.analysis.distances import curves, relative_distance, successive
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.shapes import errors_against_width
from infwidth.plotting.widths import loss_curves
from infwidth.topics.consistency.measures import TASKS


def fig1(tables: Tables) -> Figure:
    """Test loss against steps (top); distance of the curves of successive widths (bottom); a column a task."""
    panels = {task: tables[experiment] for experiment, task in TASKS.items()}
    figure, (top, bottom) = plt.subplots(2, len(panels), figsize=(7.2, 4.3), height_ratios=(3, 2))
    loss_curves(panels, list(top))
    for axes, table in zip(bottom, panels.values(), strict=True):
        _draw_distances(axes, table)
    bottom[0].set_ylabel("distance of curves\nof widths N and 2N")
    return figure


def _draw_distances(axes: Axes, table: pd.DataFrame) -> None:
    distances = successive(curves(table, metric="test_loss"), relative_distance)
    errors_against_width(axes, distances, color="0.25", marker="o", linestyle="-", linewidth=1.1)
    log_heights(axes)
    width_axis(axes, distances.width.astype(int).tolist())
