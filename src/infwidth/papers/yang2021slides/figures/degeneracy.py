"""Parametrizations that differ by θ train alike."""

import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from infwidth.analysis.table import Tables
from infwidth.papers.yang2021slides.measured import NAMES
from infwidth.plotting import legends
from infwidth.plotting.style import FULL, GUIDE
from infwidth.plotting.text import fraction
from infwidth.topics.gauge_orbits.measures import difference_from_start, moved_by


def degeneracy(tables: Tables) -> Figure:
    """Outputs at all θ on top of each other, and their relative difference from θ = 0."""
    orbit, control = tables["gauge_orbit"], tables["forgotten_rate"]
    difference = difference_from_start(orbit, orbit)
    wrong = difference_from_start(control, orbit)
    thetas = moved_by(orbit)
    colours = dict(zip(thetas, sns.color_palette("Set2", len(thetas)), strict=True))
    rules = list(orbit.frame.rule.unique())
    figure, panels = plt.subplots(len(rules), 2, figsize=(FULL, 0.7 + 1.9 * len(rules)), sharex=True, squeeze=False)
    for rule, (left, right) in zip(rules, panels, strict=True):
        for i, theta in enumerate(("0", *thetas)):
            rows = orbit.at(rule=rule, theta=theta).nets("output")
            whole = {"color": "black", "linewidth": 2.4}
            dashed = {"linewidth": 1.2, "linestyle": (2 * i, (2, 2 * len(thetas) - 2)), "color": colours.get(theta)}
            outputs = rows.pivot(index="step", columns="index", values="value")
            left.plot(outputs, **(whole if theta == "0" else dashed))
        for theta, rows in difference[difference.rule == rule].groupby("theta"):
            right.plot(rows.step, rows.value, color=colours[str(theta)], linewidth=1.0)
        rows = wrong[(wrong.rule == rule) & (wrong.value > 0)]
        right.plot(rows.step, rows.value, **GUIDE)
        right.set_yscale("log")
        right.set(ylim=(1e-17, 10), ylabel="relative difference")
        left.set(ylabel=f"{NAMES[rule]}: outputs")
    for axes in panels[-1]:
        axes.set_xlabel("step")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    of_thetas = [legends.line(f"θ = {fraction(theta)}", color=colour) for theta, colour in colours.items()]
    start = legends.line("θ = 0", color="black", linewidth=2.4)
    legends.below(figure, [start, *of_thetas, legends.guide("c left where it was")], ncols=8)
    return figure
