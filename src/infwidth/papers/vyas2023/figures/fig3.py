"""Preactivations and final-layer kernels agree across widths."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.claims import Tables
from infwidth.plotting.widths import representations


def fig3(tables: Tables) -> Figure:
    """Vision, after training: densities of the last block's preactivations, and its feature kernels by width."""
    figure = plt.figure(figsize=(7.2, 2.0))
    representations(figure, tables["vision_online"], "kernel", task="vision")
    return figure
