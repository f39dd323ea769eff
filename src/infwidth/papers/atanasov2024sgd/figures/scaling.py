"""The largest and the best learning rate against richness."""

from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.atanasov2024sgd.measured import INITIAL, largest, lazy, losses_at_best, optima, rich
from infwidth.papers.atanasov2024sgd.panels import LABELS, depth_marks, gamma_axis, guide, in_decades
from infwidth.plotting import guides, legends
from infwidth.plotting.axes import log_heights
from infwidth.plotting.lines import points
from infwidth.plotting.style import FULL
from infwidth.topics.lr_transfer.panels import best_rates


def scaling(tables: Tables) -> Figure:
    """Rates against γ for both losses (top), and the loss at the best rate (bottom), a colour and a mark a depth."""
    table = tables["sweep"]
    figure, panels = plt.subplots(2, 2, figsize=(FULL, 5.0), height_ratios=(2, 1), sharex=True)
    marks = depth_marks([hidden + 1 for hidden in table.values("n_hidden")])
    for (top, bottom), (loss, label) in zip(panels.T, LABELS.items(), strict=True):
        texts = []
        for n_layers, mark in marks.items():
            part = table.at(loss=loss, n_hidden=n_layers - 1)
            texts.append((_largest(top, part, n_layers, 2 if loss == "mse" else 1, mark), mark["color"]))
            hollow = {"linestyle": "", "markerfacecolor": "white", "markeredgecolor": mark["color"]}
            best = optima(part, loss)
            decades = {name: np.log10(best[name]) for name in ("lr", "low", "high")}
            best_rates(top, best.assign(edge="", **decades), axis="gamma0", **mark | hollow)  # here all are open
            losses = losses_at_best(part)
            points(bottom, losses.assign(value=losses.value / INITIAL[loss]), x="gamma0", **mark | {"markersize": 3.5})
        guides.note(top, [("slopes of the largest rate", "0.35"), *texts], corner="upper left")
        log_heights(bottom)
        gamma_axis(bottom)
        top.set(title=label, xscale="log")
    panels[0, 0].set_ylabel("log₁₀ of the learning rate η")
    panels[1, 0].set_ylabel("best loss / initial")
    depths = [legends.line(f"L = {n_layers}", **mark) for n_layers, mark in marks.items()]
    best_mark = {"marker": "o", "markerfacecolor": "white", "linestyle": ""}
    kinds = [legends.line("largest rate that trains", marker="o"), legends.line("best rate", **best_mark)]
    legends.below(figure, [*depths, *kinds, legends.guide("theory's slopes")])
    return figure


def _largest(axes: Axes, table: Table, n_layers: int, lazy_slope: float, mark: dict[str, Any]) -> str:
    """Draw the largest rates of one depth, and return their slopes."""
    upper = largest(table)
    points(axes, in_decades(upper), x="gamma0", **mark | {"markersize": 4})
    texts = []
    for name, rows, slope in (("lazy", lazy(upper), lazy_slope), ("rich", rich(upper), 2 / n_layers)):
        if rows.gamma0.nunique() > 2:
            guide(axes, in_decades(rows), slope, above=0.4)
            texts.append(f"{name} {guides.slope_text(rows, x='gamma0').removeprefix('slope ')}")
    return f"L = {n_layers}: " + ", ".join(texts)
