"""W and its transpose, in the first gradient and later."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.yang2021slides.measured import distance_of_limits
from infwidth.plotting import guides, legends
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.lines import curves, points
from infwidth.plotting.style import DASHED, FULL, LIMIT, PAIR

_COPY = {"color": "0.55", "linewidth": 1.6, "linestyle": DASHED}


def gradient_independence(tables: Tables) -> Figure:
    """Outputs beside both limits, the overlap over steps, and the distance from both limits against width."""
    table = tables["transposed_weights"]
    widths = table.values("width")
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(FULL, 2.9))
    _draw_outputs(left, table)
    for layer, style in (("transpose", {}), ("copy", {"linestyle": DASHED})):
        rows = table.at(layer=layer).nets("overlap")
        curves(middle, rows.assign(value=rows.value.abs()), **style)
    for layer, colour, slope in (("transpose", PAIR[0], -0.5), ("copy", PAIR[1], 0.0)):
        rows = table.at(layer=layer).nets("deviation")
        points(right, rows, color=colour, linestyle="")
        if slope:
            guides.power_law(right, rows, slope=slope)
            guides.note(right, [(f"{guides.slope_text(rows)} (theory −1/2)", colour)])
    right.axhline(distance_of_limits(table), **_COPY, zorder=1)
    log_heights(right)
    width_axis(right, widths, "width n")
    left.set(title="outputs", xlabel="training step", ylabel="ξ f")
    middle.set(title="overlap of Wᵀd and x", xlabel="training step", ylabel="|cosine|", ylim=(0, None))
    right.set(title="distance from either limit", ylabel="rms over steps")
    handles = [
        *legends.widths(widths, symbol="n"),
        legends.limit("limit (blue: distance from it)"),
        legends.line("limit with a copy for Wᵀ (red)", **_COPY),
        legends.line("overlap of a copy", linestyle=DASHED),
    ]
    legends.below(figure, handles, ncols=5)
    return figure


def _draw_outputs(axes: Axes, table: Table) -> None:
    """Draw outputs times the sign of the input, which is that of the limit's output."""
    one, other = (
        table.at(width=max, layer=layer).limit("limit_output").set_index("step").value
        for layer in ("transpose", "copy")
    )
    sign = np.sign(one).replace(0.0, 1.0)
    rows = table.nets("output")
    curves(axes, rows.assign(value=rows.value * sign.reindex(rows.step).to_numpy()))
    axes.plot(other.index, other * sign, **_COPY)
    axes.plot(one.index, one * sign, **LIMIT)
