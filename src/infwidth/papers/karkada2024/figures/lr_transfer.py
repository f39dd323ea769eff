"""Loss against learning rate for growing widths, in NTP and in μP, and the best rate against width."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.karkada2024.measured import CHANCE
from infwidth.plotting import legends
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.style import FULL, GUIDE, richness_colour
from infwidth.topics.lr_transfer import panels

_METRIC = "test_loss"
#: Above the loss of a net that says nothing.
_CEILING = 0.105

_ENDS = {"lr_sweep_ntp": ("NTP (r = 0)", 0.0), "lr_sweep_mup": ("μP (r = 1/2)", 0.5)}


def lr_transfer(tables: Tables) -> Figure:
    """Loss against rate at both ends of the scale, with each width's optimum; the optima against width (right)."""
    figure, (*sweeps, right) = plt.subplots(1, 3, figsize=(FULL, 3.0), width_ratios=[4, 4, 3.4])
    lowest, named = [], []
    for axes, (name, (title, richness)) in zip(sweeps, _ENDS.items(), strict=True):
        table, colour = tables[name], richness_colour(richness)
        optima = panels.sweep(axes, table, metric=_METRIC, symbol="n", chance=CHANCE)
        lowest.append(optima.loss.min())
        panels.best_rates(right, optima, color=colour, marker="o")
        named.append(legends.line(title, color=colour, marker="o"))
        axes.axhline(CHANCE, **GUIDE)
        axes.set_title(f"{title}\nlog₂ η*: {panels.moves(table, metric=_METRIC, chance=CHANCE)}")
        axes.set_yscale("log")
    sweeps[0].set_ylabel("test loss after one epoch\n(mean squared error)")
    for axes in sweeps:
        axes.set(ylim=(0.85 * min(lowest), _CEILING))
        log_heights(axes)
    right.set_yscale("log", base=2)
    widths = tables["lr_sweep_ntp"].values("width")
    width_axis(right, widths, "width n")
    right.set_title("best rate η*")
    legends.below(figure, [*legends.widths(widths, symbol="n"), *named], ncols=4)
    return figure
