"""Test losses over the width, and population losses after SGD."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.chizat2019.measured import of_power, over_scales
from infwidth.plotting import guides, legends
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.lines import curve
from infwidth.plotting.style import FULL, LAZY, RICH

#: Power of the width → words and colour.
_POWERS = {0.5: ("output × 1/√m", LAZY), 1.0: ("output × 1/m", RICH)}


def fig2(tables: Tables) -> Figure:
    """Losses against width for two multipliers; against scale by SGD."""
    figure, (widths, scales) = plt.subplots(1, 2, figsize=(FULL, 2.8))
    notes = []
    for power, (words, colour) in _POWERS.items():
        rows = of_power(tables["chizat_widths"], power)
        _drawn(widths, rows, "width", colour)
        notes.append((f"{words}: {guides.slope_text(rows)}", colour))
    log_heights(widths)
    width_axis(widths, rows.width, "width m")
    widths.set_ylabel("test loss")
    guides.note(widths, notes, corner="upper left")
    widths.set_ylim(top=widths.get_ylim()[1] * 1.6)
    _drawn(scales, over_scales(tables["chizat_population"], "relative_risk"), "scale", "0.25")
    log_heights(scales)
    scales.set_xscale("log")
    scales.set(xlabel="scale τ of the start", ylabel="population loss")
    legends.below(figure, [legends.line(words, color=colour) for words, colour in _POWERS.values()])
    return figure


def _drawn(axes: Axes, rows: pd.DataFrame, x: str, colour: str) -> None:
    curve(axes, rows, x=x, color=colour)
    alpha = min(0.6, 10 / rows.seed.nunique())  # so that many dots on one another show where they are dense
    axes.plot(rows[x], rows.value, color=colour, marker="o", markersize=2.5, linestyle="", alpha=alpha)
