"""Tables that are typeset, not plotted."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes


def text_table(
    axes: Axes,
    cells: Sequence[Sequence[str]],
    *,
    widths: Sequence[float],
    fills: Mapping[tuple[int, int], str],
    rules_after: Sequence[int] = (0,),
    fontsize: float = 8.0,
) -> None:
    """Fill the axes with a table: first row and column are headings, ``widths`` relative, ``fills`` colours by cell."""
    edges = np.concatenate([[0.0], np.cumsum(widths)]) / sum(widths)
    axes.set_axis_off()
    axes.set(xlim=(0, 1), ylim=(len(cells), 0))
    for (row, column), colour in fills.items():
        left, right = edges[column], edges[column + 1]
        axes.fill_between([left + 0.004, right - 0.004], row + 0.06, row + 0.94, color=colour, linewidth=0)
    for row, line in enumerate(cells):
        for column, text in enumerate(line):
            at, side = (0.0, "left") if column == 0 else ((edges[column] + edges[column + 1]) / 2, "center")
            weight = "bold" if row == 0 or column == 0 else "normal"
            axes.text(at, row + 0.5, text, ha=side, va="center", weight=weight, fontsize=fontsize)
    for after in rules_after:
        axes.plot([0, 1], [after + 1, after + 1], color="0.2" if after == 0 else "0.7", linewidth=0.9, clip_on=False)
