"""Why the scale holds: alignment of the readout, bounded gradients, output scale as richness."""

from fractions import Fraction

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.karkada2024.measured import (
    PANELS,
    RESCALED_WIDTH,
    RICHNESS_NAMES,
    at_panel,
    gradient_growth,
    rescaled_against_rich,
    rescaled_limit,
)
from infwidth.plotting import guides, legends
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.lines import curves, points
from infwidth.plotting.style import FULL, LIMIT, PAIR, richness_colour
from infwidth.plotting.text import fraction

#: Gradients that grow beyond this factor leave the panel: the nets are about to diverge.
_HIGHEST = 300.0


def alignment(tables: Tables) -> Figure:
    """Alignment ratio (left), growth of gradients (middle), update against output scale (right)."""
    table = tables["few_steps"]
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(FULL, 3.3))
    richnesses = sorted(table.values("richness"), key=Fraction)
    _draw_alignment(left, table)
    _draw_growth(middle, table)
    _draw_rescaling(right, tables)
    named = [
        legends.line(RICHNESS_NAMES.get(r, f"r = {fraction(r)}"), color=richness_colour(r), marker="o")
        for r in richnesses
    ]
    legends.below(
        figure,
        [
            *named,
            legends.line("random change", color="0.5", marker="."),
            legends.guide("slope −1/2"),
            legends.line("f / γ, rates · γ²", color=PAIR[0], marker="o", linestyle=""),
            legends.line("(f − f₀) / γ, rates · γ²", color=PAIR[1], marker="o", linestyle=""),
            legends.line(
                "richness r at γ = $n^r$", color="black", marker="o", fillstyle="none", markersize=8, linestyle=""
            ),
            legends.limit("exact limit"),
        ],
        ncols=5,
    )
    return figure


def _palette(richnesses: object) -> dict[str, object]:
    return {str(r): richness_colour(str(r)) for r in richnesses}  # type: ignore[attr-defined]


def _draw_alignment(axes: Axes, table: Table) -> None:
    first = table.at(step=1, layer="readout")
    aligned, random = first.nets("alignment"), first.at(richness="0").nets("alignment_random")
    curves(axes, aligned, x="width", by="richness", palette=_palette, marker="o", band=False)
    points(axes, random, color="0.5", marker=".", markersize=8, linestyle="")
    guides.power_law(axes, random, slope=-0.5)
    log_heights(axes)
    width_axis(axes, table.values("width"), "width n")
    axes.set(title="alignment of the readout", ylabel="‖W₃Δz₂‖ / (‖W₃‖ ‖Δz₂‖), one step")
    axes.set_ylim(top=1.0)


def _draw_growth(axes: Axes, table: Table) -> None:
    """Draw by how much gradients grow; what leaves the panel leaves it through the top."""
    growth = gradient_growth(table)
    growth = growth[np.isfinite(growth.value)]
    means = growth.groupby(["richness", "width"]).value.mean()
    curves(axes, growth, x="width", by="richness", palette=_palette, marker="o", band=False)
    beyond = means[means > _HIGHEST].reset_index()
    for richness, width in zip(beyond.richness, beyond.width, strict=True):
        axes.plot(
            [width], [0.96], "^", color=richness_colour(richness), transform=axes.get_xaxis_transform(), clip_on=False
        )
    log_heights(axes)
    axes.set_ylim(0.5, _HIGHEST)
    width_axis(axes, table.values("width"), "width n")
    axes.set(title="growth of gradients", ylabel="largest ‖∂ℓ/∂h₂‖ after a step / initial")


def _draw_rescaling(axes: Axes, tables: Tables) -> None:
    for experiment, colour in zip(("output_rescaling", "output_rescaling_centred"), PAIR, strict=True):
        rescaled = at_panel(tables[experiment], PANELS[0])
        points(axes, rescaled, x="gamma0", color=colour, linestyle="")
        gamma = np.geomspace(rescaled.gamma0.min(), rescaled.gamma0.max(), 100)
        centred = experiment.endswith("centred")
        axes.plot(gamma, rescaled_limit(tables["one_step_limit"], gamma, centred=centred), **LIMIT, zorder=1)
    for richness, rows in rescaled_against_rich(tables["output_rescaling"], tables["one_step"]).groupby("richness"):
        place = (rows.gamma0.iloc[0], rows.rich.mean())
        axes.plot(*place, "o", markersize=10, fillstyle="none", color="black")
        axes.annotate(f"r = {richness}", place, (-8, 7), textcoords="offset points", ha="right", fontsize=7.5)
    log_heights(axes)
    axes.set_xscale("log", base=2)
    axes.set(title=f"output scale at n = {RESCALED_WIDTH}", xlabel="output scale γ", ylabel=PANELS[0].label)
