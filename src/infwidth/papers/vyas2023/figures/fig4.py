"""Feed-forward preactivations and attention agree across widths."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.claims import Tables
from infwidth.plotting.widths import representations


def fig4(tables: Tables) -> Figure:
    """Language, after training: densities of the last feed-forward preactivations, and attention maps by width."""
    figure = plt.figure(figsize=(7.2, 2.0))
    representations(figure, tables["language"], "attention", task="language")
    return figure
