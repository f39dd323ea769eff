"""Panels that several figures of the paper share."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from infwidth.analysis.chance import TEN_CLASSES
from infwidth.analysis.table import Table
from infwidth.papers.yang2022.measured import LOSS, Loss
from infwidth.plotting.axes import log_heights
from infwidth.plotting.style import GUIDE
from infwidth.topics.lr_transfer import panels


def mlp_sweep(
    axes: Axes, table: Table, *, title: str, loss: Loss = "cross_entropy", moves: bool = True
) -> pd.DataFrame:
    """Draw train losses of the last epoch against the rate, a colour a width, and say how the best rate ``moves``.

    Return the optima.
    """
    chance = TEN_CLASSES[loss]
    optima = panels.sweep(axes, table, metric=LOSS, chance=chance, symbol="n")
    axes.axhline(chance, **GUIDE)
    by = panels.moves(table, metric=LOSS, chance=chance, unit="")
    axes.set_title(f"{title}\nlog₂ η*: {by}" if moves else title)
    return optima


def share_heights(axes: list[Axes], optima: list[pd.DataFrame], loss: Loss = "cross_entropy") -> None:
    """Give the panels one logarithmic axis, from below the best loss to above a net that says nothing."""
    low = min([float(found.loss.min()) for found in optima if len(found)], default=TEN_CLASSES[loss] / 2)
    for panel in axes:
        log_heights(panel)
        panel.set_ylim(0.85 * low, 1.2 * TEN_CLASSES[loss])
    rates = np.array([panel.get_xlim() for panel in axes])
    for panel in axes:
        panel.set_xlim(rates[:, 0].min(), rates[:, 1].max())
        panel.set_ylabel("")
