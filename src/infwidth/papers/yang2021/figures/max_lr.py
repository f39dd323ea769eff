"""The largest learning rate that trains against width, and the linear threshold beside it."""

from typing import Any

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.yang2021.measured import MAX_LR
from infwidth.plotting import guides, legends
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.lines import points
from infwidth.plotting.style import FULL, LABELS, PAIR

#: Rule → theory's exponent of the largest rate in the width, and how it is drawn.
_RULES: dict[str, tuple[float, dict[str, Any]]] = {
    "sp": (-1.0, {"color": PAIR[1], "marker": "s"}),
    "mup": (0.0, {"color": PAIR[0], "marker": "o"}),
}
_OPEN = {"markerfacecolor": "white", "linewidth": 0.8, "markersize": 4}


def max_lr(tables: Tables) -> Figure:
    """The largest rate that trains and the linear threshold against width (left), and their ratio (right)."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(FULL, 3.1), width_ratios=(5, 3.4))
    named = []
    for rule, (slope, line) in _RULES.items():
        largest, threshold = (tables[MAX_LR[rule]].nets(name) for name in ("largest_rate", "linear_threshold"))
        for rows, how in ((largest, line), (threshold, line | _OPEN | {"markeredgecolor": line["color"]})):
            points(left, rows, **how)
            guides.power_law(left, rows, slope=slope)
        points(right, _ratio(largest, threshold), **line)
        named.append(legends.line(f"{LABELS[rule]}: {guides.slope_text(largest)}".removesuffix(": "), **line))
        of_kernel = f"2/λ, {LABELS[rule]}: {guides.slope_text(threshold)}".removesuffix(": ")
        named.append(legends.line(of_kernel, **line | _OPEN | {"markeredgecolor": line["color"]}))
    widths = tables["max_lr"].values("width")
    _finish(left, widths, "largest learning rate that trains η")
    _finish(right, widths, "η over 2/λ")
    legends.below(figure, [*named, legends.guide("slopes −1 and 0")], ncols=3)
    return figure


def _finish(axes: Axes, widths: list[int], label: str) -> None:
    log_heights(axes)
    width_axis(axes, widths, "width n")
    axes.set_ylabel(label)


def _ratio(largest: pd.DataFrame, threshold: pd.DataFrame) -> pd.DataFrame:
    both = largest.merge(threshold, on=["width", "seed"], suffixes=("", "_linear"))
    return both.assign(value=both.value / both.value_linear)
