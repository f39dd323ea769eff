"""The figure of a transfer check: loss against rate for every size, and where the optimum of each is."""

from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt

from infwidth.plotting.style import FULL, HALF, depth_colours, style, width_colours

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from infwidth.transfer.check import AxisVerdict, TransferCheck


def drawn(check: "TransferCheck") -> "Figure":
    """Return a panel an axis: means over seeds with one standard error, and the optima with their intervals."""
    with style():
        wide = len(check.axes) > 1
        figure, panels = plt.subplots(1, len(check.axes), figsize=(FULL if wide else HALF, 2.8), squeeze=False)
        for axes, verdict in zip(panels[0], check.axes, strict=True):
            _panel(axes, check, verdict)
        figure.suptitle(f"{check.study.rule}, {check.study.optimizer}", fontsize=mpl.rcParams["axes.titlesize"])
        return figure


def _panel(axes: "Axes", check: "TransferCheck", verdict: "AxisVerdict") -> None:
    axis, table = verdict.axis, check.table
    if axis == "width":
        nets = table[table.depth.isna() | (table.depth == check.study.base_depth)]
    else:
        nets = table[table.width == check.study.base_width]
    colours = (width_colours if axis == "width" else depth_colours)(nets[axis].unique())
    for size in sorted(nets[axis].unique()):
        rows = nets[nets[axis] == size]
        by_rate = rows.groupby("lr").loss
        # A rate at which one seed diverged is not one for this size.
        mean, error = by_rate.apply(lambda loss: loss.mean(skipna=False)), by_rate.sem()
        axes.errorbar(mean.index, mean, np.nan_to_num(error), color=colours[int(size)], label=f"{size}")
    for optimum in verdict.optima:
        colour = colours[int(optimum.at)]
        axes.plot(optimum.lr.value, optimum.loss, "o", color=colour, markeredgecolor="white", markersize=6)
    axes.set(xscale="log", xlabel="learning rate at the base width", ylabel="loss", title=f"{axis}: {verdict.verdict}")
    axes.legend(title=axis)
