"""Panels that several figures share: maps over richness and learning rate, and the colours of richness."""

import itertools
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator

from infwidth.plotting import legends
from infwidth.plotting.style import GUIDE, Colour, depth_colours, richness_colour

LABELS = {"mse": "squared errors", "cross_entropy": "cross-entropy"}


def gamma_colour(gamma0: Any) -> Colour:
    """Return the colour of a γ: that of lazy training at 10⁻³, of rich training at 10³."""
    return richness_colour(0.25 + float(np.log10(gamma0)) / 12)


def gamma_handles(of: Iterable[float]) -> list[Line2D]:
    """Return what a legend says of the colours of γ."""
    return [legends.line(f"γ = {gamma0:g}", color=gamma_colour(gamma0)) for gamma0 in sorted(set(of))]


def gamma_axis(axes: Axes) -> None:
    """Make the horizontal axis γ, a tick every second decade."""
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(base=100, numticks=20))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("richness γ")


def depth_marks(n_layers: Iterable[float]) -> dict[int, dict[str, Any]]:
    """Return the colour and the mark of every number of layers L."""
    colours = depth_colours([4.0**layers / 16 for layers in n_layers])  # few layers, told apart by the whole scale
    marks = itertools.cycle("osD^")
    return {
        int(layers): {"color": colour, "marker": mark}
        for layers, colour, mark in zip(sorted(n_layers), colours.values(), marks, strict=False)
    }


def in_decades(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with the logarithm of their values, of which means and intervals are then drawn."""
    return rows.assign(value=np.log10(rows.value))


def guide(axes: Axes, rows: pd.DataFrame, slope: float, *, above: float = 0.0) -> None:
    """Draw theory's slope in γ through the mean of rows in decades, or so far above it."""
    means = rows.groupby("gamma0").value.mean()
    if len(means) > 1:
        x = np.log10(means.index.to_numpy(float))
        axes.plot(means.index, means.mean() + above + slope * (x - x.mean()), zorder=1, **GUIDE)


def rate_map(axes: Axes, rows: pd.DataFrame, *, low: float, high: float) -> QuadMesh:
    """Draw the means of ``value`` over γ (``gamma0``) and log₁₀ of ``rate``, of which every γ has its own.

    White where there is none. Colours are even in the logarithm from ``low`` to ``high``.
    """
    places = rows.groupby(["gamma0", "layer"])
    means = places.agg(rate=("rate", "first"), value=("value", "mean"), n=("value", "count"))
    means.loc[means.n < means.n.max(), "value"] = np.nan  # where a seed diverged there is no mean
    factors = sorted(rows.layer.unique(), key=float)
    rate, value = (means[name].unstack("layer")[factors] for name in ("rate", "value"))
    γ = _corners(np.log10(rate.index.to_numpy(float)))
    heights = _corners(_corners(np.log10(rate.to_numpy())).T).T
    x = np.repeat(10.0 ** γ[:, None], heights.shape[1], axis=1)
    mesh = axes.pcolormesh(
        x, heights, np.log10(value.to_numpy()), cmap="viridis_r", vmin=np.log10(low), vmax=np.log10(high),
        rasterized=True,
    )  # fmt: skip
    gamma_axis(axes)
    axes.set(xlim=(x.min(), x.max()), ylim=(heights.min(), heights.max()))
    axes.grid(visible=False)
    return mesh


def _corners(centres: np.ndarray) -> np.ndarray:
    """Return the edges between centres along the first axis, one more than there are of these."""
    between = (centres[1:] + centres[:-1]) / 2
    first, last = 2 * centres[:1] - between[:1], 2 * centres[-1:] - between[-1:]
    return np.concatenate([first, between, last])
