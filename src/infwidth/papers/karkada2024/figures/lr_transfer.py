"""Loss against learning rate for growing widths, in NTP and in μP, and the best rate against width."""

from fractions import Fraction

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.plotting import legends
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.style import FULL, richness_colour
from infwidth.topics.lr_transfer import panels

_METRIC = "test_loss"
#: Above the loss 0.1 of a net that says nothing.
_CEILING = 0.13

_TITLES = {"0": "NTP (r = 0)", "1/2": "μP (r = 1/2)"}


def lr_transfer(tables: Tables) -> Figure:
    """Loss against rate at both ends of the scale, with each width's optimum; the optima against width (right)."""
    table = tables["lr_sweep"]
    richnesses = sorted(table.values("richness"), key=Fraction)
    figure, (*sweeps, right) = plt.subplots(
        1, len(richnesses) + 1, figsize=(FULL, 3.0), width_ratios=[*[4] * len(richnesses), 3.4]
    )
    lowest = []
    for axes, richness in zip(sweeps, richnesses, strict=True):
        of_richness = table.at(richness=richness)
        optima = panels.sweep(axes, of_richness, metric=_METRIC, symbol="n")
        lowest.append(optima.loss.min())
        panels.best_rates(right, optima, color=richness_colour(richness), marker="o")
        axes.set_title(f"{_TITLES[richness]}\nlog₂ η*: {panels.moves(of_richness, metric=_METRIC)}")
        axes.set_yscale("log")
    sweeps[0].set_ylabel("test loss after one epoch\n(mean squared error)")
    slow, *_, fast = table.values("lr")
    for axes in sweeps:
        axes.set(ylim=(0.8 * min(lowest), _CEILING), xlim=(slow / 1.4, fast * 1.4))
        log_heights(axes)
    right.set_yscale("log", base=2)
    width_axis(right, table.values("width"), "width n")
    right.set_title("best rate η*")
    named = [legends.line(_TITLES[r], color=richness_colour(r), marker="o") for r in richnesses]
    legends.below(figure, [*legends.widths(table.values("width"), symbol="n"), *named])
    return figure
