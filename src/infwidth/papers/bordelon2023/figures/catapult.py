"""Large learning rates: the edge of stability, and what fluctuates there."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.bordelon2023.panels import richness_colours
from infwidth.plotting import legends
from infwidth.plotting.axes import log_heights
from infwidth.plotting.lines import points
from infwidth.plotting.style import FULL, GUIDE, LIMIT


def catapult(tables: Tables) -> Figure:
    """The kernel in time, its value at the end, and N times its variance there."""
    table = tables["large_steps"].at(layer="kernel")
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(FULL, 2.9))
    whole = [gamma0 for gamma0 in table.values("gamma0") if gamma0 == round(gamma0)]
    for gamma0, colour in richness_colours(whole).items():
        rows = table.at(gamma0=gamma0).limit("order")
        left.plot(rows.step, rows.value * rows.lr / 2, color=colour, linewidth=1.2)
    left.axhline(1, **GUIDE)
    left.set(xlabel="step", title="η K/2 in the limit")
    _at_end(middle, table.at_end(), "order")
    _at_end(right, table.at_end(), "fluctuation")
    log_heights(right)
    right.set(title="N Var K at the end")
    colours = [legends.line(f"γ0 = {gamma0:g}", color=colour) for gamma0, colour in richness_colours(whole).items()]
    limits = [
        legends.line("nets", marker="o", linestyle=""),
        legends.limit("N = ∞, theory"),
        legends.guide("see caption"),
    ]
    legends.below(figure, [*colours, *limits], ncols=6)
    return figure


def _at_end(axes: Axes, table: Table, metric: str) -> None:
    nets, limit = table.nets(metric), table.limit(metric).sort_values("gamma0")
    scale = limit.lr.iloc[0]
    at = limit.gamma0 * scale
    if metric == "order":
        nets, limit = nets.assign(value=nets.value * scale / 2), limit.assign(value=limit.value * scale / 2)
        axes.plot(at, np.sqrt(scale**2 + at**2), **GUIDE)
        axes.axhline(1, **GUIDE)
        axes.set(title="η K/2 at the end")
    axes.plot(at, limit.value, **LIMIT)
    points(axes, nets.assign(edge=nets.gamma0 * scale), x="edge", linestyle="", markersize=4)
    axes.set_xlabel("γ0 η")
