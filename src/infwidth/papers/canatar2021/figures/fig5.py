"""Multiple descent: errors with noise for several bandwidths, and the shells in the phase diagram."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.limits.learning_curves import double_descent_noise, one_peak_noise
from infwidth.papers.canatar2021.measured import shell_noise, shell_ridges, with_noise
from infwidth.plotting import legends
from infwidth.plotting.axes import log_heights
from infwidth.plotting.style import DASHED, FULL, GUIDE, LIMIT, ordered_colours
from infwidth.topics.learning_curves.panels import dots, logarithmic, theory

_MARKS = {1: ("o", "degree 1"), 2: ("s", "degree 2")}


def fig5(tables: Tables) -> Figure:
    """Curves (left), phases (right)."""
    table = tables["descents"]
    figure, (left, right) = plt.subplots(1, 2, figsize=(FULL, 2.9), width_ratios=(1.4, 1))
    colours = ordered_colours(table.values("variance"))
    for variance, colour in colours.items():
        of = table.at(variance=variance)
        dots(left, with_noise(of.nets("signal_error"), of.nets("noise_gain")), colour)
        theory(left, with_noise(of.limit("signal_error"), of.limit("noise_gain")), color=colour)
    shells = shell_ridges(table)
    for count in shells.multiplicity.unique():
        left.axvline(count, **GUIDE)
    logarithmic(left, "error / power")
    ridge = np.geomspace(1e-3, 30, 80)
    right.plot(ridge, double_descent_noise(ridge), **LIMIT)
    right.plot(ridge, one_peak_noise(ridge), **(LIMIT | {"linestyle": DASHED}))
    for _, row in shells.iterrows():
        mark, _ = _MARKS[int(row["index"])]
        right.plot(row.ridge, shell_noise(int(row["index"])), mark, color=colours[row.variance], markersize=5)
    right.set_xscale("log")
    log_heights(right)
    right.set(xlabel="effective ridge λ̃ of the shell", ylabel="noise σ̃² of the shell", xlim=(1e-3, 30), ylim=(0.5, 60))
    words = [legends.line(f"variance {variance:g}", color=colour) for variance, colour in colours.items()]
    words += [legends.line(name, marker=mark, linestyle="") for mark, name in _MARKS.values()]
    legends.below(figure, words)
    return figure
