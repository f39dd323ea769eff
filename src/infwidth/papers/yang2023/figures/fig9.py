"""Root mean squares of the layers of infinitely wide linear residual nets over depths."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.yang2023.measured import SHOWN, depth_changes, layers_of_depths
from infwidth.plotting import guides, legends
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.style import FULL, depth_colours

_MARKS = {1: "o", 5: "s", 10: "D"}


def fig9(tables: Tables) -> Figure:
    """Draw rms against l/L at three steps, and what doubling the depth changes."""
    table = tables["linear_depths"]
    colours = depth_colours(table.values("n_blocks"))
    figure, (*panels, changes) = plt.subplots(1, 4, figsize=(FULL, 2.5))
    for axes, step in zip(panels, SHOWN, strict=True):
        for depth, layers in layers_of_depths(table, step).items():
            axes.plot(layers.index, layers, color=colours[depth], linewidth=1.1)
        axes.set(xlabel="l / L", title=f"t = {step}")
        axes.sharey(panels[0])
        of_step = depth_changes(table, step)
        changes.plot(of_step.index, of_step, color="0.35", marker=_MARKS[step], linestyle="", fillstyle="none")
    panels[0].set_ylabel("root mean square of $x^l_t$")
    last = depth_changes(table, SHOWN[-1])
    guides.power_law(changes, pd.DataFrame({"n_blocks": last.index, "value": last.to_numpy()}), slope=-1, x="n_blocks")
    log_heights(changes)
    width_axis(changes, last.index, "depth L")
    changes.set_ylabel("largest change, L to 2L")
    steps = [legends.line(f"t = {step}", marker=mark, linestyle="", fillstyle="none") for step, mark in _MARKS.items()]
    legends.below(figure, [*legends.depths(colours), *steps, legends.guide("slope −1")], ncols=9)
    return figure
