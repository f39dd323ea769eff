"""Root mean squares of the layers of linear residual nets over widths beside the exact limit."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.yang2023.measured import SHOWN, layer_errors
from infwidth.plotting import guides, legends
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.lines import curves, points
from infwidth.plotting.style import FULL, LIMIT, width_colours


def fig8(tables: Tables) -> Figure:
    """Draw rms against the layer at three steps, and the error of all layers against the width."""
    nets, limit = tables["deep_linear_nets"], tables["deep_linear_limit"]
    figure, (*panels, errors) = plt.subplots(1, 4, figsize=(FULL, 2.5))
    for axes, step in zip(panels, SHOWN, strict=True):
        curves(axes, nets.at(step=step).nets("rms"), x="index", linewidth=1)
        exact = limit.at(step=step).limit("rms")
        axes.plot(exact["index"], exact.value, **LIMIT)
        axes.set(xlabel="layer l", title=f"t = {step}")
        axes.sharey(panels[0])
    panels[0].set_ylabel("root mean square of $x^l_t$")
    rows = layer_errors(tables)
    points(errors, rows, linestyle="", colours=width_colours(rows.width))
    guides.power_law(errors, rows, slope=-0.5)
    log_heights(errors)
    width_axis(errors, rows.width, "width n")
    errors.set_title(guides.slope_text(rows) or "all layers")
    errors.set_ylabel("relative error of sizes")
    legends.below(
        figure,
        [*legends.widths(rows.width, symbol="n"), legends.limit("n = ∞ (exact)"), legends.guide("slope −1/2")],
    )
    return figure
