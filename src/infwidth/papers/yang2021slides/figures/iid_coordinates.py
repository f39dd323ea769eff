"""The law of neurons of trained nets and of the infinite net."""

import numpy as np
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.yang2021slides.measured import distances_of_neurons
from infwidth.plotting import guides, legends
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.lines import points
from infwidth.plotting.style import FULL, LIMIT, width_colours


def iid_coordinates(tables: Tables) -> Figure:
    """The distribution of neurons at one image, and its distance from the infinite net's against width."""
    nets, limit = tables["two_limits"].at(rule="mup"), tables["mup_limit"].at(metric="preactivation")
    widths = nets.values("width")
    colours = width_colours(widths)
    figure, (left, right) = plt.subplots(1, 2, figsize=(FULL, 3.0), width_ratios=(1.2, 1))
    neurons = nets.nets("preactivation")
    for width in (widths[0], widths[len(widths) // 2], widths[-1]):
        sns.ecdfplot(neurons[neurons.width == width].value, ax=left, color=colours[int(width)], linewidth=1.8)
    before, after = (limit.at(step=step).limit("preactivation").value for step in (min, max))
    sns.ecdfplot(before, ax=left, color="0.6", linewidth=1.1)
    sns.ecdfplot(after, ax=left, **LIMIT)
    from_limit, from_start = distances_of_neurons(tables, "limit"), distances_of_neurons(tables, "initial")
    points(right, from_start, color="0.55", linestyle="", marker="s", markeredgecolor="0.55", fillstyle="none")
    points(right, from_limit, colours=colours, linestyle="")
    guides.power_law(right, from_limit, slope=-0.5)
    guides.note(right, [(f"{guides.slope_text(from_limit)} (theory −1/2)", "0.35")])
    log_heights(right)
    width_axis(right, widths, "width n")
    span = np.quantile(after, (0.002, 0.998))
    left.set(xlabel="preactivation of the last hidden layer", ylabel="share of neurons below", xlim=span)
    right.set(ylabel="distance of one net (KS)")
    handles = [
        *legends.widths(widths, symbol="n", marker="o"),
        legends.limit("n → ∞"),
        legends.line("n → ∞ before training, and the distance from it", color="0.6", marker="s", fillstyle="none"),
    ]
    legends.below(figure, handles, ncols=5)
    return figure
