"""A linear target in dimension 25: kernel regression with noise, nets of several widths, ensembles."""

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.canatar2021.measured import NOISES, REPORTED_NTK, REPORTED_P, reported_power, with_noise
from infwidth.plotting import legends
from infwidth.plotting.style import DASHED, FULL, LIMIT, ordered_colours, width_colours
from infwidth.topics.learning_curves.panels import dots, logarithmic, theory


def fig6(tables: Tables) -> Figure:
    """Kernel regression (left), widths (middle), ensembles (right)."""
    figure, axes = plt.subplots(1, 3, figsize=(FULL, 2.6))
    noises = ordered_colours(NOISES)
    _kernel(axes[0], tables["ntk_linear"], noises)
    nets = tables["nets"]
    widths = width_colours(nets.values("width"))
    for width, colour in widths.items():
        _nets(axes[1], nets.at(width=width), 1, colour)
    widest = nets.at(width=max)
    members = [int(size) for size in sorted(widest.nets("test_error")["index"].unique())]
    sizes = ordered_colours(members)
    for size in members:
        _nets(axes[2], widest, size, sizes[size])
    for panel, title in zip(axes[1:], ("single nets", f"ensembles, N = {max(widths)}"), strict=True):
        theory(panel, widest.limit("kernel_error"))
        logarithmic(panel, "")
        panel.set_title(title)
    words = [legends.line(f"σ̃² = {noise:.2g}", color=colour) for noise, colour in noises.items()]
    words += [legends.line("reported", color="0.4", marker="x", linestyle="")]
    words += legends.widths(widths) + [legends.line(f"{size} nets", color=colour) for size, colour in sizes.items()]
    words += [legends.limit("theory"), legends.line("with the initial function", linestyle=DASHED)]
    legends.below(figure, words, ncols=6)
    return figure


def _kernel(axes: Axes, table: Table, noises: dict) -> None:
    for noise, colour in noises.items():
        dots(axes, with_noise(table.nets("signal_error"), table.nets("noise_gain"), noise), colour)
        theory(axes, with_noise(table.limit("signal_error"), table.limit("noise_gain"), noise), color=colour)
    axes.plot(REPORTED_P, REPORTED_NTK / reported_power(table), "x", color="0.4", markersize=4, zorder=4)
    logarithmic(axes, "error / power")
    axes.set_title("kernel regression")


def _nets(axes: Axes, table: Table, size: int, colour: object) -> None:
    rows, exact = table.nets("test_error"), table.limit("test_error")
    dots(axes, rows[rows["index"] == size], colour)
    theory(axes, exact[exact["index"] == size], **(LIMIT | {"color": colour, "linestyle": DASHED, "linewidth": 0.9}))
