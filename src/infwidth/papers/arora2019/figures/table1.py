"""Accuracies of convolutional kernels by depth, and what the paper reports."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.statistics import mean_over_seeds
from infwidth.analysis.table import Table, Tables
from infwidth.papers.arora2019.measured import COLUMNS, REPORTED, accuracy
from infwidth.plotting.style import FULL
from infwidth.plotting.tables import text_table
from infwidth.plotting.text import with_interval


def table1(tables: Tables) -> Figure:
    """A row a depth, a column a kernel and readout; the last one reported."""
    table = tables["subsets"]
    depths = sorted({*_depths(table), *REPORTED})
    cells = [["depth", *COLUMNS, "reported:\nCNTK-GAP"]]
    for depth in depths:
        measured = [_measured(table, depth, *which) for which in COLUMNS.values()]
        cells.append([f"{depth}", *measured, REPORTED.get(depth, "–")])
    figure, axes = plt.subplots(figsize=(FULL, 0.6 + 0.32 * len(cells)))
    fills = {(row, len(COLUMNS) + 1): "0.93" for row in range(len(cells))}
    text_table(axes, cells, widths=(0.6, *[1.2] * len(COLUMNS), 1.2), fills=fills, rules_after=(0,))
    return figure


def _depths(table: Table) -> list[int]:
    return [int(depth) for depth in accuracy(table, "ntk", "vector")["index"].unique()]


def _measured(table: Table, depth: int, kernel: str, readout: str) -> str:
    rows = accuracy(table, kernel, readout)
    values = 100 * rows.value[rows["index"] == depth]
    return f"{with_interval(mean_over_seeds(values.to_numpy()), 1)} %" if len(values) else "–"
