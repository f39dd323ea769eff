"""Train loss of MLPs against the learning rate over widths, in SP and in μP, and where the best rate goes."""

from typing import Any

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.yang2022.mlp_panels import mlp_sweep, share_heights
from infwidth.plotting import legends
from infwidth.plotting.axes import width_axis
from infwidth.plotting.style import FULL, GUIDE, LABELS, PAIR
from infwidth.topics.lr_transfer.panels import best_rates

_RULES: dict[str, tuple[str, dict[str, Any]]] = {
    "sp": ("mlp_sp", {"color": PAIR[1], "marker": "s"}),
    "mup": ("mlp_mup", {"color": PAIR[0], "marker": "o"}),
}


def fig3(tables: Tables) -> Figure:
    """Losses against rates in SP (left) and μP (middle), and the best rates of both against width (right)."""
    figure, (*sweeps, moved) = plt.subplots(1, 3, figsize=(FULL, 3.0), width_ratios=(5, 5, 3.6))
    optima = []
    for axes, (rule, (experiment, line)) in zip(sweeps, _RULES.items(), strict=True):
        optima.append(mlp_sweep(axes, tables[experiment], title=LABELS[rule]))
        best_rates(moved, optima[-1], **line)
    share_heights(sweeps, optima)
    sweeps[0].set_ylabel("train loss of the last epoch")
    sweeps[1].set_yticklabels([])
    if len(optima[0]):
        moved.axhline(optima[0].lr.iloc[0], **GUIDE)
    moved.set_yscale("log", base=2)
    moved.set_title("best rate η*")
    widths = tables["mlp_mup"].values("width")
    width_axis(moved, widths, "width n")
    rules = [legends.line(f"best rate, {LABELS[rule]}", **line) for rule, (_, line) in _RULES.items()]
    legends.below(figure, [*legends.widths(widths, symbol="n"), *rules])
    return figure
