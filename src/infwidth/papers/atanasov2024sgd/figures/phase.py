"""The triangle of richness and learning rate in which nets train."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.atanasov2024sgd.measured import INITIAL, grid, largest, lazy, least, rich
from infwidth.papers.atanasov2024sgd.panels import LABELS, guide, in_decades, rate_map
from infwidth.plotting import legends
from infwidth.plotting.lines import points
from infwidth.plotting.style import DASHED, FULL, PAIR

#: Colours are of losses from a tenth of the initial one to that one.
_LOW, _HIGH = 0.1, 1.0


def phase(tables: Tables) -> Figure:
    """Maps of the final online loss over γ and η, with the largest and the least rate, for both losses."""
    figure, panels = plt.subplots(1, 2, figsize=(FULL, 3.6))
    for axes, (loss, label) in zip(panels, LABELS.items(), strict=True):
        table = tables["sweep"].at(loss=loss, n_hidden=max)
        mesh = _map(axes, table, loss)
        axes.set(title=f"{label}, {int(table.values('n_hidden')[0]) + 1} layers")
    panels[0].set_ylabel("log₁₀ of the learning rate η")
    bar = figure.colorbar(mesh, ax=list(panels), aspect=30, ticks=np.log10([0.1, 0.2, 0.5, 1.0]))
    bar.ax.set_yticklabels(["0.1", "0.2", "0.5", "1"])
    bar.outline.set_visible(False)
    bar.set_label("online loss at the end, over that of f = 0", fontsize=8)
    lines = [
        legends.line("largest rate that trains", color=PAIR[1], marker="o", markersize=3.5),
        legends.line("least rate that learns", color="0.15", linestyle=DASHED),
        legends.guide("theory's slopes"),
    ]
    legends.below(figure, lines)
    return figure


def _map(axes: Axes, table: Table, loss: str) -> QuadMesh:
    rows = grid(table)
    mesh = rate_map(axes, rows.assign(value=(rows.value / INITIAL[loss]).clip(_LOW, _HIGH)), low=_LOW, high=_HIGH)
    window = {"xlim": axes.get_xlim(), "ylim": axes.get_ylim()}
    upper, lower = in_decades(largest(table)), in_decades(least(table, INITIAL[loss]))
    points(axes, upper, x="gamma0", color=PAIR[1], markersize=3.5)
    axes.plot(lower.groupby("gamma0").value.mean(), color="0.15", linestyle=DASHED, linewidth=1.1)
    n_layers = table.values("n_hidden")[0] + 1
    guide(axes, lazy(upper), 2 if loss == "mse" else 1, above=0.6)
    guide(axes, rich(upper), 2 / n_layers, above=0.6)
    guide(axes, lazy(lower), 2, above=-0.6)
    guide(axes, rich(lower), 1, above=-0.6)
    axes.set(xlabel="richness γ", **window)
    return mesh
