"""The STP table in three gauges, typeset from the solved exponents."""

from fractions import Fraction

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.karkada2024.measured import GAUGE_NAMES, LAYERS, VERTICES, exponent_table
from infwidth.plotting.style import FULL

# Squares, because variances and what multiplies a gradient are: (symbol, column, power of it, words).
_ROWS = (("σ²", "sigma", 2, "init variance"), ("η", "eta", 1, "learning rate"), ("g²", "g", 2, "multiplier²"))
_FIRST_COLUMN, _COLUMNS, _ENDS = 0.19, (0.36, 0.53, 0.70), (0.86, 0.95)


def stp_table(tables: Tables) -> Figure:
    """Three blocks, one a gauge: rows σ², η, g²; columns the layers; at the right the names of the end points."""
    solved = exponent_table(tables["family"])
    figure, axes = plt.subplots(figsize=(FULL, 4.2))
    axes.set_axis_off()
    axes.set(xlim=(0, 1), ylim=(0, 1))
    for x, layer, shape in zip(_COLUMNS, LAYERS.values(), ("d → n", "n → n", "n → k"), strict=True):
        axes.text(x, 0.96, f"{layer}\n{shape}", ha="center", va="center", weight="bold")
    for x, richness in zip(_ENDS, ("0", "1/2"), strict=True):
        axes.text(x, 0.96, f"called at\nr = {richness}", ha="center", va="center", color="0.35")
    for block, (gauge, name) in enumerate(GAUGE_NAMES.items()):
        top = 0.90 - 0.28 * block
        axes.plot([0, 1], [top, top], color="0.2" if block == 0 else "0.6", linewidth=1.2 if block == 0 else 0.6)
        axes.text(0, top - 0.14, name.replace(" ", "\n"), va="center", weight="bold")
        for x, richness in zip(_ENDS, ("0", "1/2"), strict=True):
            axes.text(x, top - 0.14, _vertex(gauge, richness), ha="center", va="center")
        for line, (symbol, column, power, words) in enumerate(_ROWS):
            y = top - 0.055 - 0.085 * line
            axes.text(_FIRST_COLUMN, y, f"{symbol}  {words}", ha="center", va="center", color="0.35", fontsize=8)
            for x, layer in zip(_COLUMNS, LAYERS, strict=True):
                constant, slope = (solved[f"{column}_{part}"][gauge, layer] for part in ("exponent", "slope"))
                text = power_of_n(power * constant, power * slope)
                axes.text(x, y, text, ha="center", va="center", fontsize=11)
    axes.plot([0, 1], [0.06, 0.06], color="0.2", linewidth=1.2)
    note = "Powers of the width n; the read-in has a further 1/d in g²σ² and in g²η."
    axes.text(0, 0.02, note, va="center", fontsize=8, color="0.35")
    return figure


def power_of_n(constant: float, slope: float) -> str:
    """Return n^(constant + slope·r) in mathtext; 1 for n^0."""
    terms = [_term(Fraction(constant), ""), _term(Fraction(slope), "r")]
    exponent = "".join(term for term in terms if term).removeprefix("+")
    return f"$n^{{{exponent}}}$" if exponent else "$1$"


def _term(value: Fraction, symbol: str) -> str:
    if value == 0:
        return ""
    size = "" if symbol and abs(value) == 1 else str(abs(value))
    return f"{'+' if value > 0 else '-'}{size}{symbol}"


def _vertex(gauge: str, richness: str) -> str:
    if richness == "0" and gauge != "stp":
        return "NTP"  # where two gauges meet
    return next(name for name, point in VERTICES.items() if point == (richness, gauge))
