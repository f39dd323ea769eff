"""Few-shot learning: finite nets, their limit and kernels."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.statistics import Estimate, mean_over_seeds
from infwidth.analysis.table import Table, Tables
from infwidth.plotting import legends
from infwidth.plotting.infinity import REPORTED, axis_to_infinity, draw_kernel, draw_limit, draw_reported
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
    """Test accuracy against width, with the limit, the kernels, and what the paper reports."""
    table = tables["maml_linear"]
    figure, axes = plt.subplots(figsize=(FULL, 3.2))
    nets = _in_percent(table.nets("test_accuracy"))
    points(axes, nets, colours=width_colours(nets.width))
    infinity, kernels = axis_to_infinity(axes, {*nets.width, *FEW_SHOT})
    draw_limit(axes, infinity, _mean(table))
    draw_reported(axes, infinity, {width: 100 * value for width, value in FEW_SHOT.items()})
    for name, (_, marker, aside) in _KERNELS.items():
        _draw_kernel(axes, kernels * aside, tables[name], FEW_SHOT_OF_KERNELS[name.removeprefix("maml_")], marker)
    axes.axhline(_CHANCE, **GUIDE)
    axes.set_ylabel("accuracy after adaptation (%)")
    of_kernels = [
        legends.line(name, color=LAZY, marker=marker, linestyle=DASHED) for name, marker, _ in _KERNELS.values()
    ]
    legends.below(
        figure,
        [
            legends.limit("μP limit", marker="D"),
            legends.line("finite nets in μP", marker="o"),
            *of_kernels,
            legends.guide("chance"),
            legends.line("reported (Omniglot)", marker="o", **REPORTED),
        ],
        ncols=4,
        handlelength=2.2,
    )
    return figure


def _in_percent(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(value=100 * rows.value)


def _mean(table: Table) -> Estimate:
    return mean_over_seeds(_in_percent(table.limit("test_accuracy")).value.to_numpy())


def _draw_kernel(axes: Axes, at: float, table: Table, reported: float, marker: str) -> None:
    draw_kernel(axes, at, _mean(table), marker)
    axes.plot([at], [100 * reported], marker, **REPORTED)
