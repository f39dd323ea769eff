"""From desiderata to one degree of freedom: the net, the linear system, and what it leaves."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from infwidth.analysis.table import Table, Tables
from infwidth.plotting.style import FULL, LAZY, PAIR, RICH
from infwidth.plotting.text import fraction

_KINDS = {
    "backward": "0.45",
    "activations": PAIR[0],
    "NTC": "#55803f",
    "UUC": LAZY,
    "MAX": RICH,
}
_SYMBOLS = {"g": "g", "sigma": "σ", "eta": "η", "change": "|Δh|", "gradient": "|∂ℓ|"}
_ROOM = 1.6  # rows below the equations, for what is left
_MEANINGS = {
    "activations": "activations: entries of h₁, h₂ of order 1",
    "NTC": "NTC: the output moves by order 1",
    "UUC": "UUC: every move lowers the loss by order 1",
    "MAX": "MAX: a layer's own update matters to its output",
    "backward": "backward: a gradient passes a random layer",
}


def derivation(tables: Tables) -> Figure:
    """Schematic of the net (top), coefficients of all equations (below), degrees of freedom left (right)."""
    table = tables["desiderata"]
    figure = plt.figure(figsize=(FULL, 5.0))
    (above,), (below,) = figure.subfigures(2, 1, squeeze=False, height_ratios=(1.35, 3))
    net, (system, freedom) = above.subplots(), below.subplots(1, 2, width_ratios=(4, 1.5))
    _draw_net(net)
    _draw_system(system, table)
    _draw_freedom(freedom, table)
    return figure


def _draw_net(axes: Axes) -> None:
    axes.set_axis_off()
    axes.set(xlim=(-0.3, 14.2), ylim=(-1.3, 2.5))
    for position, name in zip((0, 2.2, 4.4, 6.6), ("x", "h₁", "h₂", "f"), strict=True):
        axes.text(position, 0, name, ha="center", va="center", fontsize=12)
    for layer, centre in enumerate((1.1, 3.3, 5.5), start=1):
        axes.add_patch(
            FancyBboxPatch((centre - 0.34, -0.32), 0.68, 0.64, boxstyle="round,pad=0.05", fc="0.95", ec="0.4")
        )
        axes.text(centre, 0, f"W{'₁₂₃'[layer - 1]}", ha="center", va="center")
        symbols = " ".join(f"{symbol}{'₁₂₃'[layer - 1]}" for symbol in "gση")
        axes.text(centre, 0.62, symbols, ha="center", color=_KINDS["activations"], fontsize=8)
        _arrow(axes, (centre - 0.82, 0), (centre - 0.42, 0), "0.2")
        _arrow(axes, (centre + 0.42, 0), (centre + 0.82, 0), "0.2")
    for start, end in ((6.4, 4.7), (4.2, 2.5)):
        _arrow(axes, (start, -0.55), (end, -0.55), _KINDS["backward"])
        axes.text((start + end) / 2, -0.92, "∂ℓ", ha="center", va="center", color=_KINDS["backward"], fontsize=8)
    for position in (2.2, 4.4):
        axes.text(position, 1.15, "entries ∼ 1", ha="center", color=_KINDS["activations"], fontsize=7.5)
        axes.plot([position, position], [0.35, 1.05], color=_KINDS["activations"], linewidth=0.6, linestyle=":")
    axes.text(6.6, 1.15, "|Δf| ∼ 1", ha="center", color=_KINDS["NTC"], fontsize=8)
    axes.text(3.3, 2.1, "Δh = g ΔW h + g W Δh + …", ha="center")
    axes.annotate(
        "the layer's own part",
        (2.75, 2.02),
        (0.9, 1.6),
        fontsize=7.5,
        color=_KINDS["MAX"],
        ha="center",
        arrowprops={"arrowstyle": "-", "color": _KINDS["MAX"], "linewidth": 0.6},
    )
    for line, (kind, meaning) in enumerate(_MEANINGS.items()):
        axes.text(7.6, 1.9 - 0.68 * line, meaning, color=_KINDS[kind], fontsize=8, va="center")


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], colour: str) -> None:
    axes.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=8, color=colour, linewidth=1.1))


def _draw_system(axes: Axes, table: Table) -> None:
    names, equations = (table.limit(m).sort_values("index").layer.tolist() for m in ("unknown", "freedom"))
    right = table.limit("right").set_index("layer").value
    entries = table.limit("coefficient")
    for equation, column, value in zip(entries.layer, entries["index"], entries.value, strict=True):
        y, colour = equations.index(equation), _KINDS[equation.split()[0]]
        axes.add_patch(plt.Rectangle((column - 0.5, y - 0.5), 1, 1, color=colour, alpha=0.85, linewidth=0))
        text = f"{value:+.0f}".replace("-", "−")
        axes.text(column, y, text, color="white", ha="center", va="center", fontsize=8)
    for y, equation in enumerate(equations):
        axes.text(len(names) + 0.1, y, f"= {fraction(right[equation])}", va="center", fontsize=8)
    axes.set(xlim=(-0.5, len(names) + 1.4), ylim=(len(equations) + _ROOM, -0.5))
    axes.set_xticks(range(len(names)), [_SYMBOLS[name.split()[0]] for name in names], fontsize=7.5, rotation=60)
    axes.set_yticks(range(len(equations)), equations, fontsize=8)
    axes.grid(False)
    axes.tick_params(length=0)
    n_layers = len({name.split()[1] for name in names})
    per_layer = len(names) // n_layers
    for layer in range(n_layers):
        if layer:
            axes.axvline(layer * per_layer - 0.5, color="0.6", linewidth=0.8)
        axes.text((layer + 0.5) * per_layer - 0.5, -0.75, f"layer {layer + 1}", ha="center", fontsize=8)
    axes.set_title("desiderata, linear in exponents of n", pad=18)


def _draw_freedom(axes: Axes, table: Table) -> None:
    rows, unknowns = table.limit("freedom").sort_values("index"), table.limit("unknown")
    y = np.arange(len(rows))
    axes.barh(y, rows.value, color=[_KINDS[name.split()[0]] for name in rows.layer], height=0.72)
    for at, value in zip(y.tolist(), rows.value, strict=True):
        axes.text(value + 0.25, at, f"{value:.0f}", va="center", fontsize=8)
    n_layers = unknowns.layer.str.split().str[1].nunique()
    left = int(rows.value.iloc[-1])
    axes.set(ylim=(len(rows) + _ROOM, -0.5), xlim=(0, rows.value.max() + 2))
    axes.barh([len(rows) + 0.6], [n_layers], color="0.8", height=0.72)
    axes.barh([len(rows) + 0.6], [left - n_layers], left=n_layers, color="black", height=0.72)
    axes.text(left + 0.3, len(rows) + 0.6, f"{n_layers} gauges\n+ {left - n_layers} richness", va="center", fontsize=8)
    axes.set_yticks([])
    axes.set_title(f"of {len(unknowns)} unknowns", pad=18)
    axes.set_xlabel("degrees of freedom left")
    axes.grid(False)
