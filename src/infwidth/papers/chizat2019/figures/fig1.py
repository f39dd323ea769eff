"""Ways of neurons, and the test loss over the scale of the start."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.chizat2019.measured import over_scales
from infwidth.plotting import legends
from infwidth.plotting.axes import log_heights
from infwidth.plotting.lines import curve
from infwidth.plotting.style import DASHED, FULL, PAIR


def fig1(tables: Tables) -> Figure:
    """Neurons from a small and from a large start; test losses."""
    figure, (*planes, losses) = plt.subplots(1, 3, figsize=(FULL, 2.7), width_ratios=(1, 1, 1.2))
    ways = tables["chizat_circle"]
    scales = sorted(over_scales(ways, "neuron_x").scale.unique())
    for axes, τ in zip(planes, scales, strict=True):
        _ways(axes, ways, float(τ))
    table = tables["chizat_scales"]
    for metric, linestyle in (("relative_risk", "-"), ("least_relative_risk", DASHED)):
        curve(
            losses, over_scales(table, metric), x="scale", color="0.25", linestyle=linestyle, marker="o", markersize=3.5
        )
    log_heights(losses)
    losses.set_xscale("log")
    losses.set(xlabel="scale τ of the start", ylabel="test loss")
    signs = [legends.line(f"a {sign} 0", color=colour) for sign, colour in zip("<>", PAIR, strict=True)]
    kinds = [legends.line("after training"), legends.line("least on the way", linestyle=DASHED)]
    legends.below(figure, [*signs, *kinds])
    return figure


def _ways(axes: Axes, table: Table, τ: float) -> None:
    x, y, sign = (
        table.at(layer=repr(τ)).nets(f"neuron_{name}").pivot(index="step", columns="index", values="value").to_numpy()
        for name in ("x", "y", "sign")
    )
    for number in range(x.shape[1]):
        colour = PAIR[int(sign[-1, number] > 0)]
        axes.plot(x[:, number], y[:, number], color=colour, linewidth=0.9)
        axes.plot(x[-1, number], y[-1, number], color=colour, marker="o", markersize=4)
    size = 1.1 * max(np.abs(x).max(), np.abs(y).max())
    teacher = [table.limit(f"teacher_{name}").value.to_numpy() for name in ("x", "y", "sign")]
    for to_x, to_y, of in zip(*teacher, strict=True):
        arrow = {"arrowstyle": "->", "color": PAIR[int(of > 0)], "linestyle": ":", "linewidth": 1.4}
        axes.annotate("", (0.85 * size * to_x, 0.85 * size * to_y), (0, 0), arrowprops=arrow)
    axes.set(xlim=(-size, size), ylim=(-size, size), aspect="equal", title=f"τ = {τ:g}", xlabel="|a| w / τ²")
