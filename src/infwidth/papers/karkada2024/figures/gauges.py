"""Parametrization space: the five named points, placed by their exponents, and the gauges that join them."""

from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.karkada2024.measured import GAUGE_NAMES, VERTICES, at_richness, exponent_table
from infwidth.plotting.style import DASHED, FULL, richness_colour
from infwidth.plotting.text import fraction, power

# From (richness, readout multiplier, read-in multiplier) to the page: an oblique projection with richness to the right.
_TO_PAGE = np.array([[9.0, 0.7], [-1.2, 2.6], [2.6, 2.0]])
_OFFSETS = {
    "NTP-lr": (-10, 8, "right"),
    "NTP": (-10, -14, "right"),
    "μP-lr": (0, 19, "center"),
    "μP": (10, 4, "left"),
    "MFP": (10, -12, "left"),
}
_NAME: dict[str, Any] = {"weight": "bold", "fontsize": 10.5}
_SMALL: dict[str, Any] = {"fontsize": 8, "color": "0.3"}


def gauges(tables: Tables) -> Figure:
    """The wedge between the edge r = 0 and the triangle r = 1/2; richness along the three gauges, gauges across."""
    exponents = exponent_table(tables["family"])
    places = {name: _point(exponents, *vertex) @ _TO_PAGE for name, vertex in VERTICES.items()}
    figure, axes = plt.subplots(figsize=(FULL, 4.2))
    axes.set_axis_off()
    axes.set_aspect("equal")
    for start, end, gauge in (
        ("NTP-lr", "μP-lr", "stp"),
        ("NTP", "μP", "mup_gauge"),
        ("NTP", "MFP", "rescaling_gauge"),
    ):
        _gradient_line(axes, places[start], places[end])
        _along(axes, places[start], places[end], GAUGE_NAMES[gauge])
    for colour, edges in (
        (richness_colour("0"), [("NTP-lr", "NTP")]),
        (richness_colour("1/2"), [("μP-lr", "μP"), ("μP", "MFP"), ("MFP", "μP-lr")]),
    ):
        for start, end in edges:
            axes.plot(*np.transpose([places[start], places[end]]), color=colour, linewidth=1.6, linestyle=DASHED)
    for corners in (("NTP-lr", "NTP", "MFP", "μP-lr"), ("NTP", "μP", "MFP")):
        axes.fill(*np.transpose([places[name] for name in corners]), color="0.5", alpha=0.06, linewidth=0)
    axes.fill(
        *np.transpose([places[name] for name in ("μP-lr", "μP", "MFP")]),
        color=richness_colour("1/2"),
        alpha=0.2,
        linewidth=0,
    )
    for name, (dx, dy, side) in _OFFSETS.items():
        axes.plot(*places[name], "o", color=richness_colour(VERTICES[name][0]), markersize=9, zorder=5)
        for text, below, font in ((name, 0, _NAME), (_multipliers(exponents, name), 13, _SMALL)):
            axes.annotate(text, places[name], (dx, dy - below), textcoords="offset points", ha=side, **font)
    _label_faces(axes, places)
    axes.margins(0.16, 0.14)
    return figure


def _point(exponents: pd.DataFrame, richness: str, gauge: str) -> np.ndarray:
    g = at_richness(exponents, gauge, float(Fraction(richness))).g
    return np.array([float(Fraction(richness)), g["W3"], g["W1"]])


def _gradient_line(axes: Axes, start: np.ndarray, end: np.ndarray) -> None:
    t = np.linspace(0, 1, 60)
    path = start + t[:, None] * (end - start)
    segments = np.stack([path[:-1], path[1:]], axis=1)
    axes.add_collection(
        LineCollection(list(segments), colors=[richness_colour(x / 2) for x in t[:-1]], linewidth=3.2, zorder=4)
    )


def _along(axes: Axes, start: np.ndarray, end: np.ndarray, text: str) -> None:
    angle = float(np.degrees(np.arctan2(*(end - start)[::-1])))
    axes.annotate(
        text, start + 0.55 * (end - start), (0, 6), textcoords="offset points", rotation=angle,
        rotation_mode="anchor", ha="center",
    )  # fmt: skip


def _multipliers(exponents: pd.DataFrame, name: str) -> str:
    """Return the multipliers g of the three layers as powers of n."""
    richness, gauge = VERTICES[name]
    g = at_richness(exponents, gauge, float(Fraction(richness))).g
    return "g = " + ", ".join("1" if x == 0 else power("n", fraction(x)) for x in g)


def _label_faces(axes: Axes, places: dict[str, np.ndarray]) -> None:
    edge = (places["NTP-lr"] + places["NTP"]) / 2
    axes.annotate(
        "r = 0: lazy,\none gauge\ntransformation", edge, (-14, 0), textcoords="offset points", ha="right", va="center",
        color=richness_colour("0"), fontsize=8.5,
    )  # fmt: skip
    side = tuple(0.45 * places["μP"] + 0.55 * places["MFP"])
    axes.annotate(
        "r = 1/2: rich,\ngauge\ntransformations", side, (10, 0), textcoords="offset points", ha="left", va="center",
        color="0.2", fontsize=8.5,
    )  # fmt: skip
    low = min(y for _, y in places.values()) - 0.85
    start, end = (places["NTP"][0], low), (places["MFP"][0], low)
    axes.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": "0.2"}, annotation_clip=False)
    axes.text(
        (start[0] + end[0]) / 2, low - 0.2, "richness r: the one direction that changes training", ha="center", va="top"
    )
