"""Few-shot learning: finite nets, their limit and kernels."""

import math

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.statistics import Estimate, exact, mean_over_seeds
from infwidth.analysis.table import Table, Tables
from infwidth.plotting import legends
from infwidth.plotting.infinity import axis_to_infinity, draw_kernel, draw_limit
from infwidth.plotting.lines import points
from infwidth.plotting.style import DASHED, FULL, GUIDE, LAZY, width_colours
from infwidth.topics.few_shot.measures import FEW_SHOT, FEW_SHOT_OF_KERNELS

#: Table of a kernel → its name, its mark, and the factor that sets the mark apart on the axis.
_KERNELS = {
    "maml_ntk": ("NTK, ReLU", "^", 0.4),
    "maml_gp": ("GP, ReLU", "v", 1.0),
    "maml_linear_kernel": ("linear kernel", "s", 2.5),
}
_CHANCE = 20.0


def maml(tables: Tables) -> Figure:
    """Test accuracy against width, with the limit and the kernels: measured (left), and reported by the paper."""
    table = tables["maml_linear"]
    figure, (left, right) = plt.subplots(1, 2, figsize=(FULL, 3.0), width_ratios=(1.5, 1), sharey=True)
    nets = _in_percent(table.nets("test_accuracy"))
    points(left, nets, colours=width_colours(nets.width))
    infinity, kernels = axis_to_infinity(left, nets.width)
    draw_limit(left, infinity, _mean(table))
    for name, (_, marker, aside) in _KERNELS.items():
        draw_kernel(left, kernels * aside, _mean(tables[name]), marker)
    _draw_reported(right)
    for axes, title in ((left, "measured"), (right, "reported, on Omniglot")):
        axes.axhline(_CHANCE, **GUIDE)
        axes.set_title(title)
    left.set_ylabel("accuracy after adaptation (%)")
    of_kernels = [
        legends.line(name, color=LAZY, marker=marker, linestyle=DASHED) for name, marker, _ in _KERNELS.values()
    ]
    legends.below(
        figure,
        [
            legends.line("finite nets in μP", marker="o"),
            legends.limit("μP limit", marker="D"),
            *of_kernels,
            legends.guide("chance"),
        ],
        handlelength=2.2,
    )
    return figure


def _draw_reported(axes: Axes) -> None:
    """Draw the paper's numbers, each of a tuned net, on an axis of their own."""
    reported = {width: 100 * value for width, value in FEW_SHOT.items()}
    finite = [width for width in reported if math.isfinite(width)]
    axes.plot(finite, [reported[width] for width in finite], "-o", color="0.35", linewidth=1, markersize=4.5)
    infinity, kernels = axis_to_infinity(axes, finite, shown=2)
    draw_limit(axes, infinity, exact(reported[math.inf]))
    for name, (_, marker, aside) in _KERNELS.items():
        draw_kernel(axes, kernels * aside, exact(100 * FEW_SHOT_OF_KERNELS[name.removeprefix("maml_")]), marker)


def _in_percent(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(value=100 * rows.value)


def _mean(table: Table) -> Estimate:
    return mean_over_seeds(_in_percent(table.limit("test_accuracy")).value.to_numpy())
