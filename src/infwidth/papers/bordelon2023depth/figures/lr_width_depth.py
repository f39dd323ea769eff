"""Loss against learning rate over widths and depths, in SP, μP and μP with branches 1/√L."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.bordelon2023depth.measured import CHANCE, LOSS
from infwidth.papers.bordelon2023depth.panels import relative_rates
from infwidth.plotting import legends
from infwidth.plotting.style import DASHED, DOTTED, FULL, LAZY, RICH
from infwidth.topics.lr_transfer.sheets import over_rates

_COLOURS = {"sp": "0.35", "mup": LAZY, "scaled": RICH}
_TITLES = {"sp": "SP", "mup": "μP", "scaled": "μP with 1/√L"}
_LINES = {
    "widths": ("width", {"marker": "o", "linestyle": DOTTED}),
    "depths": ("n_blocks", {"marker": "s", "linestyle": DASHED}),
}


def lr_width_depth(tables: Tables) -> Figure:
    """Draw sweeps over widths (top) and depths (bottom), and how the best rates move."""
    figure, ((a, b, best), below) = plt.subplots(2, 3, figsize=(FULL, 5.0))
    of_widths = [(tables[f"{rule}_widths"], f"{_TITLES[rule]}, growing width") for rule in ("sp", "scaled")]
    over_rates([a, b], of_widths, metric=LOSS, chance=CHANCE, axis="width")
    of_depths = [(tables[f"{rule}_depths"], f"{_TITLES[rule]}, growing depth") for rule in _TITLES]
    over_rates(list(below), of_depths, metric=LOSS, chance=CHANCE)
    moves = [
        (table, axis, {"color": colour, **line})
        for name, (axis, line) in _LINES.items()
        for rule, colour in _COLOURS.items()
        if (table := tables.get(f"{rule}_{name}")) is not None
    ]
    relative_rates(best, moves, over="width or depth", lowest=2.0**-8)
    handles = [
        *legends.widths(tables["scaled_widths"].values("width")),
        *legends.depths(tables["scaled_depths"].values("n_blocks")),
        *(legends.line(f"best rate, {title}", color=_COLOURS[rule]) for rule, title in _TITLES.items()),
        *(legends.line(f"over {name}", **line) for name, (_, line) in _LINES.items()),
    ]
    legends.below(figure, handles, ncols=5)
    return figure
