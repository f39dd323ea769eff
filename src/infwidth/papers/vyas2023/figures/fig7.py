"""Ensembles of narrow networks are biased."""

from matplotlib.figure import Figure

from infwidth.analysis.claims import Tables
from infwidth.plotting.widths import bias_and_variance
from infwidth.topics.consistency.measures import TASKS


def fig7(tables: Tables) -> Figure:
    """Test loss of single nets and of ensembles, against steps (top) and at the end (bottom), a column a task."""
    return bias_and_variance({TASKS[experiment]: tables[experiment] for experiment in ("second_vision", "language")})
