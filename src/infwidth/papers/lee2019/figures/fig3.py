"""A net beside its linearization, and their distance over time and width."""

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.plotting import guides, legends
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.lines import curves, points
from infwidth.plotting.style import DASHED, FULL, PAIR, width_colours

_LINEAR = {"color": "black", "linewidth": 1.0, "linestyle": DASHED}
_TRAIN, _TEST = PAIR
#: Table → its mark and words.
_ACTIVATIONS = {"relu": ("o", "ReLU"), "tanh": ("s", "tanh")}


def fig3(tables: Tables) -> Figure:
    """Outputs, weights and losses of one wide net (top); distances from the linearization (bottom)."""
    table = tables["relu"]
    widest = table.at(width=max)
    (colour,) = width_colours(widest.values("width")).values()
    figure = plt.figure(figsize=(FULL, 5.0))
    (top,), (bottom,) = figure.subfigures(2, 1, height_ratios=(1, 1.1), squeeze=False)
    outputs, weights, losses = top.subplots(1, 3)
    net = widest.at(seed=0)
    _both(outputs, net, "output", colour)
    _both(weights, net.at(layer=("", "h2")), "weight", colour)
    outputs.set(title="outputs at test images", xlabel="step")
    weights.set(title="changes of four weights", xlabel="step")
    for metric, own in (("loss", _TRAIN), ("test_loss", _TEST)):
        _both(losses, net, metric, own)
    losses.set(title="losses", xlabel="step", ylim=(0, None))
    over_time, over_width = bottom.subplots(1, 2)
    rows = table.nets("distance")
    curves(over_time, rows[rows.step > 0])
    log_heights(over_time)
    over_time.set_ylim(bottom=rows[rows.step > 0].groupby(["width", "step"]).value.mean().min() / 2)
    over_time.set(xlabel="step", ylabel="rms difference on test images", title="ReLU nets less their linearization")
    _rates(over_width, tables)
    of_widths = legends.widths(table.values("width"), symbol="n")
    lines = [
        legends.line("linearization", **_LINEAR),
        legends.line("train", color=_TRAIN),
        legends.line("test", color=_TEST),
        *(legends.line(words, marker=mark, linestyle="") for mark, words in _ACTIVATIONS.values()),
        legends.guide("slopes −1/2, −1"),
    ]
    legends.below(figure, [*of_widths, *lines], ncols=5)
    return figure


def _both(axes: Axes, net: Table, metric: str, colour: object) -> None:
    """Draw a metric of the net, and its linearization's on top, a line an index."""
    for name, line in ((metric, {"color": colour, "linewidth": 1.8}), (f"linear_{metric}", _LINEAR)):
        for _, rows in net.nets(name).groupby("index"):
            axes.plot(rows.step, rows.value, **line)


def _rates(axes: Axes, tables: Tables) -> None:
    notes = []
    for name, (marker, words) in _ACTIVATIONS.items():
        rows = tables[name].at_end().nets("distance")
        points(axes, rows, marker=marker, linestyle="")
        for slope in (-0.5, -1.0):
            guides.power_law(axes, rows, slope=slope)
        notes.append((f"{words}: {guides.slope_text(rows)}", "0.3"))
    log_heights(axes)
    low, high = axes.get_ylim()
    axes.set_ylim(low / 2, high)
    guides.note(axes, notes)
    width_axis(axes, tables["relu"].values("width"), "width n")
    axes.set_title("at the end of training")
