"""Four hyperparameters of pre-LN transformers over widths and depths in μP."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.yang2022.panels import setting
from infwidth.papers.yang2022.sweeps import LOSS, by_setting
from infwidth.plotting import legends
from infwidth.plotting.style import FULL


def fig4(tables: Tables) -> Figure:
    """Final losses over widths (top) and depths (bottom), a column a hyperparameter."""
    widths, depths = tables["pre_norm_widths"], tables["pre_norm_depths"]
    figure, rows = plt.subplots(2, 4, figsize=(FULL, 4.6), sharey=True)
    for row, table, axis in zip(rows, (widths, depths), ("width", "n_blocks"), strict=True):
        for axes, name in zip(row, ("lr", "output_multiplier", "init_scale", "schedule"), strict=True):
            setting(axes, table, name, axis=axis)
        row[0].set_ylabel("final train loss (nats)")
    rows[0, 0].set_ylim(0, 1.05 * max(_largest(widths, "width"), _largest(depths, "n_blocks")))
    for axes in rows[0]:
        axes.set_xlabel("")
    legends.below(figure, [*legends.widths(widths.values("width")), *legends.depths(depths.values("n_blocks"))])
    return figure


def _largest(sweep: Table, axis: str) -> float:
    """Return the largest mean final loss over the learning rates, for which the panels have room."""
    losses = by_setting(sweep, "lr").at_end().nets(LOSS)
    return float(losses.groupby([axis, "lr"]).value.mean().max())
