"""Five parametrizations, two bundles; weight decay tells gauges apart unless it moves with them."""

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.karkada2024.measured import largest_difference
from infwidth.papers.karkada2024.panels import first_steps_axis, five_curves, five_handles
from infwidth.plotting import legends
from infwidth.plotting.axes import log_heights
from infwidth.plotting.style import DASHED, FULL, richness_colour

_NAMES = {"0": "within the lazy bundle", "1/2": "within the rich bundle"}
#: Exact equality, on a logarithmic axis.
_LOWEST = 2e-17


def gauge_equivalence(tables: Tables) -> Figure:
    """Test loss in the five parametrizations (left), and the largest difference within a bundle (right)."""
    curves, decayed = tables["gauge_curves"], tables["weight_decay"]
    figure, (left, right) = plt.subplots(1, 2, figsize=(FULL, 3.1))
    five_curves(left, curves, "test_loss")
    log_heights(left)
    left.set_ylabel("test loss (mean squared error)")
    left.legend(handles=five_handles(curves), loc="lower left")
    for richness, rows in largest_difference(curves, ["richness"]).groupby("richness"):
        _draw_residual(right, rows, _NAMES[str(richness)], color=richness_colour(str(richness)))
    by_transform = largest_difference(decayed, ["transform_weight_decay"]).groupby("transform_weight_decay")
    for transformed, rows in by_transform:
        name, linestyle = ("transformed", "-") if transformed else ("the same for all", DASHED)
        _draw_residual(right, rows, f"weight decay λ {name}", color="0.45", linestyle=linestyle)
    right.axhline(np.finfo(float).eps, color="0.3", linewidth=0.8, linestyle=":")
    right.annotate("machine precision", (0, np.finfo(float).eps), (3, 4), textcoords="offset points", fontsize=7)
    first_steps_axis(right)
    right.set_yscale("log")
    right.set(ylim=(1e-17, 1e2), ylabel="largest relative difference\nbetween gauges")
    legends.inside(right, right.get_legend_handles_labels()[0], "center right")
    return figure


def _draw_residual(axes: Axes, rows: pd.DataFrame, name: str, **line: object) -> None:
    axes.plot(rows.step, rows.value.clip(lower=_LOWEST), label=name, **line)  # type: ignore[arg-type]
