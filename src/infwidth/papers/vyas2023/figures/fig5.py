"""Sharpness and train loss of full-batch gradient descent over widths, at a small and at a large learning rate."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.plotting import legends
from infwidth.plotting.lines import curves
from infwidth.plotting.style import FULL, GUIDE

#: Learning rate times the largest eigenvalue of the Hessian above which gradient descent on a quadratic diverges.
_EDGE = 2.0


def fig5(tables: Tables) -> Figure:
    """Learning rate times sharpness (top) and train loss (bottom), a column a learning rate."""
    table = tables["full_batch"]
    rates = table.values("lr")
    figure, panels = plt.subplots(2, len(rates), figsize=(FULL, 4.6), sharex=True, sharey="row", squeeze=False)
    for (above, below), lr in zip(panels.T, rates, strict=True):
        of_rate = table.at(lr=lr)
        for axes, metric in ((above, "sharpness"), (below, "train_loss")):
            curves(axes, of_rate.nets(metric))
        above.axhline(_EDGE, zorder=1, **GUIDE)
        above.set_title(f"η = {lr:g}")
        below.set(xlabel="training step", xlim=(0, table.last_step()))
    panels[0, 0].set(ylabel="η · largest Hessian eigenvalue", ylim=(0, None))
    panels[1, 0].set_ylabel("train loss (mean squared error)")
    panels[1, 0].set_yscale("log")
    legends.below(figure, [*legends.widths(table.values("width")), legends.guide("edge of stability")])
    return figure
