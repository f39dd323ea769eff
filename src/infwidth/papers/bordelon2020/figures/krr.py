"""Kernel regression on the sphere: whole errors at several ridges, and errors of degrees."""

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.bordelon2020.panels import DEGREES
from infwidth.plotting import legends
from infwidth.plotting.style import FULL, ordered_colours
from infwidth.topics.learning_curves.panels import dots, logarithmic, theory


def krr(tables: Tables) -> Figure:
    """Whole error (left), errors of degrees at the smallest and the largest ridge."""
    table = tables["krr"]
    figure, axes = plt.subplots(1, 3, figsize=(FULL, 2.6))
    ridges = ordered_colours(table.values("ridge"))
    for ridge, colour in ridges.items():
        rows = table.at(ridge=ridge)
        dots(axes[0], rows.nets("signal_error"), colour)
        theory(axes[0], rows.limit("signal_error"), color=colour)
    logarithmic(axes[0], "error / power")
    axes[0].set_title("all degrees")
    for panel, which in zip(axes[1:], (min, max), strict=True):
        _degrees(panel, table.at(ridge=which))
        panel.set_title(f"coefficients of degrees, λ = {which(ridges):g}", fontsize=8)
        panel.sharey(axes[1])
    words = [legends.line(f"λ = {ridge:g}", color=colour) for ridge, colour in ridges.items()]
    words += [legends.line(f"degree {k}", color=colour) for k, colour in enumerate(DEGREES)]
    legends.below(figure, words)
    return figure


def _degrees(axes: Axes, table: Table) -> None:
    curves, sets = table.limit("shell_by_place"), table.nets("shell_by_place")
    for k, colour in enumerate(DEGREES):
        dots(axes, sets[sets["index"] == k], colour)
        theory(axes, curves[curves["index"] == k], color=colour)
    logarithmic(axes, "")
