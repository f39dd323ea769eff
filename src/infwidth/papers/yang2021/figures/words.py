"""Word embeddings: what they look like, and how well they answer analogies."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from infwidth.analysis.against_limit import finite, limit
from infwidth.analysis.claims import Tables
from infwidth.analysis.statistics import mean_over_seeds
from infwidth.papers.yang2021.figures.infinity import (
    KERNEL_MARKS,
    KERNEL_TONES,
    REPORTED,
    axis_to_infinity,
    draw_kernel,
    draw_limit,
    draw_reported,
)
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.embeddings import embedding_panels
from infwidth.plotting.shapes import curve_with_band, errors_against_width
from infwidth.plotting.style import BLUE, DASHED, LIMIT, width_colours
from infwidth.plotting.widths import guide_above, width_handles
from infwidth.topics.words.measures import ANALOGIES, ANALOGIES_OF_KERNELS, similarity_deviations

_Colours = Mapping[int, tuple[float, float, float, float]]
_KERNEL_LINE: dict[str, Any] = {"color": KERNEL_TONES[0], "linewidth": 1.2, "linestyle": DASHED}


def fig1(tables: Tables) -> Figure:
    """Principal components of random embeddings, of a finite net's and of the limit's."""
    return embedding_panels(tables["word2vec"], tables["word2vec_ntk"], limit_name="μP, width ∞")


def word2vec_accuracy(tables: Tables) -> Figure:
    """Accuracy against epochs (left) and width (middle); distance from the limit's similarities (right)."""
    trained = tables["word2vec"].assign(value=_in_percent(tables["word2vec"]))
    guess = 100 * float(limit(tables["word2vec_ntk"], "accuracy").value.iloc[0])
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(7.2, 3.1), width_ratios=(4, 5, 4))
    colours = width_colours(sorted(trained.width.dropna().astype(int).unique()))
    _draw_epochs(left, trained, guess, colours)
    _draw_final(middle, trained, guess)
    _draw_deviations(right, tables["word2vec"], colours)
    figure.legend(handles=_handles(colours), loc="outside lower center", ncols=4)
    return figure


def _in_percent(table: pd.DataFrame) -> pd.Series:
    return table.value.where(table.metric != "accuracy", 100 * table.value)


def _draw_epochs(axes: Axes, trained: pd.DataFrame, guess: float, colours: _Colours) -> None:
    rows = trained[trained.metric == "accuracy"]
    for width, colour in colours.items():
        curve_with_band(axes, rows[rows.width == width], x="step", color=colour, marker=".")
    exact = rows[rows.width.isna()].sort_values("step")
    axes.plot(exact.step, exact.value, marker=".", zorder=4, **LIMIT)
    axes.axhline(guess, **_KERNEL_LINE)
    axes.set_xlim(0, 1.04 * rows.step.max())
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))
    axes.set_xlabel("epoch")
    axes.set_ylabel("analogies answered right (%)")


def _draw_final(axes: Axes, trained: pd.DataFrame, guess: float) -> None:
    """Draw the final accuracy against width, with the limit, the kernels and the paper's numbers."""
    nets = finite(trained, "accuracy")
    infinity, kernels = axis_to_infinity(axes, {*nets.width, *ANALOGIES})
    errors_against_width(axes, nets, color=BLUE, marker="o", linestyle="-", zorder=3)
    draw_limit(axes, infinity, mean_over_seeds(limit(trained, "accuracy").value.to_numpy()))
    draw_kernel(axes, kernels, mean_over_seeds([guess]), 0)
    draw_reported(axes, infinity, {width: 100 * value for width, value in ANALOGIES.items()})
    reported = 100 * ANALOGIES_OF_KERNELS
    axes.plot([kernels], [reported], KERNEL_MARKS[0], markersize=8, color=KERNEL_TONES[0], **REPORTED)
    axes.tick_params(axis="x", labelsize=7)
    axes.set_ylabel("after the last epoch (%)")
    axes.set_ylim(bottom=-2)


def _draw_deviations(axes: Axes, trained: Any, colours: _Colours) -> None:
    deviations = similarity_deviations(trained)
    errors_against_width(axes, deviations, color=BLUE, marker="o", linestyle="-")
    guide_above(axes, deviations, exponent=-0.5, label="n^(−1/2)")
    width_axis(axes, list(colours))
    axes.set_xlabel("width n")
    log_heights(axes)
    axes.set_ylabel("deviation of similarities")


def _handles(colours: _Colours) -> list[Line2D]:
    return [
        *width_handles(list(colours), symbol="n", marker="."),
        Line2D([], [], marker="D", label="μP limit", **LIMIT),
        Line2D([], [], marker=KERNEL_MARKS[0], label="NTK and GP: chance", **_KERNEL_LINE),
        Line2D([], [], color=BLUE, marker="o", label="our nets, last epoch"),
        Line2D([], [], color="0.3", marker="o", label="open: reported (text8)", **REPORTED),
    ]
