"""Panels on nets of growing width in one parametrization, which several papers draw.

Every panel takes the table of one experiment, whose axis is ``width``; a width has its colour.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import isqrt

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.bias_variance import infinite_ensemble, single
from infwidth.analysis.distances import alignment, arrays
from infwidth.analysis.statistics import mean_over_seeds
from infwidth.analysis.table import Table, Tables
from infwidth.plotting import legends
from infwidth.plotting.axes import step_axis
from infwidth.plotting.lines import curves, single_nets
from infwidth.plotting.maps import colour_bar, signed_map
from infwidth.plotting.style import FULL, GUIDE, width_colours
from infwidth.plotting.text import number
from infwidth.topics.consistency.measures import TASKS, behind_widest

LOSS_LABEL = "test loss (cross-entropy)"

#: Part of the entries of a map's absolute values that its colours tell apart; the largest few are beyond the scale.
_TOLD_APART = 0.97

#: Densities are shown where they are above this part of the highest.
_SEEN = 0.004

#: Experiment → which maps its nets are drawn by, and what these are called.
_MAPS = {"vision_online": ("kernel", "feature kernel"), "language": ("attention", "attention")}


def all_widths(tables: Iterable[Table]) -> list[int]:
    """Return every width of several experiments, for one legend."""
    return sorted({int(width) for table in tables for width in table.values("width")})


def by_task(tables: Tables, experiments: Iterable[str] = tuple(TASKS)) -> dict[str, Table]:
    """Return the tables of the experiments on growing widths by what people call them."""
    return {TASKS[experiment]: tables[experiment] for experiment in experiments}


def loss_curves(panels: Mapping[str, Table], row: Sequence[Axes]) -> None:
    """Draw the test losses of single nets (thin) and their means against steps, a panel a task."""
    for axes, (task, table) in zip(row, panels.items(), strict=True):
        nets_and_mean(axes, after_start(table.nets("test_loss")))
        step_axis(axes)
        axes.set_title(task)
    row[0].set_ylabel(LOSS_LABEL)


def nets_and_mean(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw a thin line a net and the mean of each width, against steps."""
    single_nets(axes, rows, linewidth=0.4, alpha=0.35)
    curves(axes, rows, band=False, linewidth=1.4)


def after_start(rows: pd.DataFrame) -> pd.DataFrame:
    """Return what was measured after the first step or later: zero has no place on a logarithmic axis."""
    return rows[rows.step >= 1]


def losses_and_gaps(panels: Mapping[str, Table], *, sharey: bool = False) -> Figure:
    """Draw test losses (top), and their logarithms less that of the widest nets' mean (bottom)."""
    figure, rows = plt.subplots(
        2, len(panels), figsize=(FULL, 4.3), sharex="col", sharey="row" if sharey else False, height_ratios=(3, 2)
    )
    loss_curves(panels, list(rows[0]))
    for above, below, table in zip(*rows, panels.values(), strict=True):
        curves(below, after_start(behind_widest(table)))
        below.axhline(0, **GUIDE)
        step_axis(below)
        above.set_xlabel("")
    rows[1, 0].set_ylabel("log loss, less that\nof the widest nets")
    legends.below(figure, legends.widths(all_widths(panels.values())))
    return figure


def representations(tables: Tables, experiments: Sequence[str]) -> Figure:
    """Draw what nets have learned, a row an experiment: densities of preactivations, and maps at all widths."""
    figure = plt.figure(figsize=(FULL, 0.5 + 1.7 * len(experiments)))
    rows = figure.subfigures(len(experiments), 1, squeeze=False)[:, 0]
    for row, experiment in zip(rows, experiments, strict=True):
        widths = tables[experiment].values("width")
        first, *others = row.subplots(1, 1 + len(widths), width_ratios=[1.5, *[1.0] * len(widths)])
        _densities(first, tables[experiment])
        first.set_title(TASKS[experiment])
        _maps(others, tables[experiment], *_MAPS[experiment])
    legends.below(figure, legends.widths(all_widths(tables[experiment] for experiment in experiments)))
    return figure


def _densities(axes: Axes, table: Table) -> None:
    """Draw the densities of the deepest layer's preactivations, the mean over seeds with its interval."""
    end = table.at(step=table.last_step())
    centres = end.nets("bin_centre").drop_duplicates("index").set_index("index").value
    rows = end.at(layer=table.deepest_layer("density")).nets("density")
    rows = rows.assign(at=rows["index"].map(centres))
    curves(axes, rows, x="at", band=False, linewidth=1.2)
    seen = rows[rows.value > _SEEN * rows.value.max()]["at"]
    axes.set(xlabel="preactivation", ylabel="density", ylim=(0, None), xlim=(seen.min(), seen.max()))


def _maps(panels: Sequence[Axes], table: Table, metric: str, label: str) -> None:
    """Draw maps over their trace, averaged over seeds, a panel a width: their trace, and the cosine with the widest."""
    flat = arrays(table, metric=metric, step=table.last_step(), layer=table.deepest_layer(metric))
    averages = {width: np.mean([a for (w, _), a in flat.items() if w == width], axis=0) for width in widths_of(flat)}
    side = isqrt(len(next(iter(averages.values()))))
    shapes = {width: average.reshape(side, side) for width, average in averages.items()}
    traces = {width: float(np.trace(shape)) for width, shape in shapes.items()}
    scaled = {width: side * shape / traces[width] for width, shape in shapes.items()}
    entries = np.abs(np.concatenate([shape.ravel() for shape in scaled.values()]))
    widest = scaled[max(scaled)]
    for axes, (width, shape) in zip(panels, scaled.items(), strict=True):
        cosine = "" if width == max(scaled) else f"cos {alignment(shape, widest):.3f}"
        largest = float(np.quantile(entries[entries > 0], _TOLD_APART))
        signed_map(axes, shape, largest=largest, signed=any((of_width < 0).any() for of_width in scaled.values()))
        axes.set_title(f"N = {width:g}")
        axes.set_xlabel(f"trace {number(traces[width], 0 if traces[width] > 10 else 1)}" + f"\n{cosine}")
    colour_bar(panels, label=f"{label}\n/ mean diagonal", extend="max", shrink=0.75, pad=0.02, aspect=14)


def widths_of(arrays_of_nets: Iterable[tuple[float, int]]) -> list[float]:
    """Return the widths of arrays by width and seed."""
    return sorted({width for width, _ in arrays_of_nets})


def wider_or_more(panels: Mapping[str, Table]) -> Figure:
    """Draw final test losses of single nets and of ensembles against how much net they are, a panel a task."""
    figure, row = plt.subplots(1, len(panels), figsize=(FULL, 2.9), squeeze=False)
    for axes, (task, table) in zip(row[0], panels.items(), strict=True):
        n_seeds = _wider_or_more(axes, table)
        axes.set(title=task, xlabel="E · N²")
    row[0, 0].set_ylabel("test loss at the end")
    legends.below(
        figure,
        [
            *legends.widths(all_widths(panels.values()), marker="o"),
            legends.line("one net", marker="o", linestyle="-"),
            legends.line(f"ensembles of 2 to {n_seeds}", marker=".", linestyle="-", linewidth=0.8),
            legends.line("of infinitely many", marker="_", markersize=9, linestyle=""),
        ],
    )
    return figure


def _wider_or_more(axes: Axes, table: Table) -> int:
    """Draw one net a width, joined, and from each ensembles of 2, 3, … and infinitely many; return the largest E."""
    step, widths = table.last_step(), table.values("width")
    alone = {width: single(table, width=width, step=step) for width in widths}
    axes.plot([w**2 for w in widths], [alone[w].value for w in widths], color="0.35", linewidth=1, zorder=1)
    by_size = table.at(step=step).ensemble("ensemble_loss_of")
    for width, colour in width_colours(widths).items():
        losses = by_size[by_size.width == width].sort_values("index")
        sizes = losses["index"].to_numpy()
        axes.plot(sizes * width**2, losses.value, color=colour, linewidth=0.8, marker=".", markersize=3.5, zorder=2)
        limit = mean_over_seeds(infinite_ensemble(table, width=width, step=step))
        for estimate, at, mark in ((alone[width], 1, "o"), (limit, 1.6 * sizes[-1], "_")):
            half = estimate.high - estimate.value if np.isfinite(estimate.high) else 0.0
            axes.errorbar(
                [at * width**2], [estimate.value], yerr=[half], fmt=mark, color=colour, capsize=2, elinewidth=0.9,
                markersize=5 if mark == "o" else 9, zorder=3,
            )  # fmt: skip
    axes.set_xscale("log", base=2)
    return int(by_size["index"].max())
