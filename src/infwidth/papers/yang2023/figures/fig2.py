"""Loss against learning rate over depths, with the nonlinearity behind the weights and before them."""

from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.yang2023.panels import Kind, sheet
from infwidth.plotting.style import DASHED, LAZY, RICH

_KINDS = {
    "depth_mup": Kind("nonlinearity behind", {"color": RICH, "marker": "o"}),
    "nonlinearity_first": Kind("nonlinearity before", {"color": LAZY, "marker": "s", "linestyle": DASHED}),
}


def fig2(tables: Tables) -> Figure:
    """Draw a sweep for either order, and best losses against the depth."""
    return sheet(tables, _KINDS)
