"""MNIST in the eyes of the NTK: spectrum, cumulative power, learning curve."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.plotting import legends
from infwidth.plotting.axes import log_heights
from infwidth.plotting.style import FULL, PAIR
from infwidth.topics.learning_curves.panels import dots, logarithmic, spectrum_and_power, theory


def mnist(tables: Tables) -> Figure:
    """Spectrum (left), power (middle), curve (right)."""
    table = tables["mnist"]
    figure, axes = plt.subplots(1, 3, figsize=(FULL, 2.4))
    spectrum_and_power(axes[0], axes[1], table)
    log_heights(axes[0])
    for metric, colour in zip(("test_error", "unseen_error"), PAIR, strict=True):
        dots(axes[2], table.nets(metric), colour)
        theory(axes[2], table.limit(metric), color=colour)
    logarithmic(axes[2], "error / power")
    words = [legends.line("on all images", color=PAIR[0]), legends.line("on those not drawn", color=PAIR[1])]
    legends.below(figure, [*words, legends.line("measured", marker="o", linestyle="")])
    return figure
