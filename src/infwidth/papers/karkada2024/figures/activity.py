"""The activity α = γ n^r: what the prefactor does and what the power."""

import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.karkada2024.measured import RICHNESS_NAMES, RICHNESSES
from infwidth.plotting import guides, legends
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.lines import points
from infwidth.plotting.style import FULL, richness_colour

_POWERS = {"0": -0.5, "1/4": -0.25, "1/2": 0.0}


def activity(tables: Tables) -> Figure:
    """Representation updates against width for several γ at three richnesses, and against γ at the widest nets."""
    table = tables["activity"].at(layer="h2")
    gammas = table.values("gamma")
    figure, row = plt.subplots(1, 4, figsize=(FULL, 2.7), sharey=True)
    *panels, last = row
    for axes, richness in zip(panels, RICHNESSES, strict=True):
        shades = sns.light_palette(richness_colour(richness), len(gammas) + 2)[2:]
        for gamma, colour in zip(gammas, shades, strict=True):
            rows = table.at(richness=richness, gamma=gamma).nets("relative_change")
            points(axes, rows, color=colour, linestyle="", markersize=4.5)
            guides.power_law(axes, rows, slope=_POWERS[richness])
        axes.set_title(RICHNESS_NAMES[richness])
        width_axis(axes, table.values("width"), "width n")
        rows = table.at(width=max, richness=richness).nets("relative_change")
        points(last, rows, x="gamma", color=richness_colour(richness), linestyle="", markersize=4.5)
        guides.power_law(last, rows, x="gamma", slope=1.0)
    log_heights(row[0])
    row[0].set_ylabel("‖Δh₂‖ / ‖h₂‖ after one step")
    last.set_xscale("log", base=2)
    last.set(title="widest nets", xlabel="prefactor γ")
    shades = sns.light_palette("0.2", len(gammas) + 2)[2:]
    of_gammas = [
        legends.line(f"γ = {gamma:g}", color=colour, marker="o", linestyle="")
        for gamma, colour in zip(gammas, shades, strict=True)
    ]
    legends.below(figure, [*of_gammas, legends.guide("theory: $γ\\,n^{r-1/2}$")])
    return figure
