"""Deep linear nets, their mean field theory, and theories that leave something out: losses, kernels, errors."""

from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.distances import alignment
from infwidth.analysis.table import Tables
from infwidth.papers.bordelon2022.measured import (
    APPROXIMATIONS,
    layers_of,
    limit_of,
    theory_cosines,
    theory_distances,
)
from infwidth.papers.bordelon2022.panels import classes_apart, loss_axis, map_grid, of_nets
from infwidth.plotting import legends
from infwidth.plotting.axes import log_heights
from infwidth.plotting.lines import curve
from infwidth.plotting.style import DASHED, FULL, GUIDE, LAZY, LIMIT, PAIR

_LINES: dict[str, dict[str, Any]] = {
    "dmft": LIMIT,
    "independent_gradients": {"color": PAIR[0], "linewidth": 1.2},
    "perturbation": {"color": PAIR[1], "linewidth": 1.2},
    "static": {"color": LAZY, "linewidth": 1.3, "linestyle": DASHED},
}
_NAMES = {
    "dmft": "DMFT",
    "independent_gradients": "independent\ngradients",
    "perturbation": "perturbation",
    "static": "static NTK",
}
_NETS: dict[str, Any] = {"color": "0.6", "linewidth": 0.9}


def fig3(tables: Tables) -> Figure:
    """Losses, cosines and orders of the errors at the left; feature kernels at the largest richness at the right."""
    figure = plt.figure(figsize=(FULL, 5.2))
    ((left, right),) = figure.subfigures(1, 2, width_ratios=(1, 1.9), squeeze=False)
    upper, middle, lower = left.subplots(3, 1)
    _losses(upper, tables)
    _cosines(middle, tables)
    _orders(lower, tables)
    _maps(right, tables)
    lines = [legends.line(_NAMES[theory].replace("\n", " "), **line) for theory, line in _LINES.items()]
    legends.below(figure, [legends.line("nets", **_NETS), *lines, legends.guide("slopes 2 and 4")])
    return figure


def _losses(axes: Axes, tables: Tables) -> None:
    nets, theories = (tables[name].at(gamma0=max) for name in ("richness_networks", "richness_theories"))
    for _, of_seed in nets.nets("train_loss").groupby("seed"):
        axes.plot(of_seed.step, of_seed.value, **_NETS)
    low, high = (f(nets.nets("train_loss").value) for f in (min, max))
    for theory, line in _LINES.items():
        rows = theories.at(theory=theory).limit("train_loss")
        axes.plot(rows.step, rows.value, **line)
    loss_axis(axes, nets.last_step())
    axes.set_ylim(low / 2, 2 * high)
    axes.set_title(f"γ₀ = {nets.values('gamma0')[0]:g}", fontsize=8.5)


def _cosines(axes: Axes, tables: Tables) -> None:
    found = theory_cosines(tables)
    for theory, line in _LINES.items():
        curve(axes, found[found.theory == theory], x="gamma0", marker="o", markersize=3, **line)
    axes.set(xlabel="richness γ₀", ylabel="cosine with the nets")


def _orders(axes: Axes, tables: Tables) -> None:
    for theory in APPROXIMATIONS:
        rows = theory_distances(tables["richness_theories"], theory)
        axes.plot(rows.gamma0, rows.value, marker="o", markersize=3, **_LINES[theory])
        order = 4 if theory == "perturbation" else 2
        axes.plot(rows.gamma0, rows.value.iloc[0] * (rows.gamma0 / rows.gamma0.iloc[0]) ** order, **GUIDE, zorder=1)
    axes.set_xscale("log", base=2)
    log_heights(axes)
    axes.set(xlabel="richness γ₀", ylabel="distance from DMFT")


def _maps(figure: Any, tables: Tables) -> None:
    """Draw feature kernels of all layers, with the cosine of each theory's with the nets'."""
    nets, theories = (tables[name].at(gamma0=max) for name in ("richness_networks", "richness_theories"))
    layers = layers_of(nets)
    network = {layer: of_nets(nets, "kernel", layer) for layer in layers}
    rows: dict[str, tuple[dict[str, np.ndarray], dict[str, str]]] = {"nets": (classes_apart(network), {})}
    for theory, name in _NAMES.items():
        kernels = {layer: limit_of(theories.at(theory=theory), "kernel", layer) for layer in layers}
        corners = {layer: f"{alignment(kernels[layer], network[layer]):.2f}" for layer in layers}
        rows[name] = (classes_apart(kernels), corners)
    panels = figure.subplots(len(rows), len(layers), squeeze=False)
    map_grid(panels, rows, scale=dict.fromkeys(rows, "nets"))
    for axes, layer in zip(panels[0], layers, strict=True):
        axes.set_title(f"layer {layer[1:]}", fontsize=8.5)
    figure.suptitle(f"feature kernels, γ₀ = {nets.values('gamma0')[0]:g}", fontsize=8.5)
