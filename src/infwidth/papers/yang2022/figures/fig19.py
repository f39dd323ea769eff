"""The best learning rate over batch size, length of texts and training steps."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.yang2022.panels import rates_over_sizes
from infwidth.plotting.style import FULL

#: Table, its axis and what that is called.
_PANELS = (
    ("batches", "batch_factor", "batch, times smallest"),
    ("contexts", "context", "length of texts"),
    ("durations", "steps_factor", "steps, times fewest"),
)


def fig19(tables: Tables) -> Figure:
    """Final losses against the rate, a panel a size."""
    figure, row = plt.subplots(1, len(_PANELS), figsize=(FULL, 2.8), sharey=True)
    for axes, (table, axis, label) in zip(row, _PANELS, strict=True):
        rates_over_sizes(axes, tables[table], axis, label)
    row[0].set(ylim=(0, None), ylabel="final train loss (nats)")
    return figure
