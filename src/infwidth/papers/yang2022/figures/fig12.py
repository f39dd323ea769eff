"""The best learning rate over the width of MLPs and the number of heads."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.yang2022.panels import rates_over_sizes
from infwidth.plotting.style import FULL

#: Table, its axis and what that is called.
_PANELS = (
    ("mlp_ratios", "mlp_ratio", "MLP width / N"),
    ("heads", "n_heads", "heads"),
)


def fig12(tables: Tables) -> Figure:
    """Final losses against the rate, a panel a size."""
    figure, row = plt.subplots(1, len(_PANELS), figsize=(FULL, 2.8), sharey=True)
    for axes, (table, axis, label) in zip(row, _PANELS, strict=True):
        rates_over_sizes(axes, tables[table], axis, label)
    row[0].set(ylim=(0, None), ylabel="final train loss (nats)")
    return figure
