"""The best momentum over widths, in SP and in μP."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.harvard2024.measured import by_momentum
from infwidth.plotting import legends
from infwidth.plotting.axes import width_axis
from infwidth.plotting.style import FULL, LABELS, LINE_STYLES
from infwidth.topics.lr_transfer import panels

_FACTOR = "1 / (1 − momentum)"

#: Rule, and colour and mark of its optima.
_RULES = (("sp", "0.55", "s"), ("mup", "0.2", "o"))


def momentum_transfer(tables: Tables) -> Figure:
    """Final losses against 1/(1 − momentum) for all widths under both rules, and the optima against width."""
    table = tables["momentum_sweep"]
    widths = table.values("width")
    figure, (*sides, right) = plt.subplots(1, 3, figsize=(FULL, 2.9))
    for axes, (rule, colour, marker) in zip(sides, _RULES, strict=True):
        of_rule = by_momentum(table, rule)
        optima = panels.sweep(axes, of_rule, metric="train_loss")
        axes.set(title=f"{LABELS[rule]}\n{panels.moves(of_rule, metric='train_loss')}", xlabel=_FACTOR)
        panels.best_rates(right, optima, color=colour, marker=marker, linestyle=LINE_STYLES[rule], label=LABELS[rule])
    highest = max(axes.get_ylim()[1] for axes in sides)
    for axes in sides:
        axes.set_ylim(0, min(highest, 2.5))
    sides[0].set_ylabel("final train loss (cross-entropy)")
    right.set_yscale("log", base=2)
    right.set_ylim(1, 2**4.2)
    width_axis(right, widths)
    right.set(title="best momentum", ylabel=_FACTOR)
    of_rules = [
        legends.line(LABELS[rule], color=colour, marker=marker, linestyle=LINE_STYLES[rule])
        for rule, colour, marker in _RULES
    ]
    legends.below(figure, [*legends.widths(widths), *of_rules])
    return figure
