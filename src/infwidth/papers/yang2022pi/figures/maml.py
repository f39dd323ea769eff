"""Few-shot learning: finite π-nets, the infinite one and kernels."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.statistics import exact, mean_over_seeds
from infwidth.analysis.table import Tables
from infwidth.papers.yang2022pi.measured import FINITE, LIMIT, MUP, NNGP, NTK, REPORTED
from infwidth.plotting import legends
from infwidth.plotting.infinity import REPORTED as FAINT
from infwidth.plotting.infinity import axis_to_infinity, draw_kernel, draw_limit
from infwidth.plotting.lines import points
from infwidth.plotting.style import DASHED, FULL, GUIDE, LAZY, width_colours

#: Table of a kernel → its name in the paper, what it is, its mark, and the factor that sets the mark apart.
_KERNELS = {"maml_ntk": (NTK, "NTK", "^", 0.5), "maml_gp": (NNGP, "NNGP", "v", 2.0)}
_CHANCE = 20.0
_UNTRAINED = {"marker": "x", "linestyle": "", "color": "0.5"}


def maml(tables: Tables) -> Figure:
    """Test accuracy against width, with the limit and the kernels: measured (left), and reported (right)."""
    table = tables["maml"]
    figure, (left, right) = plt.subplots(1, 2, figsize=(FULL, 3.0), width_ratios=(1.6, 1), sharey=True)
    nets = _in_percent(table.nets("test_accuracy"))
    points(left, nets, colours=width_colours(nets.width))
    before = _in_percent(pd.concat([table.nets("untrained_accuracy"), table.limit("untrained_accuracy")]))
    infinity, kernels = axis_to_infinity(left, nets.width)
    means = before.assign(width=before.width.fillna(infinity)).groupby("width").value.mean()
    left.plot(means.index, means.to_numpy(), **_UNTRAINED)
    draw_limit(left, infinity, mean_over_seeds(_in_percent(table.limit("test_accuracy")).value.to_numpy()))
    for name, (_, _, marker, aside) in _KERNELS.items():
        accuracy = _in_percent(tables[name].limit("test_accuracy")).value
        draw_kernel(left, kernels * aside, mean_over_seeds(accuracy.to_numpy()), marker)
    left.set(title="measured", ylabel="accuracy after adaptation (%)")
    _reported(right)
    for axes in (left, right):
        axes.axhline(_CHANCE, **GUIDE)
    legends.below(
        figure,
        [
            legends.line("finite π-nets", marker="o"),
            legends.limit("infinite π-net", marker="D"),
            legends.line("untrained features", **_UNTRAINED),
            *(legends.line(name, color=LAZY, marker=m, linestyle=DASHED) for _, name, m, _ in _KERNELS.values()),
            legends.guide("chance"),
        ],
        handlelength=2.2,
    )
    return figure


def _reported(axes: Axes) -> None:
    reported = {name: 100 * value for name, value in REPORTED["few-shot"].items()}
    axes.plot([0], [reported[MUP]], "s", **FAINT)
    axes.plot([1], [reported[FINITE]], "o", **FAINT)
    draw_limit(axes, 2, exact(reported[LIMIT]))
    for at, name, marker in ((3, NTK, "^"), (4, NNGP, "v")):
        draw_kernel(axes, at, exact(reported[name]), marker)
    names = (MUP, FINITE, LIMIT, NTK, NNGP)
    axes.set_xticks(range(5), [name.replace(" ", "\n") for name in names], fontsize=7)
    axes.set(title="reported, on Omniglot", xlim=(-0.6, 4.6))


def _in_percent(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(value=100 * rows.value)
