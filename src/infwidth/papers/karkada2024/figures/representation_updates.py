"""How far one step moves the representation."""

from fractions import Fraction

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.claims import Tables
from infwidth.papers.karkada2024.measured import PANELS, RICHNESS_NAMES, at_panel
from infwidth.plotting.axes import log_heights
from infwidth.plotting.shapes import errors_against_width
from infwidth.plotting.style import LIMIT, richness_colour


def representation_updates(tables: Tables) -> Figure:
    """Relative update, output scale and gradient against width at three richnesses, with their limits in black."""
    measured, limit = tables["one_step"], tables["one_step_limit"]
    figure, all_axes = plt.subplots(1, len(PANELS), figsize=(8.4, 3.1))
    for axes, panel in zip(all_axes, PANELS, strict=True):
        for richness in sorted(measured.richness.unique(), key=Fraction):
            rows = at_panel(measured[measured.richness == richness], panel)
            errors_against_width(
                axes,
                rows,
                color=richness_colour(richness),
                linestyle="",
                marker="o",
                label=RICHNESS_NAMES.get(richness, f"r = {richness}"),
            )
            _draw_limit(axes, limit[limit.richness == richness], panel.metric, panel.layer, rows.width)
        axes.set_xscale("log", base=2)
        log_heights(axes)
        axes.set_xlabel("width n")
        axes.set_title(panel.title)
        axes.set_ylabel(panel.label)
    all_axes[0].legend(loc="upper right", bbox_to_anchor=(1.0, 0.9))
    (line,) = all_axes[-1].plot([], [], **LIMIT, label="exact limit")  # an entry for the black lines of all panels
    all_axes[-1].legend(handles=[line], loc="lower left")
    return figure


def _draw_limit(axes: plt.Axes, limit: pd.DataFrame, metric: str, layer: str, widths: pd.Series) -> None:
    rows = limit[limit.layer == layer].set_index("metric").value
    n = np.array(sorted(widths.unique()), float)
    axes.plot(n, rows[f"{metric}_prefactor"] * n ** rows[f"{metric}_exponent"], **LIMIT, zorder=1)
