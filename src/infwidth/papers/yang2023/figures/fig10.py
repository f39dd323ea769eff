"""Final loss against learning rate over depths in three depthwise parametrizations."""

from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.yang2023.panels import rates


def fig10(tables: Tables) -> Figure:
    """Draw Depth-μP, (1/2, 0) and (0, 0)."""
    names = ("depth_mup_rates", "fixed_update_rates", "standard_depth_rates")
    return rates(tables, dict(zip(names, ("Depth-μP (1/2, 1/2)", "(1/2, 0)", "standard (0, 0)"), strict=True)))
