"""Preactivations and feature kernels of images at growing widths."""

from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.topics.consistency import panels


def fig3(tables: Tables) -> Figure:
    """After training: densities of the last block's preactivations, and feature kernels by width."""
    return panels.representations(tables, ("vision_online",))
