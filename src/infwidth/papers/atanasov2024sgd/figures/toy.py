"""The toy model over richness and learning rate."""

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.atanasov2024sgd.measured import LAZY, RICH, TOY_INITIAL, grid, in_closed_form, toy_rates
from infwidth.papers.atanasov2024sgd.panels import LABELS, depth_marks, gamma_axis, guide, in_decades, rate_map
from infwidth.plotting import legends
from infwidth.plotting.style import DASHED, FULL, LIMIT, PAIR

#: Losses that have a colour, over that of f = 0.
_SHOWN = (1e-4, 1.0)


def toy(tables: Tables) -> Figure:
    """Maps of the final loss for both losses (left, middle), and largest rates beside the closed form (right)."""
    table = tables["toy"]
    figure, (*maps, right) = plt.subplots(1, 3, figsize=(FULL, 3.2))
    n_layers = table.values("n_layers")
    shown = n_layers[len(n_layers) // 2]
    for axes, (loss, label) in zip(maps, LABELS.items(), strict=True):
        _map(axes, table.at(loss=loss, n_layers=shown), loss)
        axes.set(title=f"{label}, L = {shown}")
    maps[0].set_ylabel("log₁₀ of the learning rate η")
    bar = figure.colorbar(maps[0].collections[0], ax=maps, location="bottom", shrink=0.6, aspect=40, pad=0.02)
    bar.outline.set_visible(False)
    bar.set_label("log₁₀ of the loss left, over that of f = 0", fontsize=7.5)
    _rates(right, table)
    marks = [legends.line(f"L = {depth}", linestyle="", **mark) for depth, mark in depth_marks(n_layers).items()]
    lines = [legends.limit("2/H, closed form"), legends.line("finite up to here", color=PAIR[1], linestyle=DASHED)]
    filled = [
        legends.line("squared errors", marker="o", linestyle=""),
        legends.line("cross-entropy", marker="o", linestyle="", markerfacecolor="white"),
    ]
    legends.below(figure, [*lines, *marks, *filled, legends.guide("slopes 2 and 2/L")], ncols=5)
    return figure


def _map(axes: Axes, table: Table, loss: str) -> None:
    rows = grid(table, "excess_loss", of="limit")
    scaled = (rows.value / TOY_INITIAL[loss]).clip(*_SHOWN)
    rate_map(axes, rows.assign(value=scaled), low=_SHOWN[0], high=_SHOWN[1])
    edge, bounded = in_decades(in_closed_form(table)), in_decades(toy_rates(table, "bounded"))
    axes.plot(edge.gamma0, edge.value, **LIMIT)
    axes.plot(bounded.gamma0, bounded.value, color=PAIR[1], linestyle=DASHED, linewidth=1)


def _rates(axes: Axes, table: Table) -> None:
    for loss in LABELS:
        for depth, mark in depth_marks(table.values("n_layers")).items():
            part = table.at(loss=loss, n_layers=depth)
            edge, found = in_decades(in_closed_form(part)), in_decades(toy_rates(part, "start"))
            axes.plot(edge.gamma0, edge.value, linewidth=0.8, color=mark["color"])
            look = mark | ({"markerfacecolor": "white"} if loss == "cross_entropy" else {})
            axes.plot(found.gamma0[::2], found.value[::2], linestyle="", markersize=3.5, **look)
            if loss == "mse":
                guide(axes, edge[edge.gamma0 <= LAZY], 2, above=-1)
                guide(axes, edge[edge.gamma0 >= RICH], 2 / depth, above=-0.6)
    gamma_axis(axes)
    axes.set(title="largest rate that converges")
