"""The output scale α: rates, movement of features, laziness."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Tables
from infwidth.papers.harvard2024.measured import lazy
from infwidth.plotting import guides, legends
from infwidth.plotting.axes import log_heights
from infwidth.plotting.lines import curves, points
from infwidth.plotting.style import FULL


def alpha(tables: Tables) -> Figure:
    """The largest rate against α, features' movement against α√N, and the distance from kernel descent against α."""
    sweep = tables["alpha_sweep"]
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(FULL, 2.8))
    rates = tables["stable_rates"].nets("largest_rate")
    points(left, rates, x="alpha", linestyle="")
    guides.power_law(left, rates, x="alpha", slope=-2)
    guides.note(left, [(f"{guides.slope_text(rates, x='alpha')} (theory −2)", "0.35")])
    moved = sweep.at(layer="h2").nets("relative_change")
    scaled = moved.assign(scale=moved.alpha * moved.width**0.5)
    curves(middle, scaled, x="scale", marker="o", markersize=4, linewidth=0.8)
    _guide(middle, scaled[scaled.alpha >= 1], "scale")
    curves(right, sweep.at(layer="own").nets("step_error"), x="alpha", marker="o", markersize=4, linewidth=0.8)
    for width in sweep.values("width"):
        _guide(right, lazy(sweep).at(layer="own", width=width).nets("step_error"), "alpha")
    for axes in (left, middle, right):
        axes.set_xscale("log", base=2)
        log_heights(axes)
    left.set(title="largest rate that trains", xlabel="α", ylabel="η")
    middle.set(title="features", xlabel="α √N", ylabel="‖Δh₂‖ / ‖h₂‖ after training")
    right.set(title="laziness", xlabel="α", ylabel="steps against −η K L′")
    of_theory = legends.guide("theory: $α^{-2}$, $1/(α\\sqrt{N})$, $1/α$")
    legends.below(figure, [*legends.widths(sweep.values("width"), marker="o"), of_theory])
    return figure


def _guide(axes: Axes, rows: pd.DataFrame, x: str) -> None:
    guides.power_law(axes, rows, x=x, slope=-1)
