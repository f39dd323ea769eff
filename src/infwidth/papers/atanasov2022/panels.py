"""What the figures share: a colour for every output scale, and the axis of examples."""

from collections.abc import Iterable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from infwidth.plotting import legends
from infwidth.plotting.style import Colour, richness_colour


def alpha_colours(alphas: Iterable[float]) -> dict[float, Colour]:
    """Return the colour of every output scale α: amber where it is small and nets are rich, rose where lazy."""
    ordered = sorted(set(alphas))
    places = np.linspace(0.5, 0.0, len(ordered))
    return {alpha: richness_colour(float(place)) for alpha, place in zip(ordered, places, strict=True)}


def alphas(of: Iterable[float]) -> list[Line2D]:
    """Return what a legend says of the colours of output scales."""
    return [legends.line(f"α = {alpha:g}", color=colour) for alpha, colour in alpha_colours(of).items()]


def sample_axis(axes: Axes) -> None:
    """Make the horizontal axis numbers of examples."""
    log_lengths(axes, "examples P")


def log_lengths(axes: Axes, label: str) -> None:
    """Make the horizontal axis logarithmic, with plain numbers, two a decade where there are few decades."""
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 3.0) if high < 200 * low else (1.0,)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel(label)
