"""Means over seeds with the interval of the claims: as curves with bands, and as points with bars.

seaborn groups, averages and draws; the interval is :func:`infwidth.analysis.statistics.mean_over_seeds`, never a
random bootstrap. Draw on a linear vertical axis and make it logarithmic afterwards (:mod:`infwidth.plotting.axes`): on
a logarithmic one seaborn would average logarithms.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from infwidth.analysis.statistics import mean_over_seeds
from infwidth.plotting.style import Colour, width_colours

_BAND = {"alpha": 0.16, "linewidth": 0}


def interval(values: pd.Series) -> tuple[float, float]:
    """Return Student's 95 % interval of the mean of one number a seed; not numbers where there is none."""
    estimate = mean_over_seeds(values.to_numpy())
    return (estimate.low, estimate.high) if np.isfinite(estimate.high) else (np.nan, np.nan)


def curves(
    axes: Axes,
    rows: pd.DataFrame,
    *,
    x: str = "step",
    by: str = "width",
    palette: Callable[..., Mapping[Any, Any]] = width_colours,
    band: bool = True,
    **line: Any,
) -> None:
    """Draw the mean over seeds of ``value`` against ``x``, a colour for each value of ``by``, with its interval."""
    _on_linear_heights(axes)
    colours = palette(rows[by].unique()) or None  # of nothing, as where no rate trains
    sns.lineplot(
        rows, x=x, y="value", hue=by, palette=colours, errorbar=interval if band else None, err_kws=_BAND,
        legend=False, ax=axes, **line,
    )  # fmt: skip
    axes.set(xlabel="", ylabel="")


def curve(axes: Axes, rows: pd.DataFrame, *, x: str = "step", band: bool = True, **line: Any) -> None:
    """Draw the mean over seeds of ``value`` against ``x`` in one colour, with its interval as a band."""
    _on_linear_heights(axes)
    sns.lineplot(rows, x=x, y="value", errorbar=interval if band else None, err_kws=_BAND, ax=axes, **line)
    axes.set(xlabel="", ylabel="")


def single_nets(
    axes: Axes,
    rows: pd.DataFrame,
    *,
    x: str = "step",
    by: str = "width",
    palette: Callable[..., Mapping[Any, Any]] = width_colours,
    **line: Any,
) -> None:
    """Draw ``value`` against ``x``, a thin line a seed, a colour for each value of ``by``."""
    thin: dict[str, Any] = {"linewidth": 0.6, "alpha": 0.5} | line
    sns.lineplot(
        rows, x=x, y="value", hue=by, palette=palette(rows[by].unique()), units="seed", estimator=None,
        legend=False, ax=axes, **thin,
    )  # fmt: skip
    axes.set(xlabel="", ylabel="")


def points(
    axes: Axes, rows: pd.DataFrame, *, x: str = "width", colours: Mapping[int, Colour] | None = None, **line: Any
) -> None:
    """Draw means over seeds of ``value`` with their intervals as bars; with ``colours``, each mark in its own."""
    _on_linear_heights(axes)
    bars: dict[str, Any] = {"capsize": 2, "elinewidth": 0.9, "capthick": 0.9}
    marks: dict[str, Any] = {"marker": "o", "markersize": 5, "markeredgewidth": 0.8, "color": "0.35", "linewidth": 1}
    sns.lineplot(
        rows, x=x, y="value", errorbar=interval, err_style="bars", err_kws=bars, ax=axes,
        **({"markeredgecolor": "white"} | marks | line),
    )  # fmt: skip
    if colours:
        means = rows.groupby(x).value.mean()
        sns.scatterplot(
            x=means.index, y=means.to_numpy(), hue=means.index, palette=dict(colours), legend=False, s=30,
            edgecolor="white", linewidth=0.6, zorder=4, ax=axes,
        )  # fmt: skip
    axes.set(xlabel="", ylabel="")


def _on_linear_heights(axes: Axes) -> None:
    """Refuse a logarithmic vertical axis, on which seaborn would average logarithms."""
    if axes.get_yscale() == "log":
        raise ValueError("draw means on a linear vertical axis and make it logarithmic afterwards")
