"""Axes that many figures share; call these when all is drawn, since means are drawn on linear axes."""

import math
from collections.abc import Iterable

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from infwidth.plotting.text import number


def step_axis(axes: Axes) -> None:
    """Make the horizontal axis training steps, from the first one on a logarithmic scale."""
    axes.set_xscale("log")
    axes.set_xlabel("training step")


def width_axis(axes: Axes, widths: Iterable[float], label: str = "width N") -> None:
    """Make the horizontal axis widths, a tick each, every other one where they are many."""
    ordered = sorted({int(width) for width in widths})
    axes.set_xscale("log", base=2)
    crowded = len(ordered) > 5
    axes.set_xticks(ordered, ["" if crowded and i % 2 else str(width) for i, width in enumerate(ordered)])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel(label)


def log_heights(axes: Axes) -> None:
    """Make the vertical axis logarithmic, with ticks to read even within one decade."""
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0,) if high > 50 * low else (1.0, 2.0, 3.0, 5.0)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _tick(value)))
    axes.yaxis.set_minor_locator(NullLocator())


def _tick(value: float) -> str:
    """Return 0.002, 20 or 10⁻⁵."""
    if value <= 0 or 1e-3 <= value < 1e4:
        return f"{value:g}"
    decade = math.floor(math.log10(value) + 1e-9)
    factor = value / 10**decade
    return f"${'' if math.isclose(factor, 1) else number(factor, 0) + '·'}10^{{{decade}}}$"
