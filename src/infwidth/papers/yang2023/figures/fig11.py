"""Loss against learning rate over depths, in Depth-μP and in the parametrization of an ODE."""

from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.yang2023.panels import Kind, sheet
from infwidth.plotting.style import DASHED, LAZY, RICH

_KINDS = {
    "depth_mup": Kind("Depth-μP (1/2, 1/2)", {"color": RICH, "marker": "o"}),
    "ode_depth": Kind("ODE (1, 0)", {"color": LAZY, "marker": "s", "linestyle": DASHED}),
}


def fig11(tables: Tables) -> Figure:
    """Draw a sweep for either parametrization, and best losses against the depth."""
    return sheet(tables, _KINDS)
