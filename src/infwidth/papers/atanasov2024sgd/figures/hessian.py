"""The Hessian across richness, and catapults."""

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.atanasov2024sgd.measured import lazy, rich, spectrum, top_eigenvalue
from infwidth.papers.atanasov2024sgd.panels import (
    depth_marks,
    gamma_axis,
    gamma_colour,
    gamma_handles,
    guide,
    in_decades,
)
from infwidth.plotting import guides, legends
from infwidth.plotting.axes import log_heights
from infwidth.plotting.lines import points
from infwidth.plotting.style import FULL, GUIDE, PAIR


def hessian(tables: Tables) -> Figure:
    """The largest eigenvalue against γ (left), spectra by rank (middle), catapults (right)."""
    paths = tables["paths"]
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(FULL, 3.3))
    marks = depth_marks([hidden + 1 for hidden in paths.values("n_hidden")])
    texts = []
    for n_layers, mark in marks.items():
        table = paths.at(n_hidden=n_layers - 1)
        final = top_eigenvalue(table)
        points(left, in_decades(final), x="gamma0", **mark | {"markersize": 4})
        hollow = {"linestyle": "", "markerfacecolor": "white", "markeredgecolor": mark["color"], "markersize": 3.5}
        points(left, in_decades(top_eigenvalue(table, initial=True)), x="gamma0", **mark | hollow)
        guide(left, in_decades(lazy(final)), -2, above=0.5)
        guide(left, in_decades(rich(final)), -2 / n_layers, above=0.5)
        if rich(final).gamma0.nunique() > 2:
            texts.append((f"L = {n_layers}: {guides.slope_text(rich(final), x='gamma0')}", mark["color"]))
    guides.note(left, [("γ ≥ 30", "0.35"), *texts] if texts else [], corner="upper right")
    gamma_axis(left)
    left.set(title="largest eigenvalue", ylabel="log₁₀ λ")
    deepest = paths.at(n_hidden=max)
    spectra = spectrum(deepest)
    for gamma0, rows in spectra.groupby("gamma0"):
        middle.plot(
            rows.groupby("rank").value.mean(), color=gamma_colour(gamma0), marker=".", markersize=3, linewidth=1
        )
    middle.set(title=f"leading eigenvalues, L = {max(marks)}", xlabel="rank", ylabel="η λ")
    log_heights(middle)
    _catapults(right, tables["catapults"])
    depths = [legends.line(f"L = {n_layers}", **mark) for n_layers, mark in marks.items()]
    before = legends.line("before training", marker="o", linestyle="", markerfacecolor="white")
    handles = [*depths, before, *gamma_handles(spectra.gamma0), legends.guide("theory's slopes; η λ = 2")]
    legends.below(figure, handles, ncols=7)
    return figure


def _catapults(axes: Axes, table: Table) -> None:
    """Draw one net's loss at a rate on either side of 2/λ and above, and η λ on an axis of its own."""
    seed = table.seeds()[0]
    beside = axes.twinx()
    factors = sorted(table.nets("sharpness").layer.unique(), key=float)
    shown = [max((f for f in factors if float(f) < 1), key=float), factors[-1]]
    for factor, colour in zip(shown, PAIR, strict=True):
        its = table.at(layer=factor, seed=seed)
        losses, curvature = its.nets("train_loss"), its.nets("sharpness")
        axes.plot(losses.step, losses.value, color=colour)
        beside.plot(curvature.step, curvature.value, color=colour, linestyle="", marker="o", markersize=3)
        guides.note(
            axes, [(f"η = {factor} · 2/λ", colour)], corner="upper right" if factor == shown[1] else "lower left"
        )
    beside.axhline(2, **GUIDE)
    beside.grid(visible=False)
    beside.set(ylim=(0, None), ylabel="η λ (marks)")
    beside.spines["right"].set_visible(True)
    axes.set(title="catapult at γ = 0.01", xlabel="step", ylabel="train loss")
    log_heights(axes)
