"""The desiderata, measured at the first step."""

from typing import Any

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.karkada2024.measured import DESIDERATA, RICHNESS_NAMES, RICHNESSES, Desideratum
from infwidth.plotting import guides, legends
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.lines import points
from infwidth.plotting.style import FULL, richness_colour

_CONTROL: dict[str, Any] = {"color": "0.5", "marker": "x", "markeredgecolor": "0.5", "linestyle": "", "markersize": 4}


def desiderata(tables: Tables) -> Figure:
    """What each desideratum wants to be of order one, against width, and the two controls that break one each."""
    table = tables["richness_step"]
    figure, row = plt.subplots(1, len(DESIDERATA), figsize=(FULL, 2.7))
    for axes, wanted in zip(row, DESIDERATA, strict=True):
        for i, richness in enumerate(RICHNESSES):
            rows = wanted.rows(table.at(richness=richness))
            beside = rows.assign(width=rows.width * 1.12 ** (i - 1))  # the three lie on each other
            points(axes, beside, color=richness_colour(richness), linestyle="", markersize=4.5)
        axes.set(title=wanted.title)
    _draw_control(row[1], tables["standard_step"], DESIDERATA[1], slope=1.0, text="control: n")
    _draw_control(
        row[3], tables["slow_hidden"].at(richness="1/4"), DESIDERATA[3], slope=-0.5, text="control: $n^{-1/2}$"
    )
    for axes in row:
        log_heights(axes)
        width_axis(axes, table.values("width"), "width n")
    for axes, label in zip(row, ("rms of h₂", "ΔL / L", "∂L/∂h₂·Δh₂ / L", "‖ΔW₂x₁‖ / ‖Δh₂‖"), strict=True):
        axes.set_ylabel(label)
    row[0].set_ylim(0.2, 2)
    row[2].set_ylim(0.01, 0.1)
    of_richness = [
        legends.line(RICHNESS_NAMES[r], color=richness_colour(r), marker="o", linestyle="") for r in RICHNESSES
    ]
    legends.below(figure, [*of_richness, legends.line("control", **_CONTROL), legends.guide("theory of the control")])
    return figure


def _draw_control(axes: Axes, table: Table, wanted: Desideratum, *, slope: float, text: str) -> None:
    rows = wanted.rows(table)
    points(axes, rows, **_CONTROL)
    guides.power_law(axes, rows, slope=slope)
    guides.note(axes, [(text, "0.35")], corner="lower right" if slope > 0 else "lower left")
