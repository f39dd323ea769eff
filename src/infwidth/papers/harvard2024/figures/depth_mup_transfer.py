"""Final train loss against learning rate over widths and depths, in μP with branches divided by √L."""

from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.harvard2024.panels import rates_sheet


def depth_mup_transfer(tables: Tables) -> Figure:
    """Loss against learning rate over widths and depths, and the best rates; SGD (top), Adam (bottom)."""
    return rates_sheet(tables, "mup", control="sp")
