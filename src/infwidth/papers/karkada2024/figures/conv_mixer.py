"""The two ends of the richness scale for a convolutional mixer."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.karkada2024.measured import RICHNESS_NAMES
from infwidth.papers.karkada2024.panels import loss_and_accuracy
from infwidth.plotting import legends
from infwidth.plotting.lines import curves, single_nets
from infwidth.plotting.style import richness_colour


def conv_mixer(tables: Tables) -> Figure:
    """Test loss (left) and test accuracy (right) at both ends: every net thin, the mean thick."""
    table = tables["mixer_curves"]
    colours = {richness: richness_colour(richness) for richness in table.values("richness")}

    def draw(axes: Axes, metric: str) -> None:
        rows = table.nets(metric)
        single_nets(axes, rows, by="richness", palette=lambda _: colours)
        curves(axes, rows, by="richness", palette=lambda _: colours, band=False)

    return loss_and_accuracy(draw, [legends.line(RICHNESS_NAMES[r], color=colour) for r, colour in colours.items()])
