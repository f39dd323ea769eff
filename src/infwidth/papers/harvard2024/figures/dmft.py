"""Feature kernels of deep linear networks after training, beside dynamical mean field theory and the static NTK."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from infwidth.analysis.claims import Tables
from infwidth.analysis.distances import kernels, limit_kernel
from infwidth.papers.harvard2024.measured import alignments
from infwidth.plotting.shapes import by_class
from infwidth.plotting.style import DASHED, LIMIT

_NETWORKS: dict[str, Any] = {"color": "#5b8fc7", "linewidth": 0.6}
_STATIC: dict[str, Any] = {"color": "0.5", "linewidth": 1.4, "linestyle": DASHED}


@dataclass(frozen=True)
class _Row:
    """A row of heat maps: its name, its kernel by layer, and its cosine with the networks by layer, if a theory's."""

    name: str
    kernels: dict[str, np.ndarray]
    cosines: pd.Series | None = None


def dmft_kernels(tables: Tables) -> Figure:
    """Kernels by layer at the largest richness (heat maps), and train losses at every richness (right)."""
    nets = tables["dmft_networks"]
    gammas = sorted(nets.gamma0.unique())
    rows = _rows(tables, gammas[-1])
    n_layers = len(rows[0].kernels)
    figure = plt.figure(figsize=(2.45 + 0.95 * n_layers, 3.4))
    grid = figure.add_gridspec(1, 2, width_ratios=(0.95 * n_layers, 2.45))
    left, right = figure.add_subfigure(grid[0]), figure.add_subfigure(grid[1])
    maps = left.subplots(len(rows), n_layers, squeeze=False)
    _draw_kernels(maps, rows, gammas[-1])
    panels = right.subplots(len(gammas), 1, squeeze=False, sharex=True, sharey=True)[:, 0]
    for axes, gamma0 in zip(panels, gammas, strict=True):
        _draw_losses(axes, tables, gamma0)
    panels[-1].set_xlabel("training step")
    panels[0].legend(handles=_loss_handles(), loc="upper right", fontsize=7.5, handlelength=1.6)
    return figure


def _rows(tables: Tables, gamma0: float) -> list[_Row]:
    nets, limit = (table[table.gamma0 == gamma0] for table in (tables["dmft_networks"], tables["dmft_limit"]))
    layers = sorted(nets[nets.metric == "kernel"].layer.unique())
    network, dmft = {}, {}
    for layer in layers:
        of_seeds = kernels(nets, step=nets.step.max(), layer=layer, axis="gamma0").values()
        network[layer] = by_class(np.mean(list(of_seeds), axis=0))
        dmft[layer] = by_class(limit_kernel(limit, "kernel", layer))
    static = dict.fromkeys(layers, by_class(limit_kernel(limit, "ntk_kernel")))
    cosines = {metric: _mean_alignments(tables, gamma0, metric) for metric in ("kernel", "ntk_kernel")}
    return [
        _Row("network", network),
        _Row("DMFT", dmft, cosines["kernel"]),
        _Row("static NTK", static, cosines["ntk_kernel"]),
    ]


def _mean_alignments(tables: Tables, gamma0: float, theory: str) -> pd.Series:
    return alignments(tables, gamma0, theory).groupby("layer").value.mean()


def _draw_kernels(maps: np.ndarray, rows: list[_Row], gamma0: float) -> None:
    """Draw the heat maps on one colour scale."""
    every = np.stack([kernel for row in rows for kernel in row.kernels.values()])
    for row, line in zip(rows, maps, strict=True):
        for axes, (layer, kernel) in zip(line, row.kernels.items(), strict=True):
            image = axes.imshow(kernel, cmap="viridis", vmin=every.min(), vmax=every.max(), interpolation="nearest")
            axes.set(xticks=[], yticks=[])
            axes.grid(False)
            axes.spines[:].set_visible(False)
            if row.cosines is not None:
                _print_in_corner(axes, f"{row.cosines[layer]:.3f}")
        line[0].set_ylabel(row.name)
    for number, axes in enumerate(maps[0], start=1):
        axes.set_title(f"layer {number}", fontsize=8.5)
    figure = maps[0, 0].figure
    bar = figure.colorbar(image, ax=list(maps.ravel()), location="bottom", shrink=0.6, aspect=35, pad=0.02)
    bar.set_label(f"feature kernel, γ₀ = {gamma0:g}", fontsize=8)
    bar.ax.tick_params(labelsize=7)


def _print_in_corner(axes: Axes, text: str) -> None:
    """Print in the upper right corner, the block of pairs from different classes."""
    box = {"boxstyle": "square,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.85}
    axes.text(0.96, 0.95, text, transform=axes.transAxes, ha="right", va="top", fontsize=6.5, bbox=box)


def _draw_losses(axes: Axes, tables: Tables, gamma0: float) -> None:
    """Draw the train losses of all networks and of both theories."""
    nets, limit = (table[table.gamma0 == gamma0] for table in (tables["dmft_networks"], tables["dmft_limit"]))
    for _, of_seed in nets[(nets.metric == "train_loss") & (nets.seed >= 0)].groupby("seed"):
        axes.plot(of_seed.step, of_seed.value, zorder=2, **_NETWORKS)
    for metric, line in (("train_loss", LIMIT), ("ntk_train_loss", _STATIC)):
        curve = limit[limit.metric == metric].sort_values("step")
        axes.plot(curve.step, curve.value, zorder=3, **line)
    axes.set_yscale("log")
    axes.set_xlim(0, limit.step.max())
    axes.set_ylabel("train loss")
    axes.set_title(f"γ₀ = {gamma0:g}", fontsize=8.5)


def _loss_handles() -> list[Line2D]:
    lines = (("networks", _NETWORKS | {"linewidth": 1.0}), ("DMFT", LIMIT), ("static NTK", _STATIC))
    return [Line2D([], [], label=label, **line) for label, line in lines]
