"""Panels of sweeps over learning rates that several figures share."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.yang2023.measured import CHANCE, LOSS, losses_at_best, optima
from infwidth.plotting import legends
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.lines import points
from infwidth.plotting.style import FULL
from infwidth.topics.lr_transfer import panels, sheets

LOSS_LABEL = "train loss of the last steps"


class Kind(NamedTuple):
    """How a figure calls an experiment and draws it, and how many layers a block has there."""

    title: str
    line: Mapping[str, Any]
    layers: int = 1


def sheet(tables: Tables, kinds: Mapping[str, Kind], *, noun: str = "depth L") -> Figure:
    """Draw, for every kind, losses over learning rates, a colour a depth; and best losses and rates against depth."""
    columns = len(kinds) + 1 if len(kinds) > 1 else 3
    figure, axes = plt.subplots(1, columns, figsize=(FULL, 2.75))
    *sweeps, summary = axes if len(kinds) > 1 else (axes[0], axes[1])
    rates = axes[2] if len(kinds) == 1 else None
    over_rates(sweeps, [(tables[name], kind.title) for name, kind in kinds.items()])
    best_over_depth(summary, tables, kinds, noun)
    if rates is not None:
        best_rates(rates, tables, kinds, noun)
    depths = sorted({int(depth) for name in kinds for depth in tables[name].values("n_blocks")})
    of_kinds = [legends.line(kind.title, **kind.line) for kind in kinds.values()]
    legends.below(figure, [*legends.depths(depths), *of_kinds], ncols=6)
    return figure


def over_rates(axes: Sequence[Axes], sweeps: Sequence[tuple[Table, str]]) -> None:
    """Draw sweeps of the paper side by side; see ``sheets.over_rates``."""
    sheets.over_rates(axes, sweeps, metric=LOSS, chance=CHANCE)


def best_over_depth(axes: Axes, tables: Tables, kinds: Mapping[str, Kind], noun: str) -> None:
    """Draw the loss at the best rate of every depth, counted in ``noun``, with its interval over seeds."""
    drawn = []
    for name, kind in kinds.items():
        rows = losses_at_best(tables[name])
        rows = rows.assign(n_layers=kind.layers * rows.n_blocks)
        points(axes, rows, x="n_layers", **{"markersize": 4, "markeredgecolor": "none", **kind.line})
        drawn.append(rows.n_layers)
    log_heights(axes)
    width_axis(axes, pd.concat(drawn), noun)
    axes.set_title("at the best rate\n ")


def best_rates(axes: Axes, tables: Tables, kinds: Mapping[str, Kind], noun: str) -> None:
    """Draw the best rate of every depth with its interval over seeds, on the axis of all rates of the grids."""
    for name, kind in kinds.items():
        panels.best_rates(axes, optima(tables[name]), axis="n_blocks", **kind.line)
    rates, depths = ([size for name in kinds for size in tables[name].values(axis)] for axis in ("lr", "n_blocks"))
    axes.set(xlim=(min(depths) / 1.2, max(depths) * 1.2), ylim=(min(rates) / 1.2, max(rates) * 1.2))
    axes.set_yscale("log", base=2)
    width_axis(axes, depths, noun)
    axes.set_title("best rate η*\n ")
