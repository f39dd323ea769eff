"""A width axis that goes on to infinity, with the marks of limits, kernels and reported numbers on it."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from matplotlib.axes import Axes

from infwidth.analysis.statistics import Estimate
from infwidth.plotting.axes import width_axis
from infwidth.plotting.style import DASHED, LAZY, LIMIT

#: Numbers of a paper, on other data or at another scale than ours: faint and open.
REPORTED: dict[str, Any] = {"color": "0.6", "fillstyle": "none", "linestyle": "", "markeredgewidth": 0.9}
#: Where ∞ and the kernels are, in widest nets.
_BEYOND, _LAST = 4.0, 24.0


def axis_to_infinity(axes: Axes, widths: Iterable[float], *, shown: int = 1) -> tuple[float, float]:
    """Make the horizontal axis widths (a label every ``shown``-th), ∞ and kernels; return where the latter two are."""
    finite = sorted({int(width) for width in widths if math.isfinite(width)})
    infinity, kernels = _BEYOND * finite[-1], _LAST * finite[-1]
    width_axis(axes, finite, "width n")
    names = [str(width) if i % shown == 0 else "" for i, width in enumerate(finite)]
    axes.set_xticks([*finite, infinity, kernels], [*names, "∞", "kernels"])
    axes.set_xlim(finite[0] / 2, 4 * kernels)
    return infinity, kernels


def draw_limit(axes: Axes, at: float, limit: Estimate) -> None:
    """Draw the infinite-width limit as a line over all widths and a mark with its interval at ∞."""
    axes.axhline(limit.value, zorder=1, **LIMIT)
    _mark(axes, at, limit, color="black", marker="D")


def draw_kernel(axes: Axes, at: float, kernel: Estimate, marker: str) -> None:
    """Draw a kernel as a dashed line over all widths and a mark with its interval."""
    axes.axhline(kernel.value, color=LAZY, linewidth=0.9, linestyle=DASHED, zorder=1)
    _mark(axes, at, kernel, color=LAZY, marker=marker)


def draw_reported(axes: Axes, infinity: float, values: Mapping[float, float]) -> None:
    """Draw reported numbers by width as faint open marks."""
    finite = {width: value for width, value in values.items() if math.isfinite(width)}
    axes.plot(list(finite), list(finite.values()), "o", **REPORTED)
    axes.plot([infinity], [values[math.inf]], "D", **REPORTED)


def _mark(axes: Axes, at: float, estimate: Estimate, **mark: Any) -> None:
    half = estimate.high - estimate.value if math.isfinite(estimate.high) else 0.0
    axes.errorbar([at], [estimate.value], yerr=[half], capsize=2, elinewidth=0.9, zorder=4, linestyle="", **mark)
