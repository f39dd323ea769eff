"""Few-shot learning: finite nets, their limit and kernels."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

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
from infwidth.plotting.shapes import errors_against_width
from infwidth.plotting.style import BLUE, DASHED, DOTTED, LIMIT
from infwidth.topics.few_shot.measures import FEW_SHOT, FEW_SHOT_OF_KERNELS

_KERNELS = {"maml_ntk": "NTK, ReLU", "maml_gp": "GP, ReLU", "maml_linear_kernel": "linear kernel"}
#: Factors that set the kernels' marks apart on the axis.
_ASIDE = (0.5, 1.0, 2.0)
_CHANCE = 20.0


def maml(tables: Tables) -> Figure:
    """Test accuracy against width, with the limit, the kernels, and what the paper reports."""
    table = tables["maml_linear"]
    figure, axes = plt.subplots(figsize=(6.6, 3.6))
    infinity, kernels = axis_to_infinity(axes, {*table.width.dropna(), *FEW_SHOT})
    accuracy = _percent_accuracy(table)
    errors_against_width(axes, accuracy, color=BLUE, marker="o", linestyle="-", zorder=3)
    draw_limit(axes, infinity, mean_over_seeds(accuracy[accuracy.width.isna()].value.to_numpy()))
    draw_reported(axes, infinity, {width: 100 * value for width, value in FEW_SHOT.items()})
    for number, name in enumerate(_KERNELS):
        _draw_kernel(axes, kernels * _ASIDE[number], tables[name], name, number)
    axes.axhline(_CHANCE, color="0.6", linewidth=0.9, linestyle=DOTTED)
    axes.set_ylabel("accuracy after adaptation (%)")
    figure.legend(handles=_handles(), loc="outside right center", handlelength=2.4)
    return figure


def _percent_accuracy(table: pd.DataFrame) -> pd.DataFrame:
    """Return the test accuracy of every net, whose step is the epoch that was best in validation."""
    rows = table[table.metric == "test_accuracy"]
    return rows.assign(value=100 * rows.value)


def _draw_kernel(axes: Axes, at: float, table: pd.DataFrame, name: str, number: int) -> None:
    draw_kernel(axes, at, mean_over_seeds(_percent_accuracy(table).value.to_numpy()), number)
    reported = 100 * FEW_SHOT_OF_KERNELS[name.removeprefix("maml_")]
    axes.plot([at], [reported], KERNEL_MARKS[number], color=KERNEL_TONES[number], **REPORTED)


def _handles() -> list[Line2D]:
    kernels = [
        Line2D([], [], color=KERNEL_TONES[number], marker=KERNEL_MARKS[number], linestyle=DASHED, label=label)
        for number, label in enumerate(_KERNELS.values())
    ]
    return [
        Line2D([], [], marker="D", label="μP limit", **LIMIT),
        Line2D([], [], color=BLUE, marker="o", label="finite nets in μP"),
        *kernels,
        Line2D([], [], color="0.6", linewidth=0.9, linestyle=DOTTED, label="chance"),
        Line2D([], [], color="0.3", marker="o", label="open: reported\n(Omniglot)", **REPORTED),
    ]
