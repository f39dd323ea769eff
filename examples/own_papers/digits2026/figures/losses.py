"""The test loss of nets of growing width."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.plotting import legends
from infwidth.plotting.lines import curves
from infwidth.plotting.style import HALF

from ..measured import test_losses


def losses(tables: Tables) -> Figure:
    """Test loss against the step, a line a width."""
    table = tables["widths"]
    figure, axes = plt.subplots(figsize=(HALF, 2.4))
    curves(axes, test_losses(table))
    axes.set(xlabel="step", ylabel="test loss")
    legends.below(figure, legends.widths(table.values("width")))
    return figure
