"""Parametrization space: the five named points, placed by their exponents, and the gauges that join them."""

from fractions import Fraction

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from infwidth.analysis.claims import Tables
from infwidth.papers.karkada2024.measured import GAUGE_NAMES, VERTICES, at_richness, exponent_table
from infwidth.plotting.style import richness_colour

# From (richness, readout multiplier, read-in multiplier) to the page: an oblique projection with richness to the right.
_TO_PAGE = np.array([[9.0, 0.7], [-1.2, 2.6], [2.6, 2.0]])
_OFFSETS = {
    "NTP-lr": (-10, 8, "right"),
    "NTP": (-10, -14, "right"),
    "μP-lr": (0, 19, "center"),
    "μP": (10, 4, "left"),
    "MFP": (10, -12, "left"),
}


def gauges(tables: Tables) -> Figure:
    """The wedge between the edge r = 0 and the triangle r = 1/2; richness along the three gauges, gauges across."""
    exponents = exponent_table(tables["family"])
    places = {name: _point(exponents, *vertex) @ _TO_PAGE for name, vertex in VERTICES.items()}
    figure, axes = plt.subplots(figsize=(7.2, 4.4))
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
            axes.plot(*np.transpose([places[start], places[end]]), color=colour, linewidth=1.6, linestyle=(0, (3, 1.5)))
    for corners in (("NTP-lr", "NTP", "MFP", "μP-lr"), ("NTP", "μP", "MFP")):
        axes.fill(*np.transpose([places[name] for name in corners]), color="0.5", alpha=0.06, linewidth=0)
    axes.fill(
        *np.transpose([places[name] for name in ("μP-lr", "μP", "MFP")]),
        color=richness_colour("1/2"),
        alpha=0.2,
        linewidth=0,
    )
    for name in VERTICES:
        colour = richness_colour(VERTICES[name][0])
        axes.plot(*places[name], "o", color=colour, markersize=9, zorder=5)
        dx, dy, side = _OFFSETS[name]
        axes.annotate(name, places[name], (dx, dy), textcoords="offset points", ha=side, weight="bold", fontsize=11)
        axes.annotate(
            _multipliers(exponents, name),
            places[name],
            (dx, dy - 11),
            textcoords="offset points",
            ha=side,
            fontsize=7.5,
            color="0.3",
        )
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
        text,
        start + 0.55 * (end - start),
        (0, 6),
        textcoords="offset points",
        rotation=angle,
        rotation_mode="anchor",
        ha="center",
        fontsize=9,
    )


def _multipliers(exponents: pd.DataFrame, name: str) -> str:
    richness, gauge = VERTICES[name]
    g = at_richness(exponents, gauge, float(Fraction(richness))).g
    return "g = n^(" + ", ".join(str(Fraction(x)).replace("-", "−") for x in g) + ")"


def _label_faces(axes: Axes, places: dict[str, np.ndarray]) -> None:
    edge = (places["NTP-lr"] + places["NTP"]) / 2
    axes.annotate(
        "r = 0\nlazy\n\ngauge\ntransformation",
        edge,
        (-14, 0),
        textcoords="offset points",
        ha="right",
        va="center",
        color=richness_colour("0"),
        fontsize=9,
    )
    face = (places["μP-lr"] + places["μP"] + places["MFP"]) / 3
    axes.annotate(
        "r = ½, rich\ngauge\ntransformations",
        face,
        (0, 0),
        textcoords="offset points",
        ha="center",
        va="center",
        color="0.2",
        fontsize=8,
    )
    low = np.min(list(places.values()), axis=0)
    start, end = (places["NTP"][0], low[1] - 0.75), (places["MFP"][0], low[1] - 0.75)
    axes.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": "0.2"}, annotation_clip=False)
    axes.text(
        (start[0] + end[0]) / 2,
        low[1] - 0.95,
        "richness r: the one direction that changes training",
        ha="center",
        va="top",
    )
