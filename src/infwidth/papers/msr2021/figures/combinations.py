"""Sizes of W x for initial weights and their change, of vector-like and of matrix-like parameters."""

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.msr2021.combinations import LAYERS
from infwidth.plotting import guides, legends
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.lines import points
from infwidth.plotting.style import DASHED, FULL

#: Layer → colour: vector-like ones in the warm, the matrix-like one in the cold.
_COLOURS = {"h1": "#dd8452", "h2": "#4c72b0", "f": "#b04a7a"}
#: Initial weights and their change.
_MARKS = {"initial": "o", "update": "s"}
#: Exponent of the size of W x by rule and kind, layer by layer.
_SIZES = {
    "initial": {"mup": (0.0, 0.0, -0.5), "ntk": (0.0, 0.0, 0.0)},
    "update": {"mup": (0.0, 0.0, 0.0), "ntk": (-0.5, -0.5, 0.0)},
}


def combinations(tables: Tables) -> Figure:
    """Relative products with their slopes, and the sizes of W x themselves in μP and in NTP."""
    table = tables["combinations"]
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(FULL, 3.0), width_ratios=(1.25, 1, 1))
    _draw_products(left, table.at(rule="mup"))
    for axes, (kind, words) in zip((middle, right), _TITLES.items(), strict=True):
        _draw_sizes(axes, table, kind)
        axes.set(title=words, ylabel="rms of W x")
    for axes in (left, middle, right):
        log_heights(axes)
        width_axis(axes, table.values("width"), "width n")
    left.set(title="product over its factors", ylabel="rms of W x / (rms of W · rms of x)")
    of_layers = [legends.line(words, color=_COLOURS[layer]) for layer, (words, *_) in LAYERS.items()]
    of_kinds = [
        legends.line(word, marker=mark, linestyle="") for word, mark in zip(_KINDS, _MARKS.values(), strict=True)
    ]
    of_rules = [legends.line("μP"), legends.line("NTP", linestyle=DASHED), legends.guide("theory")]
    legends.below(figure, [*of_layers, *of_kinds, *of_rules], ncols=4)
    return figure


_TITLES = {"initial": "initial weights", "update": "their change"}
_KINDS = ("W = initial weights", "W = their change")


def _draw_products(axes: Axes, table: Table) -> None:
    for kind, marker in _MARKS.items():
        for layer, (_, *powers) in LAYERS.items():
            rows = table.at(layer=layer).nets(f"{kind}_product")
            points(axes, rows, color=_COLOURS[layer], marker=marker, linestyle="")
            guides.power_law(axes, rows, slope=powers[kind == "update"])


def _draw_sizes(axes: Axes, table: Table, kind: str) -> None:
    for rule, powers in _SIZES[kind].items():
        for layer, power in zip(LAYERS, powers, strict=True):
            rows = table.at(rule=rule, layer=layer).nets(f"{kind}_size")
            style = DASHED if rule == "ntk" else "-"
            points(axes, rows, color=_COLOURS[layer], marker=_MARKS[kind], linestyle=style, markersize=4)
            guides.power_law(axes, rows, slope=power)
