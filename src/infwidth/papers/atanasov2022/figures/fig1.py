"""Learning curves by output scale, of single nets and of ensembles."""

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.atanasov2022.measured import long, of_sets
from infwidth.papers.atanasov2022.panels import alpha_colours, alphas, sample_axis
from infwidth.plotting import legends
from infwidth.plotting.axes import log_heights
from infwidth.plotting.lines import curve
from infwidth.plotting.style import DASHED, FULL, LIMIT

_INITIAL = {"color": "0.4", "linestyle": DASHED, "linewidth": 1.2}


def fig1(tables: Tables) -> Figure:
    """Single nets (left) and ensembles (right), of the widest nets."""
    table = tables["onset_nets"].at(width=max)
    figure, (left, right) = plt.subplots(1, 2, figsize=(FULL, 3.0), sharey=True)
    _curves(left, table, "test_error", "initial_error")
    _curves(right, table, "ensemble_error", "initial_ensemble_error")
    left.set(title=f"single, N = {table.values('width')[0]}", ylabel="test error")
    right.set(title="infinite ensemble")
    log_heights(left)
    words = [*alphas(table.values("alpha")), legends.line("initial kernels", **_INITIAL), legends.limit("NTK, N = ∞")]
    legends.below(figure, words)
    return figure


def _curves(axes: Axes, table: Table, nets: str, initial: str) -> None:
    for alpha, colour in alpha_colours(table.values("alpha")).items():
        curve(axes, long(of_sets(table.at(alpha=alpha), nets)), color=colour, marker="o", markersize=3.5)
    lazy = table.at(alpha=max)
    curve(axes, long(of_sets(lazy, initial)), band=False, **_INITIAL)
    exact = lazy.limit("kernel_error")
    axes.plot(exact.step, exact.value, zorder=1, **LIMIT)
    sample_axis(axes)
