"""NTK against μP over widths: loss curves, and the final loss against width."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from infwidth.analysis.claims import Tables
from infwidth.plotting.axes import width_axis
from infwidth.plotting.shapes import curve_with_band, errors_against_width
from infwidth.plotting.style import LABELS, LINE_STYLES, width_colours


def _test_loss(tables: Tables) -> pd.DataFrame:
    table = tables["width_sweep"]
    return table[(table.metric == "test_loss") & (table.seed >= 0)]


def _draw_curves(axes: Axes, loss: pd.DataFrame, rules: list[str]) -> None:
    colours, base = width_colours(loss.width.unique().tolist()), loss.width.min()
    for rule in rules:
        for width in colours:
            group = loss[(loss.rule == rule) & (loss.width == width)]
            if width == base and rule != rules[-1]:
                continue  # at the base width the rules are one net; drawn once, solid
            solid = LINE_STYLES["mup"] if width == base else LINE_STYLES[rule]
            curve_with_band(axes, group, x="step", color=colours[width], linestyle=solid)
    axes.set_xlim(0, loss.step.max())
    axes.set_xlabel("training step")
    axes.set_ylabel("test loss (cross-entropy)")


def _width_legend(axes: Axes, loss: pd.DataFrame, extra: list[Line2D]) -> None:
    colours, base = width_colours(loss.width.unique().tolist()), loss.width.min()
    handles = [
        Line2D([], [], color=colour, label=f"N = {width}" + (" (base)" if width == base else ""))
        for width, colour in colours.items()
    ]
    axes.legend(handles=handles + extra, loc="lower left")


def ntk_vs_width(tables: Tables) -> Figure:
    """Test loss against steps: base width solid, its NTK continuations dashed (post, first figure on width)."""
    loss = _test_loss(tables)
    figure, axes = plt.subplots(figsize=(4.4, 3.3))
    _draw_curves(axes, loss, ["ntk"])
    _width_legend(axes, loss, [Line2D([], [], color="0.3", linestyle=LINE_STYLES["ntk"], label=LABELS["ntk"])])
    return figure


def mup_vs_ntk(tables: Tables) -> Figure:
    """The same with the μP continuations solid, and the final losses against width (post, second figure on width)."""
    loss = _test_loss(tables)
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.2, 3.3), width_ratios=(3, 2))
    _draw_curves(left, loss, ["ntk", "mup"])
    lines = [Line2D([], [], color="0.3", linestyle=LINE_STYLES[rule], label=LABELS[rule]) for rule in ("mup", "ntk")]
    _width_legend(left, loss, lines)
    final = loss[loss.step == loss.step.max()]
    for rule in ("mup", "ntk"):
        errors_against_width(
            right, final[final.rule == rule], color="0.25", linestyle=LINE_STYLES[rule], label=LABELS[rule]
        )
    width_axis(right, final.width.unique().tolist())
    right.set_xlabel("width N (channels)")
    right.set_ylabel(f"test loss after {loss.step.max()} steps")
    right.legend()
    return figure
