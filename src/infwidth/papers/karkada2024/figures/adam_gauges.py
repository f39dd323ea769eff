"""The gauges of Adam."""

import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from infwidth.analysis.table import Tables
from infwidth.plotting import legends
from infwidth.plotting.style import DASHED, HALF
from infwidth.plotting.text import fraction
from infwidth.topics.gauge_orbits.measures import difference_from_start, moved_by


def adam_gauges(tables: Tables) -> Figure:
    """Difference of outputs from those at θ = 0, with Adam's own gauge change and with that of SGD."""
    orbit = tables["adam_orbit"]
    sides = ((difference_from_start(orbit, orbit), "-"), (difference_from_start(tables["adam_as_sgd"], orbit), DASHED))
    thetas = moved_by(orbit)
    colours = dict(zip(thetas, sns.color_palette("colorblind", len(thetas)), strict=True))
    figure, axes = plt.subplots(figsize=(HALF, 2.9))
    for differences, style in sides:
        for theta, rows in differences.groupby("theta"):
            seen = rows[rows.value > 0]
            axes.plot(seen.step, seen.value, color=colours[str(theta)], linestyle=style)
    axes.set_yscale("log")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(ylim=(1e-17, 100), xlabel="training step", ylabel="relative difference of outputs")
    of_thetas = [legends.line(f"θ = {fraction(theta)}", color=colour) for theta, colour in colours.items()]
    kinds = [legends.line("c − θ (Adam's)"), legends.line("c − 2θ (SGD's)", linestyle=DASHED)]
    legends.below(figure, [*of_thetas, *kinds], ncols=3)
    return figure
