"""Sizes of weights times activations, of the initial weights and of their change."""

from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from infwidth.analysis.claims import Tables
from infwidth.analysis.statistics import exponent
from infwidth.plotting.axes import width_axis
from infwidth.plotting.shapes import errors_against_width, guide
from infwidth.plotting.style import BLUE, ORANGE

_PRODUCTS: dict[str, tuple[str, float, str, dict[str, Any]]] = {
    "update_product": ("change, ΔW x: correlated", 1.0, "n", {"color": ORANGE, "marker": "s"}),
    "initial_product": ("initial, W₀ x: independent", 0.5, "√n", {"color": BLUE, "marker": "o"}),
}


def fig3(tables: Tables) -> Figure:
    """Relative size of the product against width, for initial weights and for their change, with theory's slopes."""
    table = tables["correlation"]
    figure, axes = plt.subplots(figsize=(5.6, 3.2))
    for metric, (name, slope, label, line) in _PRODUCTS.items():
        rows = table[table.metric == metric]
        found = exponent(rows) if rows.width.nunique() > 1 else None
        name += "" if found is None else f"\n(exponent {found.value:.2f})"
        errors_against_width(axes, rows, linestyle="-", label=name, **line)
        widths = np.array(sorted(rows.width.unique()), float)
        guide(axes, widths, exponent=slope, at=1.6 * rows[rows.width == widths[0]].value.mean(), label=label)
    width_axis(axes, sorted(table.width.unique()))
    axes.set_yscale("log", base=10)
    axes.set_ymargin(0.1)
    axes.set_xlabel("width n")
    axes.set_ylabel("size of W x / (size of W · size of x)")
    figure.legend(loc="outside right upper", labelspacing=1.0)
    return figure
