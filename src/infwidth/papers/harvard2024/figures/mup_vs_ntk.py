"""NTK against μP over widths: loss curves side by side, and what width changes at the end."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.harvard2024.panels import less_base
from infwidth.plotting import legends
from infwidth.plotting.axes import width_axis
from infwidth.plotting.lines import curves, points, single_nets
from infwidth.plotting.style import FULL, GUIDE, LABELS, LINE_STYLES, width_colours

_RULES = ("ntk", "mup")


def mup_vs_ntk(tables: Tables) -> Figure:
    """Test loss in NTK (left) and μP (middle); the final losses less that of the base width, by seed (right)."""
    table = tables["width_sweep"]
    widths = table.values("width")
    figure, (*both, right) = plt.subplots(1, 3, figsize=(FULL, 2.9), width_ratios=(4, 4, 3.6))
    both[1].sharey(both[0])
    for axes, rule in zip(both, _RULES, strict=True):
        losses = table.at(rule=rule).nets("test_loss")
        single_nets(axes, losses, linewidth=0.5, alpha=0.35)
        curves(axes, losses, band=False, linewidth=1.6, linestyle=LINE_STYLES[rule])
        axes.set(title=LABELS[rule], xlabel="training step", xlim=(0, table.last_step()))
    both[0].set_ylabel("test loss (cross-entropy)")
    both[1].tick_params(labelleft=False)
    differences = less_base(table)
    final = differences[differences.step == table.last_step()]
    for rule in _RULES:
        rows = final[final.rule == rule]
        points(right, rows, colours=width_colours(widths), linestyle=LINE_STYLES[rule])
    right.axhline(0, **GUIDE)
    width_axis(right, widths, "width N (channels)")
    right.set_title(f"after {table.last_step()} steps")
    right.set_ylabel("test loss, less that of\nthe base width, by seed")
    styles = [legends.line(LABELS[rule], linestyle=LINE_STYLES[rule]) for rule in _RULES]
    legends.below(figure, [*legends.widths(widths), *styles])
    return figure
