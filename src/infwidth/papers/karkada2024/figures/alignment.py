"""Why the scale holds: alignment of the readout, bounded gradients, output scale as richness."""

from fractions import Fraction
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.claims import Tables
from infwidth.papers.karkada2024.measured import (
    PANELS,
    RICHNESS_NAMES,
    at_panel,
    gradient_growth,
    nets,
    rescaled_against_rich,
    rescaled_limit,
)
from infwidth.plotting.axes import log_heights
from infwidth.plotting.shapes import errors_against_width, guide
from infwidth.plotting.style import LIMIT, richness_colour

_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")


def alignment(tables: Tables) -> Figure:
    """Alignment ratio (left), growth of gradients (middle), update against output scale (right)."""
    table = tables["few_steps"]
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(10.0, 3.4))
    richnesses = sorted(table.richness.unique(), key=Fraction)
    first = table[table.step == 1]
    growth = gradient_growth(table)
    for marker, richness in zip(_MARKERS, richnesses, strict=False):
        line: dict[str, Any] = {
            "color": richness_colour(richness),
            "marker": marker,
            "linewidth": 1,
            "label": RICHNESS_NAMES.get(richness, f"r = {richness}".replace("-", "−")),
        }
        rows = nets(first, "alignment", "readout")
        errors_against_width(left, rows[rows.richness == richness], linestyle="-", **line)
        grown = growth[(growth.richness == richness) & np.isfinite(growth.value)]
        errors_against_width(middle, grown, linestyle="-", **line)
    random = nets(first, "alignment_random", "readout")
    random = random[random.richness == "0"]
    errors_against_width(left, random, color="0.5", marker=".", linestyle=":", label="random change")
    widths = np.array(sorted(random.width.unique()), float)
    guide(left, widths, exponent=-0.5, at=0.8 * random[random.width == widths[0]].value.mean(), label="$n^{-1/2}$")
    left.set_ylabel("‖W₃Δz₂‖ / (‖W₃‖ ‖Δz₂‖), one step")
    left.set_title("alignment of the readout")
    middle.set_ylabel("largest ‖∂ℓ/∂h₂‖ after a step / initial")
    middle.set_title("gradients")
    for axes in (left, middle):
        axes.set_xscale("log", base=2)
        axes.set_xlabel("width n")
    left.set_ymargin(0.1)
    log_heights(left)
    middle.set_yscale("log")
    _draw_rescaling(right, tables)
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=min(len(handles), 6))
    return figure


def _draw_rescaling(axes: plt.Axes, tables: Tables) -> None:
    rescaled = at_panel(tables["output_rescaling"], PANELS[0])
    errors_against_width(
        axes,
        rescaled,
        x="gamma0",
        color="#4477aa",
        marker="o",
        linestyle="-",
        linewidth=1,
        label="output / γ, rates · γ²",
    )
    gamma = np.geomspace(rescaled.gamma0.min(), rescaled.gamma0.max(), 100)
    axes.plot(gamma, rescaled_limit(tables["one_step_limit"], gamma), **LIMIT, label="exact limit", zorder=1)
    pairs = rescaled_against_rich(tables["output_rescaling"], tables["one_step"])
    for richness, rows in pairs.groupby("richness"):
        at = rows.gamma0.iloc[0]
        axes.plot([at], [rows.rich.mean()], "o", markersize=11, fillstyle="none", color="black")
        axes.annotate(
            f"r = {richness}", (at, rows.rich.mean()), (-8, 8), textcoords="offset points", ha="right", fontsize=8
        )
    axes.plot([], [], "o", markersize=9, fillstyle="none", color="black", label="richness r at γ = n^r")
    axes.set_xscale("log", base=2)
    log_heights(axes)
    axes.set_xlabel("output scale γ")
    axes.set_ylabel(PANELS[0].label)
    axes.set_title("output rescaling at width 256")
    axes.legend(loc="lower right")
