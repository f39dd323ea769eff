"""Error, part of variance and alignment over examples and output scale."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.atanasov2022.measured import of_sets, ratio_of_means
from infwidth.plotting.style import FULL


def fig2(tables: Tables) -> Figure:
    """Three maps, of the widest nets."""
    table = tables["onset_nets"].at(width=max)
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(FULL, 2.5))
    by_alpha = {alpha: table.at(alpha=alpha) for alpha in table.values("alpha")}

    def draw(axes: Axes, title: str, of: dict[float, pd.Series], **scale: object) -> None:
        map_ = pd.DataFrame(of).T.sort_index(ascending=False)
        labels = [f"{alpha:g}" for alpha in map_.index]
        sns.heatmap(
            map_, annot=True, fmt=".2f", annot_kws={"fontsize": 6.5}, cbar=False, yticklabels=labels, linewidths=0.5,
            ax=axes, **scale,
        )  # fmt: skip
        axes.set(title=title, xlabel="examples P", ylabel="")
        axes.tick_params(axis="y", rotation=0)

    draw(left, "log₁₀ error", {a: np.log10(_mean(t, "test_error")) for a, t in by_alpha.items()}, cmap="rocket")
    draw(middle, "part of variance", {a: _variance(t) for a, t in by_alpha.items()}, cmap="mako", vmin=0, vmax=1)
    aligned = {a: _mean(t, "target_alignment") for a, t in by_alpha.items()}
    draw(right, "alignment", aligned, cmap="crest", vmin=0)
    left.set_ylabel("α")
    return figure


def _mean(table: Table, metric: str) -> pd.Series:
    return of_sets(table, metric).mean(axis=1)


def _variance(table: Table) -> pd.Series:
    return 1 - ratio_of_means(of_sets(table, "ensemble_error"), of_sets(table, "test_error"))
