"""Word embeddings of two classes in their first two principal components, which several papers draw."""

import math

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.statistics import mean_over_seeds
from infwidth.analysis.table import Table
from infwidth.plotting import legends
from infwidth.plotting.axes import width_axis
from infwidth.plotting.lines import points
from infwidth.plotting.style import DASHED, FULL, LAZY, LIMIT, PAIR, width_colours
from infwidth.plotting.text import number

#: The width to show where it was run, else the one next to it.
_WIDTH = 64
_MARKERS = ("o", "^")
_WRITTEN = 3
_EXAMPLES = 3
_CLASSES = (0, 1)


def embedding_panels(trained: Table, ntk: Table, *, limit_name: str) -> Figure:
    """Draw embeddings in the NTK parametrization, in μP and its limit, and the separation of classes against width.

    Both tables have metrics ``pca_x`` and ``pca_y`` (layer: the word, index: its class) and ``separation``. Of several
    seeds the one whose separation is nearest to their mean is drawn.
    """
    shown = min(trained.values("width"), key=lambda width: abs(math.log(width / _WIDTH)))
    figure, row = plt.subplots(1, 4, figsize=(FULL, 2.6), width_ratios=(1, 1, 1, 0.95))
    panels = {
        f"NTK, n = {max(ntk.values('width')):g}": _typical(ntk.at(width=max)),
        f"μP, n = {shown:g}": _typical(trained.at(width=shown)),
        limit_name: trained.at(of="limit").at_end(),
    }
    for axes, (name, net) in zip(row, panels.items(), strict=False):
        _draw_words(axes, net)
        axes.set_title(f"{name}\nseparation {number(_separation(net).value.iloc[0])}")
    row[0].set_ylabel("2nd principal component")
    _draw_separations(row[-1], trained, ntk)
    legends.below(figure, _handles(trained), ncols=5, handlelength=1.2, columnspacing=1.0)
    return figure


def _separation(net: Table) -> pd.DataFrame:
    return net.at(metric="separation").at_end(of_each=True).frame


def _typical(nets: Table) -> Table:
    """Return the net whose separation is nearest to the mean over seeds, at the end."""
    final = nets.at(of="net").at_end(of_each=True)
    separations = final.nets("separation").set_index("seed").value
    return final.at(seed=(separations - separations.mean()).abs().idxmin())


def _draw_words(axes: Axes, net: Table) -> None:
    """Draw a point a word, turned so that the second class is right of and above the first; write some words."""
    rows = net.at(metric=("pca_x", "pca_y")).frame
    words = rows.pivot(index=["layer", "index"], columns="metric", values="value").apply(_oriented)
    sns.scatterplot(
        words, x="pca_x", y="pca_y", hue="index", style="index", palette=dict(zip(_CLASSES, PAIR, strict=True)),
        markers=dict(zip(_CLASSES, _MARKERS, strict=True)), s=16, linewidth=0.3, legend=False, ax=axes,
    )  # fmt: skip
    for kind, colour in zip(_CLASSES, PAIR, strict=True):
        of_class = words.xs(kind, level="index")
        # The outermost words are the ones with room beside them.
        distances = np.hypot(*(of_class - words.mean()).to_numpy().T)
        for word, place in of_class.iloc[np.argsort(-distances)[:_WRITTEN]].iterrows():
            axes.annotate(
                str(word), tuple(place), (0, 2.5), textcoords="offset points", ha="center", fontsize=5.5, color=colour
            )
    axes.set_aspect("equal", adjustable="datalim")
    axes.margins(0.12)
    axes.set(xticks=[], yticks=[], xlabel="1st principal component", ylabel="")


def _oriented(values: pd.Series) -> pd.Series:
    """Return one coordinate of every word; a principal component's sign is chance, here it is chosen."""
    means = values.groupby(level="index").mean()
    return values if means[_CLASSES[1]] >= means[_CLASSES[0]] else -values


def _draw_separations(axes: Axes, trained: Table, ntk: Table) -> None:
    """Draw how far the classes are apart against width, in the limit, and in the NTK parametrization."""
    widths = trained.values("width")
    points(axes, trained.at_end(of_each=True).nets("separation"), colours=width_colours(widths))
    axes.axhline(trained.at_end().limit("separation").value.iloc[0], **LIMIT)
    in_ntk = mean_over_seeds(ntk.at(width=max).at_end(of_each=True).nets("separation").value.to_numpy())
    axes.axhline(in_ntk.value, color=LAZY, linestyle=DASHED, linewidth=1.1)
    width_axis(axes, widths, "width n")
    axes.set_ylim(bottom=min(-0.02, 1.1 * in_ntk.value))
    axes.set_title("separation of the\nclasses")


def _handles(trained: Table) -> list[object]:
    """Name each class by some of its words, and the lines of the last panel."""
    words = trained.limit("pca_x")
    handles: list[object] = []
    for kind, colour, marker in zip(_CLASSES, PAIR, _MARKERS, strict=True):
        names = sorted(words[words["index"] == kind].layer)
        label = ", ".join(names[:_EXAMPLES]) + f", … ({len(names)})"
        handles.append(legends.line(label, color=colour, marker=marker, linestyle=""))
    lines = [legends.line("nets in μP", marker="o"), legends.limit("limit of μP")]
    return [*handles, *lines, legends.line("nets in NTK", color=LAZY, linestyle=DASHED)]
