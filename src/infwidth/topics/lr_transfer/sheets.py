"""Sweeps over learning rates side by side, on one axis of losses."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from infwidth.analysis.table import Table
from infwidth.plotting.axes import log_heights
from infwidth.plotting.style import GUIDE, depth_colours, width_colours
from infwidth.topics.lr_transfer import panels

_PALETTES = {"width": ("N", width_colours), "n_blocks": ("L", depth_colours)}


def over_rates(
    axes: Sequence[Axes], sweeps: Sequence[tuple[Table, str]], *, metric: str, chance: float, axis: str = "n_blocks"
) -> None:
    """Draw, for each table and title, losses against rates, a colour a width or depth, each with its best rate.

    The title's second line says how the best rate moves; ``chance``, the loss of a net that says nothing, is dotted.
    """
    symbol, palette = _PALETTES[axis]
    lowest = []
    for panel, (table, title) in zip(axes, sweeps, strict=True):
        rates = table.values("lr")
        panel.set(xlim=(min(rates) / 1.3, max(rates) * 1.3), ylim=(1.0, chance))
        found = panels.sweep(panel, table, metric=metric, axis=axis, symbol=symbol, palette=palette, chance=chance)
        panel.set_title(f"{title}\n{panels.moves(table, metric=metric, axis=axis, chance=chance)}")
        lowest.append(found.loss.min())
    for panel in axes:
        panel.set_ylim(0.9 * float(np.nanmin([*lowest, chance])), 1.1 * chance)
        log_heights(panel)
        panel.axhline(chance, **GUIDE)
        if panel is not axes[0]:
            panel.set_yticklabels([])
    axes[0].set_ylabel("train loss of the last steps")
