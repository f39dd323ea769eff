"""The π-limit of growing rank beside the μP limit, and π-nets of growing rank beside ordinary nets."""

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.yang2022pi.measured import of_infinite_rank, of_random_vectors, shares
from infwidth.plotting import guides, legends
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.lines import points
from infwidth.plotting.style import FULL, GUIDE, LIMIT, PAIR, width_colours

_COLOURS = {"relu": PAIR[1], "linear": PAIR[0]}
_NAMES = {"relu": "ReLU", "linear": "linear"}


def mup_limit(tables: Tables) -> Figure:
    """Distance from the μP limit against rank (left), and from the ordinary net against r/n (right)."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(FULL, 3.0))
    _ranks(left, tables["ranks"])
    _shares(right, tables["projection"])
    nets = [legends.line(_NAMES[name], color=colour, marker="o") for name, colour in _COLOURS.items()]
    widths = legends.widths(tables["projection"].values("width"), symbol="n", marker="o")
    theory = [legends.limit("ReLU, infinite rank"), legends.guide("theory")]
    legends.below(figure, [*nets, *theory, *widths], ncols=7)
    return figure


def _ranks(axes: Axes, table: Table) -> None:
    for name, colour in _COLOURS.items():
        rows = of_random_vectors(table, name)
        points(axes, rows, x="rank", color=colour)
        if name == "linear":
            guides.power_law(axes, rows, slope=-0.5, x="rank")
            text = guides.slope_text(rows, x="rank")
    axes.axhline(of_infinite_rank(table).value.mean(), **LIMIT)
    log_heights(axes)
    width_axis(axes, of_random_vectors(table, "linear")["rank"], "rank r")
    axes.set(title="n = ∞", ylabel="distance from the μP limit")
    guides.note(axes, [(text, _COLOURS["linear"])], corner="lower left")


def _shares(axes: Axes, table: Table) -> None:
    rows = shares(table)
    for width, colour in width_colours(rows.width).items():
        points(axes, rows[rows.width == width], x="share", color=colour)
    start = rows[rows.width == rows.width.max()]
    highest = start[start["index"] == start["index"].min()]
    axes.plot([highest.share.mean(), 1], [highest.value.mean(), 0], zorder=1, **GUIDE)
    axes.set(title="finite width, ReLU", xlabel="r/n", ylabel="distance from the ordinary net", ylim=(0, None))
