"""Losses in width and data in two parametrizations, and the joint fits."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.joint_scaling import Laws, laws_of
from infwidth.analysis.table import Tables
from infwidth.papers.kaplan2020.measured import losses
from infwidth.plotting import guides, legends
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.lines import points
from infwidth.plotting.style import FULL, GUIDE, LABELS, ordered_colours, width_colours
from infwidth.plotting.text import number


def width_law(tables: Tables) -> Figure:
    """Losses against the width (left) and the data (right), of NTK (top) and μP (bottom)."""
    table = tables["widths"]
    figure, grid = plt.subplots(2, 2, figsize=(FULL, 4.8), sharey=True)
    for rule, (left, right) in zip(("ntk", "mup"), grid, strict=True):
        rows = losses(table, rule)
        laws, widths, sizes = laws_of(rows), sorted(rows.width.unique()), sorted(rows.examples.unique())
        by_size = ordered_colours(sizes)
        for axes, x, by, colours in (
            (left, "width", "examples", by_size), (right, "examples", "width", width_colours(widths)),
        ):  # fmt: skip
            along = np.geomspace(rows[x].min(), rows[x].max(), 50)
            for value, colour in colours.items():
                points(axes, rows[rows[by] == value], x=x, linestyle="", color=colour)
                at = {x: along, by: np.full_like(along, value)}
                axes.plot(along, laws.law.loss(at["width"], at["examples"]), **GUIDE | {"color": colour})
        width_axis(left, widths, "width N")
        width_axis(right, sizes, "examples D")
        left.set_ylabel("test loss")
        left.set_title(LABELS[rule], loc="left")
        _exponents(right, laws)
    log_heights(grid[0, 0])
    words = [legends.line(f"D = {d}", color=c, marker="o", linestyle="") for d, c in by_size.items()]
    legends.below(figure, [*words, *legends.widths(widths), legends.guide("joint fit")], ncols=6)
    return figure


def _exponents(axes: Axes, laws: Laws) -> None:
    exponents = {
        "a": laws.estimate(lambda law, _: law.width_exponent),
        "b": laws.estimate(lambda law, _: law.data_exponent),
    }
    lines = [
        (f"{name} = {number(found.value)} ({number(found.low)} … {number(found.high)})", "0.3")
        for name, found in exponents.items()
    ]
    guides.note(axes, lines, corner="upper right")
