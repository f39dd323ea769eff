"""White spectrum: learning curves, phase diagram, the best ridge, and what the mean predictor lacks."""

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.canatar2021.measured import pairs, with_pairs
from infwidth.papers.canatar2021.solve import pair
from infwidth.plotting import legends
from infwidth.plotting.axes import log_heights
from infwidth.plotting.lines import points
from infwidth.plotting.style import DASHED, FULL, GUIDE, LIMIT, PAIR, ordered_colours

#: Of the settings' grid, those shown as curves, and noises of the search for the best ridge.
_RIDGES, _NOISES = (0.001, 0.01, 0.2, 1), (0.05, 0.2, 0.5, 1)
_MARKS = {0: ("o", "monotone"), 1: ("^", "one peak"), 2: ("s", "double descent")}


def fig3(tables: Tables) -> Figure:
    """Curves (top), phases, best ridges, bias and variance (bottom)."""
    table = tables["white"]
    figure, axes = plt.subplots(2, 3, figsize=(FULL, 4.6))
    ridges = ordered_colours(_RIDGES)
    for panel, noise in zip(axes[0], (0, 0.2), strict=False):
        for ridge, colour in ridges.items():
            _curve(panel, table, "test_error", pair(ridge, noise), color=colour)
        panel.set(title=f"noise σ̃² = {noise:g}", ylabel="error / power", ylim=(0, 1.6), xlabel="P / N")
    for ridge, colour in ridges.items():
        _curve(axes[0, 2], table, "left_part", pair(ridge, 0), color=colour)
    axes[0, 2].set(title="what the mean predictor lacks", ylabel="part of the target", xlabel="P / N")
    _phases(axes[1, 0], table)
    _ridges(axes[1, 1], table)
    _parts(axes[1, 2], table)
    words = [legends.line(f"λ̃ = {ridge:g}", color=colour) for ridge, colour in ridges.items()]
    words += [legends.line(name, marker=mark, linestyle="", color="0.2") for mark, name in _MARKS.values()]
    legends.below(figure, [*words, legends.guide("λ̃ = σ̃²")], ncols=8)
    return figure


def _curve(axes: Axes, table: Table, metric: str, layer: str, **line: object) -> None:
    """Draw theory and dots against α, which is the step in thousandths."""
    of = table.at(layer=layer)
    rows, exact = of.nets(metric), of.limit(metric).sort_values("step")
    points(axes, rows.assign(alpha=rows.step / 1000), x="alpha", linestyle="", markersize=3.5, color=line["color"])
    axes.plot(exact.step / 1000, exact.value, **(LIMIT | line))


def _phases(axes: Axes, table: Table) -> None:
    ridge, two, one = (
        table.limit(name).sort_values("index").value.to_numpy()
        for name in ("boundary_ridge", "two_points", "one_point")
    )
    axes.plot(ridge, two, **LIMIT)
    axes.plot(ridge, one, **(LIMIT | {"linestyle": DASHED}))
    measured = pairs(table)
    measured = measured[measured.noise > 0]
    for count, (mark, _) in _MARKS.items():
        of = measured[measured.measured == count]
        axes.plot(of.ridge, of.noise, mark, color=PAIR[0] if count == 0 else PAIR[1], markersize=4, linestyle="")
    axes.set_xscale("log")
    log_heights(axes)
    axes.set(xlabel="ridge λ̃", ylabel="noise σ̃²", title="critical points", ylim=(0.03, 12))


def _ridges(axes: Axes, table: Table) -> None:
    noises = ordered_colours(_NOISES)
    grid = sorted({float(layer.split()[0]) for layer in table.nets("test_error").layer.unique()})
    at = table.at(step=1000)
    for noise, colour in noises.items():
        rows = at.nets("test_error")
        rows = rows[rows.layer.isin([pair(ridge, noise) for ridge in grid])]
        points(axes, with_pairs(rows), x="ridge", color=colour, markersize=3.5)
        axes.axvline(noise, **{**GUIDE, "color": colour})
    axes.set_xscale("log")
    log_heights(axes)
    axes.set(xlabel="ridge λ̃", ylabel="error / power", title="P = N, σ̃² = 0.05 to 1")


def _parts(axes: Axes, table: Table) -> None:
    ridge, noise = _RIDGES[1], _NOISES[1]
    exact = table.at(layer=pair(ridge, noise)).limit("test_error").sort_values("step")
    left = table.at(layer=pair(ridge, 0)).limit("left_part").sort_values("step").value.to_numpy() ** 2
    axes.plot(exact.step / 1000, exact.value, color=PAIR[0], label="error")
    axes.plot(exact.step / 1000, left, color="0.35", label="bias")
    axes.plot(exact.step / 1000, exact.value - left, color=PAIR[1], label="variance")
    axes.set(xlabel="P / N", title=f"λ̃ = {ridge:g}, σ̃² = {noise:g}")
    axes.legend(fontsize=7)
