"""Ridge regression: double and multiple descent, power laws, and generalised cross validation."""

import numpy as np
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.statistics import slope_of_means
from infwidth.analysis.table import Table, Tables
from infwidth.papers.atanasov2024.panels import beside_theory, data_axis
from infwidth.plotting import guides, legends
from infwidth.plotting.axes import log_heights
from infwidth.plotting.style import FULL, GUIDE, PAIR
from infwidth.plotting.text import with_interval

_NOISE = 0.25


def linear_regression(tables: Tables) -> Figure:
    """Learning curves of three spectra, and what the training set alone says of the first."""
    figure, ((white, gapped), (power, gcv)) = plt.subplots(2, 2, figsize=(FULL, 4.7))
    isotropic = tables["isotropic"]
    colours = _ridge_colours(isotropic)
    _white(white, isotropic, colours)
    _gapped(gapped, tables["gapped"])
    _power(power, tables["structured"])
    _cross_validation(gcv, isotropic, colours)
    white.set_ylabel("test error")
    power.set_ylabel("test error")
    marks = [legends.line("drawn data", marker="o", linestyle=""), legends.line("deterministic equivalent")]
    legends.below(figure, [*marks, legends.guide("slope −2αr; equality")], ncols=3)
    return figure


def _ridge_colours(table: Table) -> dict[float, tuple[float, float, float]]:
    ridges = table.values("ridge")
    return dict(zip(ridges, sns.color_palette("flare", len(ridges)), strict=True))


def _white(axes: Axes, table: Table, colours: dict[float, tuple[float, float, float]]) -> None:
    D = table.values("dimension")[0]
    for ridge, colour in colours.items():
        of = table.at(ridge=ridge)
        beside_theory(axes, of.nets("test"), of.limit("test"), colour, unit=D)
    data_axis(axes, "P/D")
    log_heights(axes)
    axes.set_title(f"isotropic, D = {D}")
    legends.inside(
        axes, [legends.line(f"λ = {ridge:g}", color=colour) for ridge, colour in colours.items()], "upper right"
    )


def _gapped(axes: Axes, table: Table) -> None:
    beside_theory(axes, table.nets("test"), table.limit("test"), PAIR[0])
    data_axis(axes, "number of data P")
    log_heights(axes)
    axes.set_title(f"three plateaus, D = {table.values('dimension')[0]}")


def _power(axes: Axes, table: Table) -> None:
    lines = []
    for ridge, colour in zip(table.values("ridge"), PAIR, strict=False):
        of = table.at(ridge=ridge)
        rows = of.nets("test")
        beside_theory(axes, rows, of.limit("test"), colour)
        slope = ""
        if ridge == min(table.values("ridge")):
            guides.power_law(axes, rows, slope=-2.4, x="index")
            slope = (
                f", slope {with_interval(slope_of_means(rows, x='index', log_y=True))}"
                if rows["index"].nunique() > 2
                else ""
            )
        lines.append(legends.line(f"λ = {ridge:g}{slope}", color=colour))
    data_axis(axes, "number of data P")
    log_heights(axes)
    axes.set_title("power law, α = 2, r = 0.6")
    legends.inside(axes, lines, "lower left")


def _cross_validation(axes: Axes, table: Table, colours: dict[float, tuple[float, float, float]]) -> None:
    ends = []
    for ridge, colour in colours.items():
        gcv, test = (table.at(ridge=ridge).nets(m).groupby("index").value.mean() for m in ("gcv", "test"))
        axes.plot(test + _NOISE, gcv, "o", color=colour, markersize=4, markeredgecolor="white", markeredgewidth=0.5)
        ends += [*gcv, *(test + _NOISE)]
    span = np.array([min(ends) / 1.1, max(ends) * 1.1])
    axes.plot(span, span, zorder=1, **GUIDE)
    data_axis(axes, "test error with noise")
    log_heights(axes)
    axes.set(title="cross validation, isotropic", ylabel="GCV, of training data")
