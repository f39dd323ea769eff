"""Loss against learning rate over depths, with two layers a block."""

from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.yang2023.panels import Kind, sheet
from infwidth.plotting.style import LAZY

_KINDS = {
    "two_layers": Kind("two layers a block", {"color": LAZY, "marker": "s"}),
}


def fig6(tables: Tables) -> Figure:
    """Draw the sweep, and best losses and rates against the depth."""
    return sheet(tables, _KINDS, noun="blocks L")
