"""Which part of training each infinite-width limit sees, and what it says of a net's features."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from infwidth.analysis.distances import alignment
from infwidth.analysis.table import Tables
from infwidth.papers.msr2021.measured import moved_kernels, trained_kernel
from infwidth.plotting.maps import by_class, colour_bar, signed_map
from infwidth.plotting.style import DOTTED, FULL, LAZY, RICH

#: What happens in training, in order → whether it is at initialisation.
_EVENTS = {
    "forward\npass": True,
    "backward\npass": True,
    "update": False,
    "passes,\nupdates": False,
    "trained\nnet": False,
}
#: Limit → events from and to (exclusive), and its fill.
_LIMITS = {
    "NNGP": (0, 1, "#dcb3c6"),
    "NTK": (1, 2, "#c983a5"),
    "feature-learning limit": (0, len(_EVENTS), "#efb654"),
}
_PITCH = 1.75


def fig2(tables: Tables) -> Figure:
    """The course of training with what each limit covers (left); feature kernels before and after (right)."""
    figure = plt.figure(figsize=(FULL, 2.5))
    ((left, right),) = figure.subfigures(1, 2, width_ratios=(3.7, 3.5), squeeze=False)
    _draw_timeline(left.subplots())
    _draw_kernels(right, *moved_kernels(tables["dmft_limit"]), trained_kernel(tables["dmft_networks"]))
    return figure


def _draw_timeline(axes: Axes) -> None:
    axes.set_axis_off()
    axes.set(xlim=(-0.8, _PITCH * len(_EVENTS) - 0.8), ylim=(-4.1, 1.4))
    for number, (event, initial) in enumerate(_EVENTS.items()):
        x = _PITCH * number
        box = FancyBboxPatch((x - 0.6, -0.45), 1.2, 0.9, boxstyle="round,pad=0.06", ec="0.3", fc="white", linewidth=0.9)
        box.set_linestyle("-" if initial else (0, (3, 1.2)))
        axes.add_patch(box)
        axes.text(x, 0, event, ha="center", va="center", fontsize=7)
        if number:
            _draw_arrow(axes, (x - _PITCH + 0.68, 0), (x - 0.68, 0))
    edge = 1.5 * _PITCH
    axes.plot([edge, edge], [-4.0, 1.05], color="0.4", linewidth=0.9, linestyle=DOTTED, zorder=0)
    axes.text(edge - 0.15, 0.85, "at initialisation", ha="right", fontsize=7.5, color="0.3")
    axes.text(edge + 0.15, 0.85, "weights correlate with activations", ha="left", fontsize=7.5, color="0.3")
    for row, (limit, (start, stop, fill)) in enumerate(_LIMITS.items(), start=1):
        _draw_cover(axes, limit, _PITCH * start - 0.65, _PITCH * (stop - 1) + 0.65, -0.45 - 1.05 * row, fill)


def _draw_arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    axes.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=7, color="0.3", shrinkA=0, shrinkB=0))


def _draw_cover(axes: Axes, limit: str, start: float, end: float, y: float, fill: str) -> None:
    """Draw a bar under the events that a limit sees."""
    axes.add_patch(
        FancyBboxPatch(
            (start, y - 0.28), end - start, 0.56, boxstyle="round,pad=0.02", fc=fill, ec="0.3", linewidth=0.7
        )
    )
    axes.text((start + end) / 2, y, limit, ha="center", va="center", fontsize=8, weight="bold")


def _draw_kernels(figure: SubFigure, before: np.ndarray, after: np.ndarray, net: np.ndarray) -> None:
    """Draw the last layer's feature kernel in both kinds of limit and in a net, framed as the bars are."""
    panels = figure.subplots(1, 3)
    largest = float(max(np.abs(kernel).max() for kernel in (before, after, net)))
    of_panels = (
        (before, "NNGP, NTK:\nas at the start", LAZY),
        (after, "feature-learning\nlimit: trained", RICH),
        (net, "wide net,\ntrained", "0.3"),
    )
    for axes, (kernel, name, colour) in zip(panels, of_panels, strict=True):
        signed_map(axes, by_class(kernel), largest=largest)
        axes.set_title(name, fontsize=7.5)
        axes.spines[:].set(visible=True, color=colour, linewidth=1.5)
    panels[0].set_ylabel("example (by class)", fontsize=7.5)
    cosines = " and ".join(f"{alignment(net, of_limit):.3f}" for of_limit in (before, after))
    label = f"last layer's feature kernel\n(cosines of the net with the limits: {cosines})"
    colour_bar(list(panels), label=label, location="bottom", shrink=0.8, aspect=30, pad=0.03)
