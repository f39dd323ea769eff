"""Kernels of residual nets at initialisation, and how finite depth and width depart from their limit."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from infwidth.analysis.table import Table, Tables
from infwidth.papers.bordelon2023depth.measured import depth_errors
from infwidth.plotting import guides, legends
from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.lines import curves, points
from infwidth.plotting.style import DASHED, FULL, LIMIT, PAIR, depth_colours, width_colours

#: Depths that kernels are drawn of.
_SHOWN = 3
#: Activation → how it is written, and its mark.
_ACTIVATIONS = {"unit_relu": ("ReLU", "o"), "tanh": ("tanh", "s")}
#: Error → what it is of, and how its mark is filled.
_ERRORS = {"tangent_error": ("K", "full"), "features_error": ("H(1)", "none")}


def kernel_limit(tables: Tables) -> Figure:
    """Kernels against layer time and angle (top); errors against depth and width, and width errors against depth."""
    exact, infinite = tables["depth_kernels"].at(activation="unit_relu"), tables["infinite_depth_kernels"]
    nets, unscaled = tables["initial_nets"], tables["unscaled_nets"]
    depths = [int(depth) for depth in exact.values("n_blocks")]
    shown = sorted({depths[0], depths[len(depths) // 2], depths[-1]})[:_SHOWN]
    figure = plt.figure(figsize=(FULL, 5.0))
    (top,), (bottom,) = figure.subfigures(2, 1, height_ratios=(1, 1), squeeze=False)
    left, right = top.subplots(1, 2)
    _features(left, exact.at(n_blocks=shown), infinite.at(activation="unit_relu"), nets)
    _tangents(right, exact.at(n_blocks=shown), infinite.at(activation="unit_relu"), nets)
    of_depth, of_width, over_depth = bottom.subplots(1, 3)
    _depth_errors(of_depth, tables["depth_kernels"])
    _width_errors(of_width, nets)
    _growth(over_depth, nets, unscaled)
    (widest,) = legends.widths([max(nets.values("width"))], marker="o", linestyle="")
    legends.below(
        figure,
        [*legends.depths(sorted({*shown, *map(int, nets.values("n_blocks"))})), legends.limit("L = ∞"), widest,
         legends.guide("slopes −1 (L), −1/2 (N)")],
    )  # fmt: skip
    return figure


def _features(axes: Axes, exact: Table, infinite: Table, nets: Table) -> None:
    """Draw H at every other angle against the layer time."""
    angles = infinite.limit("angle").set_index("index").value
    some = angles.index[:: max(1, len(angles) // 4)].tolist()
    rows = exact.at(index=some).limit("features")
    for depth, colour in depth_colours(rows.n_blocks).items():
        for _, curve in rows[rows.n_blocks == depth].groupby("index"):
            axes.plot(curve.step / depth, curve.value, color=colour, linewidth=1, marker=".", markersize=3)
    limit = infinite.at(index=some).limit("features")
    for index, curve in limit.groupby("index"):
        axes.plot(curve.step / limit.step.max(), curve.value, **LIMIT)
        end = (1.0, curve.value.iloc[-1])
        θ = angles[index] / np.pi
        axes.annotate(
            f"θ = {θ:.2g}π" if θ else "θ = 0", end, (3, 0), textcoords="offset points", fontsize=7, va="center"
        )
    widest = nets.at(width=max, n_blocks=max)
    of_nets = widest.at(index=some).nets("features")
    colours = width_colours(widest.values("width"))
    means = of_nets.groupby(["step", "index"]).value.mean().reset_index()
    axes.plot(means.step / means.step.max(), means.value, "o", color=next(iter(colours.values())), markersize=4)
    axes.set(xlabel="layer time τ = l/L", ylabel="feature kernel H(τ)", xlim=(0, 1.14))


def _tangents(axes: Axes, exact: Table, infinite: Table, nets: Table) -> None:
    angles = infinite.limit("angle").set_index("index").value
    rows = exact.limit("tangent")
    for depth, colour in depth_colours(rows.n_blocks).items():
        curve = rows[rows.n_blocks == depth]
        axes.plot(angles[curve["index"]], curve.value, color=colour, linewidth=1)
    limit = infinite.limit("tangent")
    axes.plot(angles[limit["index"]], limit.value, **LIMIT)
    widest = nets.at(width=max, n_blocks=max)
    means = widest.nets("tangent").groupby("index").value.mean()
    colours = width_colours(widest.values("width"))
    axes.plot(angles[means.index], means, "o", color=next(iter(colours.values())), markersize=4)
    axes.set_xticks([0, np.pi / 2, np.pi], ["0", "π/2", "π"])
    axes.set(xlabel="angle θ of two inputs", ylabel="tangent kernel K")


def _depth_errors(axes: Axes, table: Table) -> None:
    words = []
    for activation, colour in zip(table.values("activation"), PAIR, strict=False):
        name, marker = _ACTIVATIONS[activation]
        for metric, (what, fill) in _ERRORS.items():
            error = depth_errors(table, metric, activation).reset_index()
            axes.plot(error.n_blocks, error.value, color=colour, marker=marker, fillstyle=fill, linestyle="")
            guides.power_law(axes, error, slope=-1, x="n_blocks")
            words.append(legends.line(f"{what}, {name}", color=colour, marker=marker, fillstyle=fill, linestyle=""))
    log_heights(axes)
    width_axis(axes, table.values("n_blocks"), "depth L")
    low, high = axes.get_ylim()
    axes.set_ylim(low / 12, high)
    axes.set_title("infinite width")
    axes.set_ylabel("error of finite depth")
    legends.inside(axes, words, "lower left", fontsize=6.5, handlelength=0.8, ncols=2, columnspacing=0.8)


def _width_errors(axes: Axes, nets: Table) -> None:
    rows = nets.nets("tangent_error")
    curves(axes, rows, x="width", by="n_blocks", palette=depth_colours, marker="o", linewidth=1)
    deepest = rows[rows.n_blocks == rows.n_blocks.max()]
    guides.power_law(axes, deepest, slope=-0.5)
    log_heights(axes)
    width_axis(axes, nets.values("width"))
    axes.set_title(f"ReLU, deepest: {guides.slope_text(deepest)}" if guides.slope_text(deepest) else "ReLU")
    axes.set_ylabel("distance of K from N = ∞")


def _growth(axes: Axes, nets: Table, unscaled: Table) -> None:
    """Draw the distance from infinite width against the depth, with branches 1/√L and without."""
    width = max(unscaled.values("width"))
    for table, line, fill in ((nets.at(width=width), "-", "full"), (unscaled, DASHED, "none")):
        rows = table.nets("tangent_error")
        colour = width_colours([width])[int(width)]
        points(axes, rows, x="n_blocks", color=colour, linestyle=line, fillstyle=fill, markeredgecolor=colour)
    log_heights(axes)
    width_axis(axes, nets.values("n_blocks"), "depth L")
    axes.set_title(f"ReLU, N = {width:g}")
    words = [
        legends.line("branches 1/√L", marker="o"),
        legends.line("branches 1", marker="o", fillstyle="none", linestyle=DASHED),
    ]
    legends.inside(axes, words, "upper left", fontsize=7)
