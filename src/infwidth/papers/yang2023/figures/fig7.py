"""Heat maps of the loss over block multiplier and learning rate, of three depths."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.yang2023 import measured
from infwidth.papers.yang2023.measured import CHANCE, LOSS
from infwidth.plotting import maps
from infwidth.plotting.style import FULL


def fig7(tables: Tables) -> Figure:
    """Draw a map a depth, on one scale, with the best rate of every multiplier."""
    grid = tables["multipliers"]
    losses = {
        int(depth): grid.at(n_blocks=depth).at_end().nets(LOSS).pivot_table(
            index="branch_multiplier", columns="lr", values="value", aggfunc=lambda of: of.mean()
        ).clip(upper=CHANCE)
        for depth in grid.values("n_blocks")
    }  # fmt: skip
    lowest = min(float(np.nanmin(of.to_numpy())) for of in losses.values())
    figure, axes = plt.subplots(1, len(losses), figsize=(FULL, 2.5), sharey=True)
    for panel, (depth, of) in zip(np.atleast_1d(axes), losses.items(), strict=True):
        sns.heatmap(
            np.log2(of), ax=panel, cmap="mako", vmin=np.log2(lowest), vmax=np.log2(CHANCE), cbar=False, square=True,
            xticklabels=_powers(of.columns), yticklabels=_powers(of.index), rasterized=True,
        )  # fmt: skip
        panel.invert_yaxis()
        best = measured.optima(grid.at(n_blocks=depth), "branch_multiplier")
        _mark(panel, best, of)
        panel.set(title=f"L = {depth}", xlabel="log₂ η", ylabel="")
    np.atleast_1d(axes)[0].set_ylabel("log₂ a")
    maps.colour_bar(list(np.atleast_1d(axes)), label="log₂ of the train loss", shrink=0.8)
    return figure


def _powers(values: pd.Index) -> list[str]:
    return [f"{round(power)}".replace("-", "−") for power in np.log2(values.to_numpy(float))]


def _mark(panel: plt.Axes, best: pd.DataFrame, of: pd.DataFrame) -> None:
    """Draw the best rates over a map, open where they are only bounds; its cells count from one half."""
    x = np.interp(np.log2(best.lr), np.log2(of.columns.to_numpy(float)), np.arange(of.shape[1])) + 0.5
    y = np.interp(np.log2(best.branch_multiplier), np.log2(of.index.to_numpy(float)), np.arange(of.shape[0])) + 0.5
    panel.plot(x, y, color="white", linewidth=1)
    for edge, fill in ((False, "#ffffff"), (True, "none")):
        chosen = (best.edge != "").to_numpy() == edge
        panel.plot(x[chosen], y[chosen], "o", color="white", markersize=4.5, markerfacecolor=fill)
