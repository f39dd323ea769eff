"""Nonlinear nets and two solutions of their mean field theory: losses, densities, kernels, convergence in width."""

from typing import Any

import numpy as np
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.bordelon2022.measured import KERNELS, layers_of, limit_of, relative_distances
from infwidth.papers.bordelon2022.panels import (
    classes_apart,
    loss_axis,
    losses,
    map_grid,
    of_nets,
)
from infwidth.plotting import guides, legends
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.lines import points
from infwidth.plotting.style import FULL, LIMIT, richness_colours, width_colours

_MARKS = ("o", "s", "^", "D")
_PROGRAM: dict[str, Any] = {"color": "black", "marker": "o", "markersize": 3.5, "fillstyle": "none", "linestyle": ""}
_BEFORE: dict[str, Any] = {"color": "0.55", "linewidth": 0.9}
_SYMBOLS = {"kernel": "Φ", "gradient_kernel": "G"}


def fig1(tables: Tables) -> Figure:
    """Losses and densities above; kernels, over time too, and their distance from the limit below."""
    nets, program, dmft = (tables[f"nonlinear_{name}"] for name in ("networks", "program", "dmft"))
    widths = tables["nonlinear_widths"]
    gammas, layers = nets.values("gamma0"), layers_of(nets)
    (shown,) = widths.values("gamma0")
    figure = plt.figure(figsize=(FULL, 5.2))
    (top,), (bottom,) = figure.subfigures(2, 1, height_ratios=(1, 1.3), squeeze=False)
    first, *others = top.subplots(1, 1 + len(layers), width_ratios=(1.5, *[1] * len(layers)))
    colours = richness_colours(gammas)
    for gamma0, colour in colours.items():
        losses(first, nets.at(gamma0=gamma0), dmft.at(gamma0=gamma0), colour)
        sampled = program.at(gamma0=gamma0).limit("train_loss").groupby("step").value.mean()
        first.plot(sampled.index, sampled, **_PROGRAM)
    loss_axis(first, nets.last_step())
    for axes, layer in zip(others, layers, strict=True):
        _densities(axes, nets.at(gamma0=max), dmft.at(gamma0=max), layer)
        axes.set_title(f"layer {layer[1:]}, γ₀ = {gammas[-1]:g}", fontsize=8)
    others[0].set_ylabel("density")

    left, right = bottom.subfigures(1, 2, width_ratios=(1.15, 1))
    _maps(left, nets.at(gamma0=shown), dmft.at(gamma0=shown), layers, shown)
    panels = right.subplots(1, 2, sharey=True)
    for axes, metric in zip(panels, KERNELS, strict=True):
        _distances(axes, widths, program.at(gamma0=shown), metric, layers)
    log_heights(panels[0])
    low, high = panels[0].get_ylim()
    panels[0].set_ylim(low / 3, high)  # room for the slopes
    panels[0].set_ylabel("relative distance from the limit")
    ((widest, colour),) = width_colours(nets.values("width")).items()
    legends.below(
        figure,
        [
            *(legends.line(f"nets, γ₀ = {gamma0:g}", color=colour) for gamma0, colour in colours.items()),
            legends.line(f"N = {widest}", color=colour, linewidth=5, alpha=0.5),
            legends.limit("DMFT, alternating"),
            legends.line("DMFT before training", **_BEFORE),
            legends.line("tensor program", **_PROGRAM),
            *(
                legends.line(f"layer {layer[1:]}", marker=mark, linestyle="")
                for layer, mark in zip(layers, _MARKS, strict=False)
            ),
            legends.guide("slope −1/2"),
        ],
        ncols=6,
    )
    return figure


def _densities(axes: Axes, nets: Table, dmft: Table, layer: str) -> None:
    """Draw the density of a layer's preactivations after training, and the limit's before and after."""
    (colour,) = width_colours(nets.values("width")).values()
    centres = nets.ensemble("bin_centre").sort_values("index").value.to_numpy()
    half = (centres[1] - centres[0]) / 2
    edges = np.append(centres - half, centres[-1] + half)
    end = nets.last_step()
    heights = nets.at(layer=layer, step=end).ensemble("density").sort_values("index").value.to_numpy()
    sns.histplot(x=centres, weights=heights, bins=edges.tolist(), color=colour, alpha=0.5, linewidth=0, ax=axes)
    for step, line in ((0, _BEFORE), (end, LIMIT)):
        axes.stairs(dmft.at(layer=layer, step=step).limit("density").sort_values("index").value, edges, **line)
    axes.set(xlabel="preactivation h", ylabel="", xlim=(edges[0], edges[-1]), yticks=[])


def _maps(figure: Any, nets: Table, dmft: Table, layers: list[str], gamma0: float) -> None:
    """Draw final kernels, and kernels over time, of the nets and of the mean field theory."""
    last, start = layers[-1], layers[0]
    columns = {
        f"Φ$^{{{last[1:]}}}$": ("kernel", last),
        f"G$^{{{start[1:]}}}$": ("gradient_kernel", start),
        f"Φ$^{{{last[1:]}}}$(t, s)": ("kernel_in_time", last),
        f"G$^{{{start[1:]}}}$(t, s)": ("gradient_in_time", start),
    }
    network = {name: of_nets(nets, *of) for name, of in columns.items()}
    theory = {name: limit_of(dmft, *of) for name, of in columns.items()}
    for matrices in (network, theory):
        matrices.update(classes_apart({name: matrices[name] for name in list(columns)[:2]}))
    panels = figure.subplots(2, len(columns))
    map_grid(panels, {"nets": (network, {}), "DMFT": (theory, {})}, scale={"nets": "DMFT", "DMFT": "DMFT"})
    for axes, name in zip(panels[0], columns, strict=True):
        axes.set_title(name, fontsize=8.5)
    figure.suptitle(f"kernels after training, γ₀ = {gamma0:g}", fontsize=8.5)


def _distances(axes: Axes, nets: Table, program: Table, metric: str, layers: list[str]) -> None:
    """Draw the distance of each layer's final kernel from the limit against the width."""
    texts = []
    for layer, mark in zip(layers, _MARKS, strict=False):
        rows = relative_distances(nets, program, metric, layer)
        points(axes, rows, marker=mark, markersize=4, linestyle="", colours=None)
        texts.append((f"{_SYMBOLS[metric]}$^{layer[1:]}$: {guides.slope_text(rows)}", "0.3"))
        guides.power_law(axes, rows, slope=-0.5)
    width_axis(axes, nets.values("width"))
    axes.set_title(f"{_SYMBOLS[metric]}, final", fontsize=8.5)
    guides.note(axes, texts)
