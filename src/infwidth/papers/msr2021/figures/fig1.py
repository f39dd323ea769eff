"""Kernels, finite nets and the feature-learning limit on three tasks."""

import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from infwidth.analysis.table import Table, Tables
from infwidth.papers.msr2021.measured import BARS, ENOUGH_IMAGES, FINITE, LIMIT, NNGP, NTK, REPORTED, n_images, tuned
from infwidth.plotting import legends
from infwidth.plotting.lines import interval
from infwidth.plotting.style import FULL, LAZY, PAIR

_FILLS = {NNGP: "#dcb3c6", NTK: LAZY, FINITE: PAIR[0], LIMIT: "black"}
_TITLES = {"images": "image classification", "words": "word analogies", "few-shot": "few-shot learning"}
#: Height in percent below which a number does not fit into a bar.
_TEXT_HEIGHT = 12.0


def fig1(tables: Tables) -> Figure:
    """Accuracy of kernels, finite net and limit, a panel a task: bars measured here, ticks beside them reported."""
    figure, panels = plt.subplots(1, 3, figsize=(FULL, 2.9), sharey=True)
    measured = {"images": _images(tables), "words": _words(tables), "few-shot": _few_shot(tables)}
    for axes, (task, accuracies) in zip(panels, measured.items(), strict=True):
        _draw_bars(axes, accuracies)
        for at, name in enumerate(BARS):
            if name in REPORTED[task]:
                axes.plot([at + 0.38, at + 0.5], [100 * REPORTED[task][name]] * 2, color="0.3", linewidth=2)
        axes.set_title(_TITLES[task])
    if (images := n_images(tables["image_nets"])) < ENOUGH_IMAGES:
        _mark_not_replicated(panels[0], f"not replicated here:\n{images} images")
    panels[0].set(ylabel="accuracy (%)", ylim=(0, 112), yticks=range(0, 101, 20))
    bars = [Patch(color=fill, label=name) for name, fill in _FILLS.items()]
    legends.below(figure, [*bars, legends.line("reported (text8, Omniglot)", color="0.3", linewidth=2)])
    return figure


def _images(tables: Tables) -> dict[str, list[float]]:
    kernels = tables["image_kernels"]
    accuracies = {name: kernels.at(kernel=name).limit("test_accuracy").value.tolist() for name in ("nngp", "ntk")}
    return {NNGP: accuracies["nngp"], NTK: accuracies["ntk"], FINITE: tuned(tables["image_nets"]).value.tolist()}


def _mark_not_replicated(axes: Axes, words: str) -> None:
    """Hatch the bars of a panel, and say on it that they do not test the post's statement."""
    for bar in axes.patches:
        bar.set(facecolor="0.93", edgecolor="0.65", hatch="////", linewidth=0.6)
    for text in axes.texts:
        text.set(color="0.3", bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6})
    axes.annotate(words, (0.5, 0.97), xycoords="axes fraction", ha="center", va="top", fontsize=8, color="0.25")


def _words(tables: Tables) -> dict[str, list[float]]:
    guess = tables["word2vec_ntk"].at_end().limit("accuracy").value.tolist()
    trained = tables["word2vec"]
    exact = trained.at_end().limit("accuracy").value.tolist()
    return {NNGP: guess, NTK: guess, FINITE: _of_the_widest(trained, "accuracy"), LIMIT: exact}


def _few_shot(tables: Tables) -> dict[str, list[float]]:
    """Return test accuracies, of which every net has one, at the epoch that was best in validation."""
    gp, ntk, nets = (tables[name] for name in ("maml_gp", "maml_ntk", "maml_linear"))
    limits = {name: table.limit("test_accuracy").value.tolist() for name, table in ((NNGP, gp), (NTK, ntk))}
    exact = nets.limit("test_accuracy").value.tolist()
    return {**limits, FINITE: _of_the_widest(nets), LIMIT: exact}


def _of_the_widest(table: Table, metric: str = "test_accuracy") -> list[float]:
    return table.at(width=max).at_end(of_each=True).nets(metric).value.tolist()


def _draw_bars(axes: Axes, accuracies: dict[str, list[float]]) -> None:
    """Draw a bar with its interval for each, and its height as a number: at its foot, or above it if it is short."""
    rows = pd.DataFrame(
        [(name, 100 * x) for name, of_seeds in accuracies.items() for x in of_seeds], columns=["of", "x"]
    )
    sns.barplot(
        rows, x="of", y="x", order=BARS, hue="of", hue_order=BARS, palette=_FILLS, saturation=1, width=0.72,
        errorbar=interval, capsize=0.25, err_kws={"color": "0.4", "linewidth": 1.0}, legend=False, ax=axes,
    )  # fmt: skip
    for at, name in enumerate(BARS):
        if name not in accuracies:
            axes.text(at, 1.5, "not\ncomputed", ha="center", va="bottom", fontsize=7, color="0.4")
            continue
        height = 100 * sum(accuracies[name]) / len(accuracies[name])
        fits = height > _TEXT_HEIGHT
        colour = "white" if fits and name != NNGP else "black"
        axes.text(at, 2 if fits else height + 2, f"{height:.1f}", ha="center", va="bottom", fontsize=7.5, color=colour)
    axes.set_xticks(range(len(BARS)), [name.replace(" ", "\n") for name in BARS])
    axes.set(xlabel="", ylabel="")
    axes.grid(visible=False, axis="x")
