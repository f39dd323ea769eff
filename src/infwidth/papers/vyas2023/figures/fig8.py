"""Online against offline training."""

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.claims import Tables
from infwidth.papers.vyas2023.measured import narrowest_behind_widest
from infwidth.plotting.axes import step_axis
from infwidth.plotting.shapes import curve_with_band
from infwidth.plotting.style import DASHED
from infwidth.plotting.widths import loss_curves

_STREAMS = {"vision_online": ("online", "#4477aa", "-"), "vision_offline": ("offline", "#cc6677", DASHED)}


def fig8(tables: Tables) -> Figure:
    """Test loss online (left) and offline (middle); log of the narrowest nets' over the widest's (right)."""
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(7.2, 2.7))
    loss_curves({name: tables[experiment] for experiment, (name, *_) in _STREAMS.items()}, (left, middle))
    _share_heights(left, middle)
    for experiment, (name, colour, linestyle) in _STREAMS.items():
        gap = narrowest_behind_widest(tables[experiment]).dropna()
        curve_with_band(right, gap[gap.step >= 1], x="step", color=colour, linestyle=linestyle, label=name)
    right.axhline(0, color="0.4", linewidth=0.8)
    step_axis(right)
    widths = tables["vision_online"].width
    right.set_ylabel(f"log(loss at N = {widths.min()} / at {widths.max()})")
    right.set_title("narrowest behind widest")
    right.legend(loc="upper left")
    return figure


def _share_heights(*panels: Axes) -> None:
    limits = [axes.get_ylim() for axes in panels]
    for axes in panels:
        axes.set_ylim(min(low for low, _ in limits), max(high for _, high in limits))
