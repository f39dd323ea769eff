"""What six papers turn from lazy to rich, on one axis."""

import re
from typing import Any

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.atanasov2024sgd.measured import by_knob
from infwidth.papers.atanasov2024sgd.panels import guide, in_decades
from infwidth.parametrization.knobs import KNOBS
from infwidth.plotting import legends
from infwidth.plotting.style import FULL, GUIDE

_MARKS = dict(zip(KNOBS, "osD^vP", strict=True))
_COLOURS = dict(zip(KNOBS, ("#4c72b0", "#c44e52", "#55a868", "#8172b3", "#ccb974", "#64b5cd"), strict=True))
#: How papers are written.
_NAMES = {
    "atanasov2024sgd": "Atanasov et al. 2025",
    "bordelon2022": "Bordelon & Pehlevan 2022",
    "geiger2020": "Geiger et al. 2020",
    "atanasov2022": "Atanasov et al. 2023",
    "chizat2019": "Chizat et al. 2019",
    "karkada2024": "Karkada 2024",
}
_LAZY, _RICH = 0.05, 5.0


def richness_axis(tables: Tables) -> Figure:
    """Movement of the kernel against each paper's knob (left) and against γ₀ (right), with the table of conversions."""
    rows = in_decades(by_knob(tables["knobs"]))
    n_layers = 3
    figure = plt.figure(figsize=(FULL, 5.2))
    grid = figure.add_gridspec(2, 2, height_ratios=(5, 2.2))
    left = figure.add_subplot(grid[0, 0])
    right = figure.add_subplot(grid[0, 1], sharey=left)
    above = left.twiny()
    for knob in KNOBS:
        its = rows[rows.layer == knob]
        own = above if knob == "karkada2024" else left
        for width, of_width in its.groupby("width"):
            largest = width == rows.width.max()
            _draw(own, of_width, "knob", knob, filled=largest)
            _draw(right, of_width, "gamma0", knob, filled=largest)
    left.set(xscale="log", xlabel="the paper's own knob", ylabel="log₁₀ of the kernel's movement")
    above.set(xlim=(-0.1, 0.6))
    above.set_xlabel("r (Karkada)", color=_COLOURS["karkada2024"])
    above.tick_params(axis="x", colors=_COLOURS["karkada2024"])
    above.grid(visible=False)
    widest = rows[rows.width == rows.width.max()]
    guide(right, widest[widest.gamma0 <= _LAZY], 1, above=0.5)
    guide(right, widest[widest.gamma0 >= _RICH], 2 * (n_layers - 1) / n_layers, above=0.5)
    right.set(xscale="log", xlabel="richness γ₀")
    _table(figure.add_subplot(grid[1, :]))
    widths = [f"N = {int(width)}" for width in sorted(rows.width.unique())]
    handles = [legends.line(widths[-1], marker="o", linestyle="")]
    handles += [legends.line(", ".join(widths[:-1]), marker="o", linestyle="", markerfacecolor="white")] * (
        len(widths) > 1
    )
    legends.below(figure, [*handles, legends.line("theory's slopes", **GUIDE)])
    return figure


def _draw(axes: Axes, rows: pd.DataFrame, x: str, knob: str, *, filled: bool) -> None:
    means = rows.groupby("index")[[x, "value"]].mean()
    face = _COLOURS[knob] if filled else "white"
    look: dict[str, Any] = {"color": _COLOURS[knob], "marker": _MARKS[knob], "markerfacecolor": face}
    axes.plot(means[x], means.value, markersize=4.5, linewidth=0.5, **look)


def _table(axes: Axes) -> None:
    """Write the conversions as lines of text, each in the colour and with the mark of its knob."""
    axes.set_axis_off()
    axes.set(xlim=(0, 1), ylim=(-0.5, len(KNOBS) - 0.5))
    for row, (name, knob) in enumerate(list(KNOBS.items())[::-1]):
        axes.plot(0.01, row, marker=_MARKS[name], color=_COLOURS[name], markersize=5)
        words = (_NAMES[name], f"{knob.symbol}: {knob.place}", _formula(knob.conversion))
        for place, text in zip((0.03, 0.29, 0.76), words, strict=True):
            axes.text(place, row, text, va="center", fontsize=7.5, color=_COLOURS[name])


def _formula(text: str) -> str:
    """Return a conversion in mathtext: powers raised, roots over what they are of."""
    raised = re.sub(r"\^\(([^)]*)\)", r"^{\1}", text.replace("γ₀", "γ_0"))
    return "$" + re.sub("√(.)", r"\\sqrt{\1}", raised).replace("−", "-") + "$"
