"""Distance of layers against their distance in depth, in Depth-μP and in the parametrization of an ODE."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.yang2023.measured import diversity_exponents
from infwidth.plotting import legends
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.lines import curves, points
from infwidth.plotting.style import FULL, GUIDE, LAZY, RICH, depth_colours

#: Experiment → what it is called, and its colour: noise along the depth, or none.
_RULES = {"feature_diversity": ("Depth-μP (1/2, 1/2)", RICH), "ode_diversity": ("ODE (1, 0)", LAZY)}


def fig17(tables: Tables) -> Figure:
    """Draw distances against ε after training (a row an activation), and exponents against the depth."""
    first = tables["feature_diversity"]
    activations = sorted(first.values("activation"), reverse=True)
    figure, rows = plt.subplots(len(activations), 3, figsize=(FULL, 0.5 + 2.1 * len(activations)), squeeze=False)
    for (*panels, slopes), activation in zip(rows, activations, strict=True):
        for axes, (name, (title, colour)) in zip(panels, _RULES.items(), strict=True):
            table = tables[name].at(activation=activation)
            _distances(axes, table)
            axes.set_title(f"{activation}, {title}")
            for step, fill in ((table.values("step")[0], "none"), (table.values("step")[-1], "full")):
                exponents = diversity_exponents(tables[name], activation, step)
                points(slopes, exponents, x="n_blocks", color=colour, fillstyle=fill, markeredgecolor=colour)
        panels[0].set_ylabel("distance of layers")
        slopes.axhline(0.5, **GUIDE)
        slopes.axhline(1.0, **GUIDE)
        slopes.set_ylim(0.3, 1.1)
        width_axis(slopes, first.values("n_blocks"), "depth L")
        slopes.set_ylabel("exponent in ε")
    steps = first.values("step")
    last = [
        legends.line(f"exponents after {step} steps", marker="o", linestyle="", fillstyle=fill)
        for step, fill in ((int(steps[0]), "none"), (int(steps[-1]), "full"))
    ]
    rules = [legends.line(name, color=colour) for name, colour in _RULES.values()]
    legends.below(
        figure,
        [*legends.depths(first.values("n_blocks")), *rules, *last, legends.guide("slopes and exponents 1/2, 1")],
        ncols=5,
    )
    return figure


def _distances(axes: Axes, table: Table) -> None:
    """Draw the distances after the last step, with the slopes 1/2 and 1 from the deepest nets' middle."""
    rows = table.at(step=max).nets("distance")
    rows = rows.assign(ε=rows["index"] / rows.n_blocks)
    curves(axes, rows, x="ε", by="n_blocks", palette=depth_colours, marker="o", linewidth=1, markersize=3)
    deepest = rows[rows.n_blocks == rows.n_blocks.max()]
    middle = deepest.groupby("ε").value.mean()
    at, height = middle.index[-1], middle.iloc[-1]
    for slope in (0.5, 1.0):
        ends = np.array([middle.index[0], at])
        axes.plot(ends, height * (ends / at) ** slope, **GUIDE)
    axes.set_xscale("log", base=2)
    log_heights(axes)
    axes.set_xlabel("ε")
