"""Feed-forward preactivations and attention at growing widths."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.plotting import legends
from infwidth.plotting.style import FULL
from infwidth.topics.consistency import panels


def fig4(tables: Tables) -> Figure:
    """After training: densities of the deepest preactivations, and the maps of attention by width."""
    figure = plt.figure(figsize=(FULL, 2.2))
    panels.representations(figure, tables["language"], "attention", task="language", label="attention\n/ mean diagonal")
    legends.below(figure, legends.widths(tables["language"].values("width")))
    return figure
