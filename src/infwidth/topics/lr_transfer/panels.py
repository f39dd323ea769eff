"""Panels on learning rates: the final loss against the rate, and the best rate against width or depth."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from infwidth.analysis.lr_optimum import drift, final_losses, optimum_table
from infwidth.analysis.table import NotTestableError, Table
from infwidth.plotting.lines import curves
from infwidth.plotting.style import width_colours
from infwidth.plotting.text import with_interval

Palette = Callable[..., Mapping[Any, Any]]


def sweep(
    axes: Axes,
    table: Table,
    *,
    metric: str,
    axis: str = "width",
    symbol: str = "N",
    palette: Palette = width_colours,
    chance: float = math.inf,
) -> pd.DataFrame:
    """Draw the mean final loss against the rate, a colour a width (or depth), each with its optimum; return these.

    A curve ends before the first rate at which a seed diverges or dies, ``chance`` being the loss of a dead net. Where
    no rate trains there is no curve, and a line of text says so.
    """
    losses = final_losses(table, axis=axis, metric=metric)
    optima = optimum_table(table, axis=axis, metric=metric, chance=chance)
    last = optima.set_index(axis).largest_stable_lr
    stable = losses[losses.lr <= losses[axis].map(last).fillna(0.0)]
    curves(axes, stable, x="lr", by=axis, palette=palette, band=False, linewidth=1.2)
    if lost := [f"{symbol} = {at:g}" for at in sorted(set(losses[axis]) - set(last.index))]:
        axes.text(0.03, 0.04, f"{', '.join(lost)}: trains at no rate", transform=axes.transAxes, fontsize=7)
    colours = palette(losses[axis].unique())
    for at, optimum in optima.set_index(axis).iterrows():
        _mark(axes, optimum, colours[int(str(at).removesuffix(".0"))], (losses.lr.min(), losses.lr.max()))
    axes.set_xscale("log", base=2)
    axes.set_xlabel("learning rate η")
    return optima


def _mark(axes: Axes, optimum: pd.Series, colour: Any, rates: tuple[float, float]) -> None:
    """Draw the best rate with its interval within the grid; an open dot if it is only a bound."""
    low, high = np.clip([optimum.low, optimum.high], *rates)
    axes.errorbar(
        [optimum.lr], [optimum.loss], xerr=[[max(optimum.lr - low, 0)], [max(high - optimum.lr, 0)]], fmt="o",
        color=colour, markersize=5.5, capsize=2, elinewidth=1.0, zorder=5,
        markerfacecolor="white" if optimum.edge else colour, markeredgecolor=colour if optimum.edge else "0.15",
        markeredgewidth=1.2 if optimum.edge else 0.6,
    )  # fmt: skip


def best_rates(axes: Axes, optima: pd.DataFrame, *, axis: str = "width", relative: bool = False, **line: Any) -> None:
    """Draw the best rate against width (or depth), with its interval, open where it is a bound.

    ``relative``: both in units of those of the narrowest (shallowest) net. Make the axes logarithmic afterwards.
    """
    if optima.empty:
        return
    unit_x, unit_y = (optima[axis].iloc[0], optima.lr.iloc[0]) if relative else (1.0, 1.0)
    x, y = optima[axis] / unit_x, optima.lr / unit_y
    bars = optima[["low", "high"]].sub(optima.lr, axis=0).abs().T.to_numpy() / unit_y
    axes.errorbar(
        x,
        y,
        yerr=np.where(np.isfinite(bars), bars, 0.0),
        capsize=2,
        elinewidth=0.9,
        linewidth=1,
        markersize=4.5,
        **line,
    )
    bound = (optima.edge != "").to_numpy()
    axes.plot(x[bound], y[bound], **{**line, "linestyle": "", "markerfacecolor": "white", "zorder": 4})


def moves(
    table: Table, *, metric: str, axis: str = "width", chance: float = math.inf, unit: str = " per doubling"
) -> str:
    """Return in words by how much log₂ of the best rate moves per doubling; nothing where the claims cannot say."""
    try:
        return f"{with_interval(drift(table, axis=axis, metric=metric, chance=chance, allow_edges=True))}{unit}"
    except NotTestableError:
        return "not to be fitted"
