"""Word embeddings of two classes in their first two principal components, a panel a net."""

import math

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from infwidth.analysis.against_limit import finite, limit
from infwidth.plotting.style import BLUE, ORANGE

#: The width to show where it was run, else the one next to it.
_WIDTH = 64
#: Colour and mark of the two classes.
_CLASSES = ((BLUE, "o"), (ORANGE, "^"))
_EXAMPLES = 3
_METRICS = ("pca_x", "pca_y", "separation")


def embedding_panels(trained: pd.DataFrame, frozen: pd.DataFrame, *, limit_name: str) -> Figure:
    """Draw wide random embeddings, a finite net's, and the limit's; in the titles how far the classes are apart.

    ``trained`` and ``frozen`` have metrics ``pca_x`` and ``pca_y`` (layer: the word, index: its class) and
    ``separation``; of several seeds the first is drawn.
    """
    widths = sorted(trained.width.dropna().unique())
    shown = min(widths, key=lambda width: abs(math.log(width / _WIDTH)))
    widest = frozen.width.max()
    panels = {
        f"NTK: random, width {widest:g}": (frozen[frozen.width == widest], False),
        f"μP, width {shown:g}": (trained[trained.width == shown], False),
        limit_name: (trained, True),
    }
    figure, row = plt.subplots(1, len(panels), figsize=(7.2, 2.9))
    for axes, (name, (table, infinite)) in zip(row, panels.items(), strict=True):
        _draw_panel(axes, {metric: _of_one_net(table, metric, infinite=infinite) for metric in _METRICS}, name)
    row[0].set_ylabel("second principal component")
    words = limit(trained, "pca_x")
    figure.legend(handles=_handles(words), loc="outside lower center", ncols=2)
    return figure


def _of_one_net(table: pd.DataFrame, metric: str, *, infinite: bool) -> pd.DataFrame:
    rows = limit(table, metric) if infinite else finite(table, metric)
    return rows[rows.seed == rows.seed.min()]


def _draw_panel(axes: Axes, rows: dict[str, pd.DataFrame], name: str) -> None:
    """Draw a point a word, turned so that the second class is right of and above the first."""
    points = pd.concat([_oriented(rows[metric]).rename(metric) for metric in ("pca_x", "pca_y")], axis=1)
    for number, (colour, marker) in enumerate(_CLASSES):
        of_class = points[points.index.get_level_values("index") == number]
        axes.plot(of_class.pca_x, of_class.pca_y, marker, color=colour, markeredgecolor="white", markeredgewidth=0.4)
    axes.set_title(f"{name}\nseparation {rows['separation'].value.iloc[0]:.2f}".replace("-", "−"))
    axes.set_aspect("equal", adjustable="datalim")
    axes.set(xticks=[], yticks=[], xlabel="first principal component")


def _oriented(rows: pd.DataFrame) -> pd.Series:
    """Return one coordinate of every word (layer, index); a principal component's sign is chance, here it is chosen."""
    values = rows.set_index(["layer", "index"]).value
    first, second = (values[values.index.get_level_values("index") == number].mean() for number in (0, 1))
    return values if second >= first else -values


def _handles(words: pd.DataFrame) -> list[Line2D]:
    """Name each class by some of its words."""
    handles = []
    for number, (colour, marker) in enumerate(_CLASSES):
        names = sorted(words[words["index"] == number].layer)
        label = ", ".join(names[:_EXAMPLES]) + (", …" if len(names) > _EXAMPLES else "")
        handles.append(Line2D([], [], color=colour, marker=marker, linestyle="", label=f"{label} ({len(names)} words)"))
    return handles
