"""Preactivations and feature kernels of images at growing widths."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.plotting import legends
from infwidth.plotting.style import FULL
from infwidth.topics.consistency import panels


def fig3(tables: Tables) -> Figure:
    """After training: densities of the deepest preactivations, and the maps of kernel by width."""
    figure = plt.figure(figsize=(FULL, 2.2))
    panels.representations(
        figure, tables["vision_online"], "kernel", task="vision, online", label="feature kernel\n/ mean diagonal"
    )
    legends.below(figure, legends.widths(tables["vision_online"].values("width")))
    return figure
