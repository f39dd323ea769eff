"""Train loss of transformers against learning rate over widths, in SP and in μP."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.yang2022.sweeps import LOSS, of_rates
from infwidth.plotting import legends
from infwidth.plotting.axes import width_axis
from infwidth.plotting.style import FULL, LABELS, LINE_STYLES
from infwidth.topics.lr_transfer import panels

#: Rule, and colour and mark of its optima.
_RULES = (("sp", "0.55", "s"), ("mup", "0.2", "o"))


def fig1(tables: Tables) -> Figure:
    """Final losses against the rate for all widths under both rules, and the best rates against width."""
    table = tables["transformer_rates"]
    widths = table.values("width")
    figure, (*sides, right) = plt.subplots(1, 3, figsize=(FULL, 2.9), width_ratios=(4, 4, 3))
    for axes, (rule, colour, marker) in zip(sides, _RULES, strict=True):
        of_rule = of_rates(table.at(rule=rule))
        optima = panels.sweep(axes, of_rule, metric=LOSS)
        axes.set_title(f"{LABELS[rule]}\nlog₂ η*: {panels.moves(of_rule, metric=LOSS)}")
        panels.best_rates(right, optima, color=colour, marker=marker, linestyle=LINE_STYLES[rule], label=LABELS[rule])
    top = max(axes.get_ylim()[1] for axes in sides)
    for axes in sides:
        axes.set_ylim(0, top)
    sides[0].set_ylabel("final train loss (nats)")
    sides[1].set_yticklabels([])
    right.set_yscale("log", base=2)
    width_axis(right, widths)
    right.set(title="best learning rate", ylabel="η*")
    of_rules = [
        legends.line(LABELS[rule], color=colour, marker=marker, linestyle=LINE_STYLES[rule])
        for rule, colour, marker in _RULES
    ]
    legends.below(figure, [*legends.widths(widths), *of_rules])
    return figure
