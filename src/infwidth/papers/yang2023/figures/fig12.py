"""Loss against learning rate over depths, with layer norm and the absolute value."""

from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.yang2023.panels import Kind, sheet
from infwidth.plotting.style import LAZY

_KINDS = {
    "abs_layer_norm": Kind("layer norm, absolute value", {"color": LAZY, "marker": "s"}),
}


def fig12(tables: Tables) -> Figure:
    """Draw the sweep, and best losses and rates against the depth."""
    return sheet(tables, _KINDS)
