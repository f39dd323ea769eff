"""Phase diagrams of the exponents of random features, and the four regimes measured."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure

from infwidth.analysis.statistics import slope_of_means
from infwidth.analysis.table import Table, Tables
from infwidth.papers.atanasov2024.panels import beside_theory, data_axis
from infwidth.plotting import legends
from infwidth.plotting.axes import log_heights
from infwidth.plotting.style import FULL
from infwidth.plotting.text import with_interval

_NAMES = ("bias", "features", "noise")
_REGIMES = {
    ("limited", "data"): ("few data, N = ∞", "#4c72b0", "o"),
    ("limited", "features"): ("few features, P = ∞", "#c44e52", "s"),
    ("excess", "excess_data"): ("excess of data", "#8fb0dc", "o"),
    ("excess", "excess_features"): ("excess of features", "#e39a9c", "s"),
}


def phases(tables: Tables) -> Figure:
    """Maps of exponents without and with noise, and errors against what is scarce."""
    figure, (quiet, noisy, curves) = plt.subplots(1, 3, figsize=(FULL, 2.7), width_ratios=(1, 1, 1.35))
    table = tables["phases"]
    largest = float(table.limit("expected").value.max())
    for axes, noise in zip((quiet, noisy), table.values("noise"), strict=True):
        mesh = _map(axes, table.at(noise=noise), largest)
        axes.set_title(f"σ² = {noise:g}")
    quiet.set_ylabel("ridge exponent l")
    bar = figure.colorbar(mesh, ax=[quiet, noisy], location="right", aspect=25)
    bar.outline.set_visible(False)
    bar.set_label("exponent of the error in P", fontsize=8)
    bar.ax.tick_params(labelsize=7)
    _curves(curves, tables)
    return figure


def _map(axes: Axes, table: Table, largest: float) -> QuadMesh:
    """Draw measured exponents, and regions by the smallest of the formulas' exponents."""
    metrics = ["l", "q", "exponent", *_NAMES]
    of = table.limit(*metrics).pivot_table(index="index", columns="metric", values="value")[metrics]
    side = round(np.sqrt(len(of)))
    ridge, q, found, *parts = (of[metric].to_numpy().reshape(side, side) for metric in metrics)
    mesh = axes.pcolormesh(q, ridge, found, cmap="crest", vmin=0, vmax=largest, shading="nearest", rasterized=True)
    for place, name in enumerate(_NAMES):
        others = np.min([part for i, part in enumerate(parts) if i != place], axis=0)
        if not (inside := parts[place] < others).any():
            continue
        axes.contour(
            q, ridge, np.nan_to_num(parts[place] - others, posinf=1.0), levels=[0.0], colors="white", linewidths=1.0
        )
        turned = 90 if np.ptp(q[inside]) < 0.7 else 0
        centre = np.median(q[inside]), np.median(ridge[inside])
        axes.text(*centre, name, color="white", ha="center", va="center", fontsize=7.5, rotation=turned)
    axes.grid(visible=False)
    axes.set(xlabel="width exponent q")
    return mesh


def _curves(axes: Axes, tables: Tables) -> None:
    lines = []
    for (name, regime), (words, colour, marker) in _REGIMES.items():
        of = tables[name].at(regime=regime)
        rows = of.nets("error")
        beside_theory(axes, rows, of.limit("error"), colour, marker=marker)
        slope = slope_of_means(rows, x="index", log_y=True)
        text = f": {with_interval(slope)}" if rows["index"].nunique() > 2 else ""
        lines.append(legends.line(f"{words}{text}", color=colour, marker=marker))
    data_axis(axes, "data P or features N")
    log_heights(axes)
    low, high = axes.get_ylim()
    axes.set(title="the four regimes", ylabel="test error, or its excess", ylim=(low / 300, high))
    legends.inside(axes, lines, "lower left", fontsize=7)
