"""A convolutional net in the five parametrizations."""

from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.karkada2024.panels import five_curves, five_handles, loss_and_accuracy


def cnn(tables: Tables) -> Figure:
    """Test loss (left) and test accuracy (right) of Myrtle-5 in the five parametrizations."""
    table = tables["cnn_curves"]
    return loss_and_accuracy(lambda axes, metric: five_curves(axes, table, metric), five_handles(table))
