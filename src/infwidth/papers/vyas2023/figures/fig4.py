"""Feed-forward preactivations and attention at growing widths."""

from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.topics.consistency import panels


def fig4(tables: Tables) -> Figure:
    """After training: densities of the last feed-forward preactivations, and attention maps by width."""
    return panels.representations(tables, ("language",))
