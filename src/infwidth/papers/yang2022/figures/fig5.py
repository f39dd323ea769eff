"""What moves in the first steps of Adam, over widths."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.quantities import Exponent, nets
from infwidth.analysis.table import Tables
from infwidth.plotting import legends
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.lines import points
from infwidth.plotting.style import FULL, GUIDE, LABELS, ordered_colours
from infwidth.plotting.text import with_interval

_LAYERS = {"logits": "logits", "attention": "attention logits", "embeddings": "embeddings"}


def fig5(tables: Tables) -> Figure:
    """Changes of coordinates against width: SP (top) and μP (bottom), a column a layer."""
    table = tables["transformer_coordinates"]
    steps, widths = table.values("step"), table.values("width")
    colours = ordered_colours(steps)
    figure, rows = plt.subplots(2, len(_LAYERS), figsize=(FULL, 4.6), sharex=True, sharey="col")
    for row, rule in zip(rows, ("sp", "mup"), strict=True):
        for axes, (layer, noun) in zip(row, _LAYERS.items(), strict=True):
            first = 0.0
            for step in steps:
                changes = table.at(rule=rule, layer=layer, step=step).nets("coordinate_change")
                if changes.value.max() > 0:
                    points(axes, changes, color=colours[step])
                    first = first or changes[changes.width == widths[0]].value.mean()
            if rule == "sp" and layer != "embeddings":
                axes.plot(widths, [0.5 * first * width / widths[0] for width in widths], **GUIDE)
            slope = Exponent(
                "", nets("transformer_coordinates", "coordinate_change", rule=rule, layer=layer, step=max(steps))
            )
            axes.set_title(f"{LABELS[rule]}: {noun}\nslope at t = {max(steps)}: {with_interval(slope.measure(tables))}")
    for axes_of_layer in rows.T:
        for axes in axes_of_layer:
            axes.set(xlabel="", ylabel="")
            log_heights(axes)
            width_axis(axes, widths, label="")
    for axes in rows[1]:
        axes.set_xlabel("width N")
    for row in rows:
        row[0].set_ylabel("std of x_t − x_0")
    of_steps = [legends.line(f"t = {step}", color=colour, marker="o") for step, colour in colours.items()]
    legends.below(figure, [*of_steps, legends.guide("∝ N")])
    return figure
