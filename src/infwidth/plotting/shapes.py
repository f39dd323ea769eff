"""Plot shapes that many figures share."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from infwidth.analysis.statistics import mean_over_seeds
from infwidth.plotting.style import DOTTED


def curve_with_band(
    axes: Axes, frame: pd.DataFrame, *, x: str, y: str = "value", band: bool = True, **line: object
) -> None:
    """Draw the mean over seeds of ``y`` against ``x``, with Student's 95 % band where there are several seeds."""
    estimates = {at: mean_over_seeds(group[y].to_numpy()) for at, group in frame.groupby(x)}
    at = np.array(list(estimates))
    (drawn,) = axes.plot(at, [e.value for e in estimates.values()], **line)  # type: ignore[arg-type]
    if band and all(e.n > 1 for e in estimates.values()):
        low, high = [e.low for e in estimates.values()], [e.high for e in estimates.values()]
        axes.fill_between(at, low, high, color=drawn.get_color(), alpha=0.18, linewidth=0)


def guide(axes: Axes, x: np.ndarray, *, exponent: float, at: float, label: str) -> None:
    """Draw the theory's power law through the height ``at`` at the left end of ``x``, named at the right end."""
    heights = at * (x / x[0]) ** exponent
    axes.plot(x, heights, color="0.45", linewidth=0.9, linestyle=DOTTED)
    # On the side where neither the line nor a point at its end is.
    offset, side = ((-9, -1), "top") if exponent < 0 else ((0, 0), "bottom")
    axes.annotate(
        label, (x[-1], heights[-1]), offset, textcoords="offset points", color="0.35", fontsize=7.5, ha="right", va=side
    )


def errors_against_width(axes: Axes, frame: pd.DataFrame, *, x: str = "width", **line: object) -> None:
    """Draw the mean over seeds of ``value`` against width, with Student's 95 % intervals as bars."""
    estimates = {at: mean_over_seeds(group.value.to_numpy()) for at, group in frame.groupby(x)}
    centre = np.array([e.value for e in estimates.values()])
    half = np.array([e.high - e.value if e.n > 1 else 0.0 for e in estimates.values()])
    # On a logarithmic axis a bar may not reach zero; of few seeds it can be longer than the value.
    lower = np.minimum(half, 0.95 * np.abs(centre))
    axes.errorbar(list(estimates), centre, yerr=(lower, half), capsize=2, elinewidth=0.9, **line)  # type: ignore[arg-type]


def by_class(kernel: np.ndarray) -> np.ndarray:
    """Return a kernel [P, P] of two classes that take turns with the examples of one before those of the other."""
    order = [*range(0, len(kernel), 2), *range(1, len(kernel), 2)]
    return kernel[np.ix_(order, order)]


#: What a parametrization does in the limit; also readable in grey, where darker is more.
VERDICT_COLOURS = {"unstable": "#f3f3f3", "trivial": "#d4dce6", "kernel": "#8fa9d0", "feature learning": "#e8a33d"}


def fraction(value: float) -> str:
    """Return an exact exponent as people write it, such as −1/2."""
    return str(Fraction(value)).replace("-", "−")


def text_table(
    axes: Axes,
    cells: Sequence[Sequence[str]],
    *,
    widths: Sequence[float],
    fills: dict[tuple[int, int], str] | None = None,
    rules_after: Sequence[int] = (0,),
) -> None:
    """Fill the axes with a table: first row and column are headings, ``widths`` relative, ``fills`` colours by cell."""
    edges = np.concatenate([[0.0], np.cumsum(widths)]) / sum(widths)
    axes.set_axis_off()
    axes.set(xlim=(0, 1), ylim=(len(cells), 0))
    for (row, column), colour in (fills or {}).items():
        left, right = edges[column], edges[column + 1]
        axes.fill_between([left + 0.004, right - 0.004], row + 0.06, row + 0.94, color=colour, linewidth=0)
    for row, line in enumerate(cells):
        for column, text in enumerate(line):
            heading = row == 0 or column == 0
            at = 0.0 if column == 0 else (edges[column] + edges[column + 1]) / 2
            where = "left" if column == 0 else "center"
            axes.text(at, row + 0.5, text, ha=where, va="center", weight="bold" if heading else "normal")
    for after in rules_after:
        axes.plot([0, 1], [after + 1, after + 1], color="0.2" if after == 0 else "0.7", linewidth=0.9, clip_on=False)
