"""Loss against learning rate over depths, with the absolute value and with ReLU."""

from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.yang2023.panels import Kind, sheet
from infwidth.plotting.style import DASHED, LAZY, RICH

_KINDS = {
    "abs_depth": Kind("absolute value", {"color": LAZY, "marker": "s", "linestyle": DASHED}),
    "depth_mup": Kind("ReLU", {"color": RICH, "marker": "o"}),
}


def fig3(tables: Tables) -> Figure:
    """Draw a sweep for either activation, and best losses against the depth."""
    return sheet(tables, _KINDS)
