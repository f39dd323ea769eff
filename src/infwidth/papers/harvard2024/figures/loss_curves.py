"""Loss curves of growing widths in μP, and how far each is from the widest."""

from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.topics.consistency import panels


def loss_curves(tables: Tables) -> Figure:
    """Test loss against steps (top), and its logarithm less the widest net's, paired over seeds (bottom)."""
    return panels.losses_and_gaps(panels.by_task(tables))
