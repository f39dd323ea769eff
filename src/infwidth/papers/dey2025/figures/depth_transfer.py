"""Losses of transformers against the learning rate over depths, and what their branches learn beyond linear."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import NotTestableError, Table, Tables
from infwidth.papers.dey2025.measured import CHANCE, KINDS, LOSS, beyond_linear
from infwidth.plotting import legends
from infwidth.plotting.axes import log_heights
from infwidth.plotting.lines import curve
from infwidth.plotting.style import DASHED, DOTTED, FULL, GUIDE, LAZY, RICH, depth_colours
from infwidth.topics.lr_transfer import panels

#: Powers of L by which branches are divided: title, line.
_POWERS: dict[str, tuple[str, dict[str, Any]]] = {
    "0": ("branches not divided", {"color": "0.35", "marker": "v"}),
    "1/2": ("1/√L, depth-μP", {"color": LAZY, "marker": "s"}),
    "1": ("1/L, CompleteP", {"color": RICH, "marker": "o"}),
}
_THEORY = {"color": "0.6", "linestyle": DASHED, "linewidth": 1.0, "zorder": 1}
_SLOWER = 8.0


def depth_transfer(tables: Tables) -> Figure:
    """Draw sweeps over depths (top), how best rates move, and what branches learn beyond linear (bottom)."""
    table = tables["depths"]
    depths = [2 * n for n in table.values("n_blocks")]
    figure, (sweeps, (best, *learned)) = plt.subplots(2, 3, figsize=(FULL, 5.2))
    _sweeps(sweeps, best, table)
    best.plot(depths, [(depth / depths[0]) ** -0.5 for depth in depths], **_THEORY)
    best.axhline(1, **GUIDE)
    best.set_title("best rate / shallowest nets'")
    best.set_yscale("log", base=2)
    for panel, (kind, noun) in zip(learned, KINDS.items(), strict=True):
        _beyond(panel, table, kind, depths)
        panel.set_title(noun)
    for panel in (best, *learned):
        panel.set_xlabel("branches L")
        panel.set_xscale("log", base=2)
        panel.set_xticks(depths, [f"{depth}" for depth in depths])
        panel.minorticks_off()
    learned[0].set_ylabel("beyond linear / linear")
    for panels_ in (sweeps, learned):
        _same_heights(panels_)
    handles = [
        *legends.depths(depths),
        *(legends.line(title, **line) for title, line in _POWERS.values()),
        legends.line("at an eighth of the rate", linestyle=DOTTED),
        legends.line("L^(−1/2)", **_THEORY),
    ]
    legends.below(figure, handles, ncols=5)
    return figure


def _sweeps(axes: list[Axes], best: Axes, table: Table) -> None:
    """Draw losses against rates, a panel a power of the table, and best rates over the shallowest nets'."""
    by_branches = Table(table.frame.assign(n_blocks=2 * table.frame.n_blocks), table.name)
    for panel, (power, (title, line)) in zip(axes, _POWERS.items(), strict=True):
        how: dict[str, Any] = {"metric": LOSS, "axis": "n_blocks", "chance": CHANCE}
        panel.set_title(title)
        panel.set_xlabel("learning rate η")
        try:
            nets = by_branches.at(branch_power=power)
        except NotTestableError:
            continue
        optima = panels.sweep(panel, nets, symbol="L", palette=depth_colours, **how)
        panel.set_title(f"{title}\n{panels.moves(nets, **how)}")
        rates = optima[["lr", "low", "high"]]
        panels.best_rates(best, optima.assign(**rates / rates.lr[0]), axis="n_blocks", **line)
    axes[0].set_ylabel("train loss of the last steps")


def _same_heights(axes: Sequence[Axes]) -> None:
    """Give panels the same logarithmic heights, those of all that is drawn."""
    heights = np.concatenate([line.get_ydata() for panel in axes for line in panel.lines])
    for panel in axes:
        panel.set_ylim(0.85 * heights.min(), 1.15 * heights.max())
        log_heights(panel)


def _beyond(panel: Axes, table: Table, kind: str, depths: list[int]) -> None:
    """Draw what branches of a kind learn beyond linear against the depth, a line a power."""
    for power, (_, line) in _POWERS.items():
        for slower, style in ((1.0, "-"), (_SLOWER, DOTTED)):
            try:
                rows = beyond_linear(table, power, kind, slower=slower)
            except NotTestableError:
                continue
            rows["n_blocks"] *= 2
            curve(panel, rows, x="n_blocks", linestyle=style, **line)
            if power == "1/2":
                start = rows[rows.n_blocks == rows.n_blocks.min()].value.mean()
                panel.plot(depths, [start * (depth / depths[0]) ** -0.5 for depth in depths], **_THEORY)
    panel.set(xlabel="", ylabel="")
