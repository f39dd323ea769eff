"""Kernels, finite nets and the feature-learning limit on three tasks."""

import math
from typing import Any

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend_handler import HandlerTuple
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from infwidth.analysis.against_limit import finite, limit
from infwidth.analysis.claims import Tables
from infwidth.analysis.selection import at_the_end
from infwidth.analysis.statistics import Estimate, mean_over_seeds
from infwidth.papers.msr2021.measured import BARS, FINITE, LIMIT, NNGP, NTK, REPORTED
from infwidth.plotting.style import BLUE

_FILLS = {NNGP: "0.82", NTK: "0.62", FINITE: BLUE, LIMIT: "black"}
_TITLES = {"images": "image classification", "words": "word analogies", "few-shot": "few-shot learning"}
#: Height in percent below which a number does not fit into a bar.
_TEXT_HEIGHT = 12.0
_REPORTED: dict[str, Any] = {"marker": "D", "markersize": 7, "linestyle": "", "markeredgewidth": 1.3}


def fig1(tables: Tables) -> Figure:
    """Accuracy of kernels, finite net and limit, a panel a task: bars measured here, open marks reported."""
    figure, panels = plt.subplots(1, 3, figsize=(7.2, 3.0), sharey=True)
    measured = {"images": _images(tables), "words": _words(tables), "few-shot": _few_shot(tables)}
    for axes, (task, bars) in zip(panels, measured.items(), strict=True):
        _draw_bars(axes, bars, REPORTED[task])
        axes.set_title(_TITLES[task])
    panels[0].set_ylabel("accuracy (%)")
    panels[0].set_ylim(0, 100)
    reported = Line2D([], [], color="0.2", markerfacecolor="white", **_REPORTED)
    handles: list[Any] = [tuple(Patch(color=fill) for fill in _FILLS.values()), reported]
    figure.legend(
        handles,
        ["measured here", "reported (text8, Omniglot)"],
        handler_map={tuple: HandlerTuple(ndivide=None, pad=0.2)},
        loc="outside lower center",
        ncols=2,
    )
    return figure


def _images(tables: Tables) -> dict[str, Estimate]:
    kernels, nets = tables["image_kernels"], at_the_end(tables["image_nets"], "test_accuracy")
    accuracy = kernels[kernels.metric == "test_accuracy"].set_index("kernel").value
    return {
        NNGP: mean_over_seeds([accuracy["nngp"]]),
        NTK: mean_over_seeds([accuracy["ntk"]]),
        FINITE: mean_over_seeds(_of_the_widest(nets)),
    }


def _words(tables: Tables) -> dict[str, Estimate]:
    guess = mean_over_seeds(limit(tables["word2vec_ntk"], "accuracy").value.to_numpy())
    trained = tables["word2vec"]
    exact = mean_over_seeds(limit(trained, "accuracy").value.to_numpy())
    return {
        NNGP: guess,
        NTK: guess,
        FINITE: mean_over_seeds(_of_the_widest(finite(trained, "accuracy"))),
        LIMIT: exact,
    }


def _few_shot(tables: Tables) -> dict[str, Estimate]:
    """Return test accuracies, of which every net has one, at the epoch that was best in validation."""
    accuracy = {name: table[table.metric == "test_accuracy"] for name, table in tables.items() if "maml" in name}
    nets = accuracy["maml_linear"]
    return {
        NNGP: mean_over_seeds(accuracy["maml_gp"].value.to_numpy()),
        NTK: mean_over_seeds(accuracy["maml_ntk"].value.to_numpy()),
        FINITE: mean_over_seeds(_of_the_widest(nets)),
        LIMIT: mean_over_seeds(nets[nets.width.isna()].value.to_numpy()),
    }


def _of_the_widest(rows: pd.DataFrame) -> list[float]:
    return rows[rows.width == rows.width.max()].value.tolist()


def _draw_bars(axes: Axes, bars: dict[str, Estimate], reported: dict[str, float]) -> None:
    for at, name in enumerate(BARS):
        if name in bars:
            _draw_bar(axes, at, bars[name], name)
        else:
            axes.text(at, 1.5, "not\ncomputed", ha="center", va="bottom", fontsize=7, color="0.4")
        if name in reported:
            axes.plot(
                [at], [100 * reported[name]], color="0.2", markerfacecolor="white", zorder=5, clip_on=False, **_REPORTED
            )
    axes.set_xticks(range(len(BARS)), [name.replace(" ", "\n") for name in BARS])
    axes.set_xlim(-0.6, len(BARS) - 0.4)
    axes.grid(visible=False, axis="x")


def _draw_bar(axes: Axes, at: int, accuracy: Estimate, name: str) -> None:
    """Draw a bar with its interval, and its height as a number: at its foot, or above it if it is too short."""
    height = 100 * accuracy.value
    axes.bar([at], [height], width=0.72, color=_FILLS[name], edgecolor="0.2", linewidth=0.6)
    top = 100 * accuracy.high if math.isfinite(accuracy.high) else height
    if top > height:
        axes.errorbar([at], [height], yerr=[top - height], color="#b0467f", capsize=3, elinewidth=1.1)
    fits = height > _TEXT_HEIGHT
    axes.annotate(
        f"{height:.1f}",
        (at, 0 if fits else top),
        (0, 4 if fits else 8),
        textcoords="offset points",
        ha="center",
        fontsize=8,
        color="white" if fits and name in (FINITE, LIMIT) else "black",
    )
