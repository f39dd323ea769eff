"""Feature kernels of deep linear networks after training, beside dynamical mean field theory and the static NTK."""

from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.distances import kernels, limit_kernel, relative_distance
from infwidth.analysis.table import Tables
from infwidth.papers.harvard2024.measured import alignments
from infwidth.plotting import legends
from infwidth.plotting.maps import by_class, colour_bar, signed_map
from infwidth.plotting.style import DASHED, FULL, LAZY, LIMIT, PAIR

_NETWORKS: dict[str, Any] = {"color": PAIR[0], "linewidth": 0.7}
_THEORIES = ("kernel", "ntk_kernel")
#: The difference from theory is too small to be seen on the kernels' scale.
_ENLARGED = 10
_STATIC: dict[str, Any] = {"color": LAZY, "linewidth": 1.3, "linestyle": DASHED}


def dmft_kernels(tables: Tables) -> Figure:
    """Kernels by layer at the largest richness (heat maps), and train losses at every richness (right)."""
    gammas = tables["dmft_networks"].values("gamma0")
    figure = plt.figure(figsize=(FULL, 4.3))
    ((left, right),) = figure.subfigures(1, 2, squeeze=False, width_ratios=(4.9, 2.3))
    _draw_kernels(left, tables, gammas[-1])
    panels = right.subplots(len(gammas), 1, squeeze=False, sharex=True, sharey=True)[:, 0]
    for axes, gamma0 in zip(panels, gammas, strict=True):
        _draw_losses(axes, tables, gamma0)
    panels[-1].set_xlabel("training step")
    lines = (("networks", _NETWORKS), ("DMFT", LIMIT), ("static NTK", _STATIC))
    legends.below(right, [legends.line(name, **line) for name, line in lines], handlelength=1.4, columnspacing=0.9)
    return figure


def _draw_kernels(figure: Any, tables: Tables, gamma0: float) -> None:
    """Draw a row of maps for the networks, each theory, and the difference from DMFT, on one colour scale."""
    nets, limit = (tables[name].at(gamma0=gamma0) for name in ("dmft_networks", "dmft_limit"))
    layers = nets.at(metric="kernel").values("layer")
    network = {
        layer: np.mean(list(kernels(nets, step=nets.last_step(), layer=layer, axis="gamma0").values()), axis=0)
        for layer in layers
    }
    dmft = {layer: limit_kernel(limit, "kernel", layer) for layer in layers}
    static = dict.fromkeys(layers, limit_kernel(limit, "ntk_kernel"))
    cosines = {theory: alignments(tables, gamma0, theory).groupby("layer").value.mean() for theory in _THEORIES}
    rows: dict[str, tuple[dict[str, np.ndarray], dict[str, str]]] = {
        "network": (network, {}),
        "DMFT": (dmft, {layer: f"{cosines['kernel'][layer]:.3f}" for layer in layers}),
        f"{_ENLARGED} × (network\n− DMFT)": (
            {layer: _ENLARGED * (network[layer] - dmft[layer]) for layer in layers},
            {layer: f"{100 * relative_distance(network[layer], dmft[layer]):.0f} %" for layer in layers},
        ),
        "static NTK": (static, {layer: f"{cosines['ntk_kernel'][layer]:.3f}" for layer in layers}),
    }
    largest = max(np.abs(kernel).max() for kernel in network.values())
    maps = figure.subplots(len(rows), len(layers), squeeze=False)
    for (name, (of_layers, corners)), line in zip(rows.items(), maps, strict=True):
        for axes, layer in zip(line, layers, strict=True):
            signed_map(axes, by_class(of_layers[layer]), largest=largest, corner=corners.get(layer, ""))
        line[0].set_ylabel(name, fontsize=8)
    for number, axes in enumerate(maps[0], start=1):
        axes.set_title(f"layer {number}", fontsize=8.5)
    label = f"feature kernel, γ₀ = {gamma0:g} (examples by class)"
    colour_bar(list(maps.ravel()), label=label, location="bottom", shrink=0.6, aspect=40, pad=0.02)


def _draw_losses(axes: Axes, tables: Tables, gamma0: float) -> None:
    """Draw the train losses of all networks and of both theories."""
    nets, limit = (tables[name].at(gamma0=gamma0) for name in ("dmft_networks", "dmft_limit"))
    for _, of_seed in nets.nets("train_loss").groupby("seed"):
        axes.plot(of_seed.step, of_seed.value, zorder=2, **_NETWORKS)
    for metric, line in (("train_loss", LIMIT), ("ntk_train_loss", _STATIC)):
        curve = limit.limit(metric).sort_values("step")
        axes.plot(curve.step, curve.value, zorder=3, **line)
    axes.set_yscale("log")
    axes.set(xlim=(0, limit.last_step()), ylabel="train loss", title=f"γ₀ = {gamma0:g}")
