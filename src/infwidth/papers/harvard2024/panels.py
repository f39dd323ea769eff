"""Panels that several figures of the post share."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from infwidth.analysis.lr_optimum import optimum_table
from infwidth.analysis.table import Table, Tables
from infwidth.papers.harvard2024.measured import AXES, CHANCE, OPTIMIZERS
from infwidth.plotting import legends
from infwidth.plotting.axes import log_heights
from infwidth.plotting.style import FULL, GUIDE, depth_colours, width_colours
from infwidth.topics.lr_transfer import panels

_METRIC = "train_loss"
_SYMBOLS = {"width": "N", "n_blocks": "L"}
_NAMES = {"sp": "PyTorch's default", "mup": "μP with 1/√L"}
_PALETTES = {"width": width_colours, "n_blocks": depth_colours}
_MARKS: dict[str, dict[str, Any]] = {
    "width": {"color": "0.2", "marker": "o", "linestyle": "-"},
    "n_blocks": {"color": "0.55", "marker": "s", "linestyle": (0, (4, 1.5))},
}
#: How the optima of the other parametrization are drawn beside those of a sheet.
_CONTROL: dict[str, Any] = {"color": "#d9a5a7", "zorder": 1}
#: The best rates of all sheets have one axis: factors of the first net's.
_FACTORS = (2.0**-5.5, 2.0**2.5)


def rates_sheet(tables: Tables, rule: str, control: str) -> Figure:
    """Draw losses against rates over widths and depths, and how the best rate moves; SGD (top) and Adam (bottom).

    The optima of the ``control``, the other parametrization, are beside those of ``rule``, and the losses of both have
    room: the two sheets have one axis.
    """
    figure, rows = plt.subplots(len(OPTIMIZERS), 3, figsize=(FULL, 4.9), width_ratios=(5, 5, 3.6))
    for (*sweeps, moved), (optimizer, label) in zip(rows, OPTIMIZERS.items(), strict=True):
        for axes, (name, (column, noun)) in zip(sweeps, AXES.items(), strict=True):
            table, other = tables[f"{rule}_{name}_{optimizer}"], tables[f"{control}_{name}_{optimizer}"]
            optima = panels.sweep(
                axes,
                table,
                axis=column,
                metric=_METRIC,
                symbol=_SYMBOLS[column],
                palette=_PALETTES[column],
                chance=CHANCE,
            )
            of_control = optimum_table(other, axis=column, metric=_METRIC, chance=CHANCE)
            panels.best_rates(moved, of_control, axis=column, relative=True, **_MARKS[column] | _CONTROL)
            panels.best_rates(moved, optima, axis=column, relative=True, **_MARKS[column])
            axes.axhline(CHANCE, **GUIDE)
            moves = panels.moves(table, metric=_METRIC, axis=column, chance=CHANCE)
            axes.set_title(f"{label}, growing {noun}\nlog₂ η*: {moves}")
            _loss_axis(axes, _lowest(tables, optimizer))
        sweeps[0].set_ylabel("final train loss (cross-entropy)")
        sweeps[1].set_yticklabels([])
        moved.axhline(1, **GUIDE)
        moved.set_xscale("log", base=2)
        moved.set_yscale("log", base=2)
        moved.set(ylim=_FACTORS, xlabel="width or depth / first", title=f"{label}: best rate / first")
    handles = [*legends.widths(_sizes(tables, "width")), *legends.depths(_sizes(tables, "n_blocks"))]
    of_best = [legends.line(f"best rate, {noun}", **_MARKS[column]) for column, noun in AXES.values()]
    beside = legends.line(f"the same in {_NAMES[control]}", **_CONTROL)
    legends.below(figure, [*handles, *of_best, beside], ncols=5)
    return figure


def _loss_axis(axes: plt.Axes, lowest: float) -> None:
    log_heights(axes)
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_ylim(0.85 * lowest, 1.2 * CHANCE)


def _lowest(tables: Tables, optimizer: str) -> float:
    """Return the lowest mean final loss of all sweeps of an optimizer."""
    means = [
        table.at_end().nets(_METRIC).groupby([axis, "lr"]).value.mean().min()
        for name, table in tables.items()
        if name.endswith(optimizer)
        for axis in (AXES[name.split("_")[1]][0],)
    ]
    return float(np.nanmin(means))


def _sizes(tables: Tables, column: str) -> list[int]:
    return sorted({int(size) for t in tables.values() if column in t.frame for size in t.values(column)})


def less_base(table: Table) -> pd.DataFrame:
    """Return every net's test loss less that of the base width's net, paired over seeds, by rule, width and step."""
    losses = table.nets("test_loss").pivot(index=["rule", "step", "seed"], columns="width", values="value")
    base = losses.columns.min()
    return losses.sub(losses[base], axis=0).melt(ignore_index=False, var_name="width").reset_index()
