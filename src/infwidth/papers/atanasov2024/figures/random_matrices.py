"""Spectra of random matrices, and how fast they reach their laws."""

import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.statistics import exponent
from infwidth.analysis.table import Table, Tables
from infwidth.plotting import legends
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.lines import points
from infwidth.plotting.style import DASHED, DOTTED, FULL, GUIDE, LIMIT, width_colours
from infwidth.plotting.text import with_interval

_TITLES = {
    "wigner": "Wigner",
    "wishart_tall": "covariance, D/P = 0.1",
    "wishart": "covariance, D/P = 1/2",
    "wishart_square": "covariance, D/P = 1",
    "coloured": "covariance, two levels",
    "two_square": "product of 2, square",
    "three_square": "product of 3, square",
    "three_oblong": "product of 3, oblong",
}


def random_matrices(tables: Tables) -> Figure:
    """Densities beside their laws; the last panel has the distances."""
    table = tables["spectra"]
    shown = [matrix for matrix in _TITLES if matrix in table.values("matrix")]
    columns = 3 if len(shown) > 2 else len(shown) + 1
    rows = -(-(len(shown) + 1) // columns)
    figure, grid = plt.subplots(rows, columns, figsize=(FULL, 1.75 * rows + 0.4), squeeze=False)
    for axes, matrix in zip(grid.flat, shown, strict=False):
        _spectrum(axes, table.at(matrix=matrix).at(dimension=max), _TITLES[matrix])
    for axes in grid[:, 0]:
        axes.set_ylabel("density")
    _distances(grid.flat[len(shown)], table)
    largest = max(table.values("dimension"))
    bars = legends.line(f"drawn, D = {largest}", color=width_colours([largest])[largest], alpha=0.5, linewidth=5)
    distance = legends.line("distance from the law", marker="o", linestyle="")
    guides = [legends.guide("∝ 1/D"), legends.guide("∝ 1/√D, independent draws", linestyle=DASHED)]
    legends.below(figure, [bars, legends.limit("law, D = ∞"), distance, *guides], ncols=5)
    return figure


def _spectrum(axes: Axes, table: Table, title: str) -> None:
    centres, density = (table.ensemble(metric).value.to_numpy() for metric in ("bin_centre", "density"))
    x, law = (table.limit(metric).value.to_numpy() for metric in ("x", "limit_density"))
    half = (centres[1] - centres[0]) / 2
    (colour,) = width_colours(table.values("dimension")).values()
    edges = [*(centres - half), centres[-1] + half]
    sns.histplot(x=centres, weights=density, bins=edges, color=colour, alpha=0.5, linewidth=0, ax=axes)
    axes.plot(x, law, **LIMIT)
    name = "eigenvalue" if title == "Wigner" else "log₁₀ eigenvalue"
    axes.set(xlabel=name, ylabel="", title=title, ylim=(0, 1.15 * max(law.max(), density.max())))


def _distances(axes: Axes, table: Table) -> None:
    rows = table.nets("distance").groupby(["seed", "dimension"]).value.mean().reset_index()
    points(axes, rows, x="dimension", linestyle="", markersize=4)
    means = rows.groupby("dimension").value.mean()
    for slope, dashes in ((-1.0, DOTTED), (-0.5, DASHED)):
        axes.plot(
            means.index, means.iloc[0] * (means.index / means.index[0]) ** slope, **{**GUIDE, "linestyle": dashes}
        )
    log_heights(axes)
    width_axis(axes, table.values("dimension"), "size D")
    measured = f", exponent {with_interval(exponent(rows, x='dimension'))}" if len(means) > 2 else ""
    axes.set_title(f"distance{measured}")
