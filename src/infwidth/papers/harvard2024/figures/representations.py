"""What nets of growing width have learned: preactivations, feature kernels, attention."""

from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.topics.consistency import panels


def representations(tables: Tables) -> Figure:
    """After training: preactivations and feature kernels (top, vision), preactivations and attention (bottom)."""
    return panels.representations(tables, ("vision_online", "language"))
