"""The best learning rate over the width of MLPs and the number of heads."""

from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.yang2022.panels import rates_sheet

#: Table, its axis and what that is called.
_PANELS = (
    ("mlp_ratios", "mlp_ratio", "MLP width / N"),
    ("heads", "n_heads", "heads"),
)


def fig12(tables: Tables) -> Figure:
    """Final losses against the rate, a panel a size."""
    return rates_sheet(tables, _PANELS)
