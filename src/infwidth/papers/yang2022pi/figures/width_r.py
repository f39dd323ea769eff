"""Accuracy and loss over width and rank."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.yang2022pi.measured import tuned
from infwidth.plotting.style import FULL

_MUP = "μ-net"


def width_r(tables: Tables) -> Figure:
    """Two maps: test accuracy and train loss, rows ranks and μ-nets, columns widths."""
    figure, panels = plt.subplots(1, 2, figsize=(FULL, 2.7), sharey=True)
    for axes, metric, factor, title in (
        (panels[0], "test_accuracy", 100.0, "test accuracy (%)"),
        (panels[1], "train_loss", 1.0, "train loss"),
    ):
        _map(axes, factor * _means(tables, metric), reverse=metric == "train_loss")
        axes.set_title(title)
        axes.set_xlabel("width n")
    panels[0].set_ylabel("rank r")
    return figure


def _means(tables: Tables, metric: str) -> pd.DataFrame:
    """Return means over seeds: rows the μ-nets and ranks, largest first, columns the widths and infinity."""
    final: Table = tables["images"].at_end()
    rows = pd.concat([final.nets(metric), final.limit(metric)])
    of_pi = rows.assign(width=rows.width.fillna(np.inf)).pivot_table(index="rank", columns="width", values="value")
    of_pi = of_pi.sort_index(ascending=False)
    of_mup = tuned(tables["images_mup"], metric).groupby("width").value.mean()
    means = pd.concat([of_mup.reindex(of_pi.columns).to_frame().T, of_pi])
    means.index = pd.Index([_MUP, *(f"{rank:g}" for rank in of_pi.index)])
    means.columns = pd.Index(["∞" if np.isinf(width) else f"{width:g}" for width in of_pi.columns])
    return means


def _map(axes: Axes, means: pd.DataFrame, *, reverse: bool) -> None:
    sns.heatmap(
        means, ax=axes, cmap="viridis_r" if reverse else "viridis", annot=True, fmt=".3g", cbar=False, linewidths=0.8,
        annot_kws={"fontsize": 8},
    )  # fmt: skip
    axes.axhline(1, color="white", linewidth=4)
    axes.axvline(means.shape[1] - 1, color="white", linewidth=4)
    axes.tick_params(rotation=0, length=0)
    axes.set_ylabel("")
    axes.grid(visible=False)
