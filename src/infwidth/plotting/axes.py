"""Axes that many figures share: training steps, widths, and heights on a logarithmic scale."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator


def step_axis(axes: Axes) -> None:
    """Make the horizontal axis training steps, from the first one on a logarithmic scale."""
    axes.set_xscale("log")
    axes.set_xlabel("training step")


def width_axis(axes: Axes, widths: Sequence[int]) -> None:
    """Make the horizontal axis widths, a tick each."""
    axes.set_xscale("log", base=2)
    axes.set_xticks(sorted(set(widths)), [str(width) for width in sorted(set(widths))])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("width N")


def log_heights(axes: Axes) -> None:
    """Make the vertical axis logarithmic, with ticks to read even within one decade; call it when all is drawn."""
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0,) if high > 50 * low else (1.0, 2.0, 3.0, 5.0)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_locator(NullLocator())
