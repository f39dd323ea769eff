"""Final train loss against learning rate over widths and depths, in PyTorch's default parametrization."""

from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.harvard2024.panels import rates_sheet


def sp_no_transfer(tables: Tables) -> Figure:
    """Loss against learning rate over widths and depths, and the best rates; SGD (top), Adam (bottom)."""
    return rates_sheet(tables, "sp", control="mup")
