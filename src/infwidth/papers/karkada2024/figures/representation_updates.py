"""How far one step moves the representation."""

from fractions import Fraction

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.karkada2024.measured import PANELS, RICHNESS_NAMES, Panel, at_panel
from infwidth.plotting import legends
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.lines import points
from infwidth.plotting.style import FULL, LIMIT, richness_colour


def representation_updates(tables: Tables) -> Figure:
    """Relative update, output scale and gradient against width at three richnesses, with their limits in black."""
    measured = tables["one_step"]
    richnesses = sorted(measured.values("richness"), key=Fraction)
    figure, row = plt.subplots(1, len(PANELS), figsize=(FULL, 2.8))
    for axes, panel in zip(row, PANELS, strict=True):
        for richness in richnesses:
            rows = at_panel(measured.at(richness=richness), panel)
            points(axes, rows, color=richness_colour(richness), linestyle="", markersize=6)
            _draw_limit(axes, tables["one_step_limit"].at(richness=richness), panel, rows.width)
        log_heights(axes)
        width_axis(axes, measured.values("width"), "width n")
        axes.set(title=panel.title, ylabel=panel.label)
    of_richness = [
        legends.line(RICHNESS_NAMES.get(r, f"r = {r}"), color=richness_colour(r), marker="o", linestyle="")
        for r in richnesses
    ]
    legends.below(figure, [*of_richness, legends.limit("exact limit, n → ∞")])
    return figure


def _draw_limit(axes: Axes, limit: Table, panel: Panel, widths: pd.Series) -> None:
    of_metric = limit.at(layer=panel.layer).limit(f"{panel.metric}_prefactor", f"{panel.metric}_exponent")
    rows = of_metric.set_index("metric").value
    n = np.array(sorted(widths.unique()), float)
    axes.plot(n, rows[f"{panel.metric}_prefactor"] * n ** rows[f"{panel.metric}_exponent"], **LIMIT, zorder=1)
