"""Final loss against learning rate over depths in the parametrization of an ordinary differential equation."""

from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.yang2023.panels import rates


def fig11(tables: Tables) -> Figure:
    """Draw (1, 0) beside Depth-μP."""
    return rates(tables, {"ode_rates": "ODE (1, 0)", "depth_mup_rates": "Depth-μP (1/2, 1/2)"})
