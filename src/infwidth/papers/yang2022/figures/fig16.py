"""ResNets over widths in SP and in μP: learning rates, output multipliers, and what a tuned rate is worth when wide."""

from typing import Any

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import NotTestableError, Table, Tables
from infwidth.papers.yang2022.panels import size_colours
from infwidth.papers.yang2022.resnets import SWEPT, transferred
from infwidth.papers.yang2022.sweeps import by_setting
from infwidth.plotting import legends
from infwidth.plotting.axes import width_axis
from infwidth.plotting.lines import curve
from infwidth.plotting.style import FULL, GUIDE, LABELS, LINE_STYLES
from infwidth.topics.lr_transfer import panels

#: Rule, and colour and mark of its optima.
_RULES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("sp", {"color": "0.55", "marker": "s", "linestyle": LINE_STYLES["sp"]}),
    ("mup", {"color": "0.2", "marker": "o", "linestyle": LINE_STYLES["mup"]}),
)
_NAMES = {"lr": ("learning rate η", "η*"), "output_multiplier": ("output multiplier α", "α*")}


def fig16(tables: Tables) -> Figure:
    """Top: losses against the rate, and best rates; bottom: against the output multiplier, and test accuracies."""
    table = tables["resnets"]
    widths, rules = table.values("width"), table.values("rule")
    figure, (top, bottom) = plt.subplots(2, 3, figsize=(FULL, 5.0), width_ratios=(4, 4, 3))
    for row, name in ((top, "lr"), (bottom, "output_multiplier")):
        for axes, (rule, line) in zip(row, _RULES, strict=False):
            axes.set_title(LABELS[rule])
            if rule in rules:
                optima = _sweep(axes, table.at(rule=rule), name, LABELS[rule])
                if name == "lr":
                    panels.best_rates(top[2], optima, **line)
        row[0].set_ylabel("final train loss (nats)")
        row[1].set_yticklabels([])
    top[2].set_yscale("log", base=2)
    top[2].set(title="best learning rate η*")
    _accuracies(bottom[2], table)
    bottom[2].set(title="test accuracy\nat the base net's η*", ylim=(0, 1))
    for axes in (top[2], bottom[2]):
        width_axis(axes, widths)
    of_rules = [legends.line(LABELS[rule], **line) for rule, line in _RULES]
    of_widths = [legends.line(f"N = {width}", color=colour) for width, colour in size_colours(widths).items()]
    legends.below(figure, [*of_widths, *of_rules])
    return figure


def _accuracies(axes: Axes, table: Table) -> None:
    """Draw test accuracies at the base net's best rate, or say that it has none."""
    try:
        accuracies = transferred(table)
    except NotTestableError:
        axes.text(0.5, 0.5, "the base net trains\nat no rate", transform=axes.transAxes, ha="center", fontsize=7)
        return
    for rule, line in _RULES:
        curve(axes, accuracies[accuracies["rule"] == rule], x="width", **line)


def _sweep(axes: Axes, nets: Table, name: str, title: str) -> Any:
    """Draw mean final losses against a hyperparameter, a colour a width, each with its optimum; return these.

    Widths are those of one panel: so few channels have one colour in the palette of all figures.
    """
    label, star = _NAMES[name]
    swept = by_setting(nets, name)
    optima = panels.sweep(axes, swept, palette=size_colours, **SWEPT)
    axes.axhline(SWEPT["chance"], **GUIDE)
    by = panels.moves(swept, **SWEPT)
    axes.set(title=f"{title}\nlog₂ {star}: {by}", xlabel=label, ylabel="", ylim=(0, 1.1 * SWEPT["chance"]))
    return optima
