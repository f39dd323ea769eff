"""A Gaussian kernel on images with noise: spectrum, power, errors, and their bias and variance."""

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.plotting import legends
from infwidth.plotting.axes import log_heights
from infwidth.plotting.style import DASHED, FULL, Colour, ordered_colours
from infwidth.topics.learning_curves.panels import dots, logarithmic, spectrum_and_power, theory

_NAMES = {"mnist5k": "MNIST", "mnist": "MNIST", "cifar10": "CIFAR-10"}
#: σ² of the settings, in their order (index).
NOISES = (0, 0.5, 2)


def fig2(tables: Tables) -> Figure:
    """A row a data set."""
    table = tables["rbf_images"]
    names = table.values("name")
    figure, axes = plt.subplots(len(names), 4, figsize=(FULL, 2.3 * len(names)), squeeze=False)
    colours = list(ordered_colours(range(len(NOISES))).values())
    for row, name in zip(axes, names, strict=True):
        _row(row, table.at(name=name), _NAMES[name], colours)
    words = [legends.line(f"σ² = {noise:g}", color=colour) for noise, colour in zip(NOISES, colours, strict=True)]
    words += [legends.line("bias"), legends.line("variance", linestyle=DASHED)]
    legends.below(figure, words)
    return figure


def _row(axes: list[Axes], table: Table, name: str, colours: list[Colour]) -> None:
    spectrum_and_power(axes[0], axes[1], table)
    log_heights(axes[0])
    axes[0].set_title(name)
    for i, colour in enumerate(colours):
        for panel, metric, style in (
            (axes[2], "test_error", "-"),
            (axes[3], "bias", "-"),
            (axes[3], "variance", DASHED),
        ):
            rows = table.limit(metric)
            theory(panel, rows[rows["index"] == i], color=colour, linestyle=style)
        rows = table.nets("test_error")
        dots(axes[2], rows[rows["index"] == i], colour)
    logarithmic(axes[2], "error / power")
    logarithmic(axes[3], "parts")
    axes[3].set_ylim(1e-3, None)
