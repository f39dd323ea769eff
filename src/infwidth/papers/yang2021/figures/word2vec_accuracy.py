"""How well word embeddings of finite nets, of their limit and of kernels answer analogies."""

import math

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from infwidth.analysis.statistics import exact
from infwidth.analysis.table import Table, Tables
from infwidth.plotting import guides, legends
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.infinity import REPORTED, axis_to_infinity, draw_kernel, draw_limit, draw_reported
from infwidth.plotting.lines import curves, points
from infwidth.plotting.style import DASHED, FULL, LAZY, LIMIT, width_colours
from infwidth.topics.words.measures import ANALOGIES, ANALOGIES_OF_KERNELS, similarity_deviations

_KERNEL = "^"


def word2vec_accuracy(tables: Tables) -> Figure:
    """Accuracy against epochs (left) and width (middle); distance from the limit's similarities (right)."""
    trained = tables["word2vec"]
    guess = 100 * float(tables["word2vec_ntk"].at_end().limit("accuracy").value.iloc[0])
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(FULL, 3.1), width_ratios=(4, 5, 4))
    _draw_epochs(left, trained, guess)
    _draw_final(middle, trained)
    _draw_deviations(right, trained)
    legends.below(
        figure,
        [
            *legends.widths(trained.values("width"), symbol="n", marker="o"),
            legends.limit("μP limit", marker="D"),
            legends.line("NTK and GP: chance", color=LAZY, marker=_KERNEL, linestyle=DASHED),
            legends.line("reported (text8)", marker="o", **REPORTED),
            legends.guide("slope −1/2"),
        ],
    )
    return figure


def _in_percent(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(value=100 * rows.value)


def _draw_epochs(axes: Axes, trained: Table, guess: float) -> None:
    rows = _in_percent(trained.nets("accuracy"))
    curves(axes, rows, marker=".", markersize=6)
    exact = _in_percent(trained.limit("accuracy")).sort_values("step")
    axes.plot(exact.step, exact.value, marker=".", zorder=4, **LIMIT)
    axes.axhline(guess, color=LAZY, linestyle=DASHED, linewidth=1.1)
    axes.set_xlim(0, 1.04 * rows.step.max())
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))
    axes.set(xlabel="epoch", ylabel="analogies answered right (%)")


def _draw_final(axes: Axes, trained: Table) -> None:
    """Draw the final accuracy over the limit's against width, with that of kernels, and the same of the paper's."""
    final = trained.at_end(of_each=True)
    of_limit = float(final.limit("accuracy").value.iloc[0])
    nets = final.nets("accuracy")
    points(axes, nets.assign(value=nets.value / of_limit), colours=width_colours(nets.width))
    infinity, kernels = axis_to_infinity(axes, {*nets.width, *ANALOGIES}, shown=2)
    draw_limit(axes, infinity, exact(1.0))
    draw_kernel(axes, kernels, exact(0.0), _KERNEL)
    draw_reported(axes, infinity, {width: value / ANALOGIES[math.inf] for width, value in ANALOGIES.items()})
    axes.plot([kernels], [ANALOGIES_OF_KERNELS], _KERNEL, **REPORTED | {"markersize": 8})
    axes.set_ylabel("after the last epoch / of the limit")


def _draw_deviations(axes: Axes, trained: Table) -> None:
    deviations = similarity_deviations(trained)
    points(axes, deviations, colours=width_colours(deviations.width))
    guides.power_law(axes, deviations, slope=-0.5)
    axes.set_title(guides.slope_text(deviations), fontsize=7.5)
    log_heights(axes)
    width_axis(axes, trained.values("width"), "width n")
    axes.set_ylabel("deviation of similarities")
