"""One wider net or an ensemble of narrow ones."""

from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.topics.consistency import panels


def bias_variance(tables: Tables) -> Figure:
    """Final test loss against E · N² of single nets and of ensembles, a column a task."""
    return panels.wider_or_more(panels.by_task(tables))
