"""Relative changes of weights and kernels against width."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.lee2019.measured import LAYERS
from infwidth.plotting import guides, legends
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.lines import points
from infwidth.plotting.style import FULL, PAIR

_SHAPES = {"h1": "o", "h2": "s", "h3": "D", "f": "^"}
#: Metric → what it is, its mark and theory's exponent.
_KERNELS = {
    "kernel_change": ("change in training", "o", -1.0),
    "kernel_distance": ("initial, from the limit", "s", -0.5),
}


def fig1(tables: Tables) -> Figure:
    """Weights of all layers (left), kernels (right)."""
    table = tables["relu"]
    figure, (weights, kernels) = plt.subplots(1, 2, figsize=(FULL, 3.0))
    notes = []
    for layer, (words, slope) in LAYERS.items():
        colour = PAIR[slope == -1.0]
        rows = table.at_end().at(layer=layer).nets("weight_change")
        points(weights, rows, color=colour, marker=_SHAPES[layer], linestyle="")
        guides.power_law(weights, rows, slope=slope)
        notes.append((f"{words} layer: {guides.slope_text(rows)}", colour))
    guides.note(weights, notes)
    notes = []
    for metric, (words, marker, slope) in _KERNELS.items():
        colour = PAIR[slope == -1.0]
        rows = table.nets(metric)
        points(kernels, rows, color=colour, marker=marker, linestyle="")
        guides.power_law(kernels, rows, slope=slope)
        notes.append((f"{words}: {guides.slope_text(rows)}", colour))
    guides.note(kernels, notes)
    for axes, room in ((weights, 6), (kernels, 2.5)):
        log_heights(axes)
        low, high = axes.get_ylim()
        axes.set_ylim(low / room, high)
        width_axis(axes, table.values("width"), "width n")
    weights.set(title="weights", ylabel="‖ΔW‖ / ‖W‖")
    kernels.set(title="tangent kernel", ylabel="relative to ‖Θ‖")
    of_slopes = [
        legends.line(f"theory: {words}", color=PAIR[i], marker="o", linestyle="")
        for i, words in enumerate(("1/√n", "1/n"))
    ]
    legends.below(figure, [*of_slopes, legends.guide("slopes of theory")])
    return figure
