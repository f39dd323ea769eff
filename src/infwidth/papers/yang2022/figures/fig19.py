"""The best learning rate over batch size, length of texts and training steps."""

from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.yang2022.panels import rates_sheet

#: Table, its axis and what that is called.
_PANELS = (
    ("batches", "batch_factor", "batch, times smallest"),
    ("contexts", "context", "length of texts"),
    ("durations", "steps_factor", "steps, times fewest"),
)


def fig19(tables: Tables) -> Figure:
    """Final losses against the rate, a panel a size."""
    return rates_sheet(tables, _PANELS)
