"""Two pairs of digits: components, spectrum, cumulative power and learning curve."""

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.plotting import legends
from infwidth.plotting.axes import log_heights
from infwidth.plotting.style import FULL, PAIR
from infwidth.topics.learning_curves.panels import dots, logarithmic, spectrum_and_power, theory

_PAIRS = {"zero_one": ("0 and 1", PAIR[0]), "eight_nine": ("8 and 9", PAIR[1])}


def fig1(tables: Tables) -> Figure:
    """Components of both pairs (left), the others of both together."""
    figure = plt.figure(figsize=(FULL, 2.7))
    grid = figure.add_gridspec(2, 4, width_ratios=(0.8, 1, 1, 1.1))
    for row, (name, (words, colour)) in enumerate(_PAIRS.items()):
        _components(figure.add_subplot(grid[row, 0]), tables[name], words, colour)
    spectrum, power, curve = (figure.add_subplot(grid[:, column]) for column in (1, 2, 3))
    for name, (_, colour) in _PAIRS.items():
        table = tables[name]
        spectrum_and_power(spectrum, power, table, color=colour)
        dots(curve, table.nets("test_error"), colour)
        theory(curve, table.limit("test_error"), color=colour)
    log_heights(spectrum)
    power.set_ylim(0, 1.03)
    logarithmic(curve, "error / power")
    legends.below(figure, [legends.line(words, color=colour) for words, colour in _PAIRS.values()])
    return figure


def _components(axes: Axes, table: Table, words: str, colour: str) -> None:
    components = table.limit("component")
    first, second = (components[components.layer == layer].sort_values("index").value.to_numpy() for layer in "12")
    label = table.limit("label").sort_values("index").value.to_numpy()
    for which, shade in ((0, "0.6"), (1, colour)):
        axes.plot(first[label == which], second[label == which], ".", color=shade, markersize=2)
    axes.set_title(words, fontsize=7.5, color=colour)
    axes.tick_params(labelsize=5.5)
