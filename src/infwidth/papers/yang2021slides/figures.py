"""Figures of the slides: tables in, figures out."""

from fractions import Fraction

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from infwidth.analysis.claims import Tables
from infwidth.papers.yang2021slides.measured import NAMES, difference_from_start
from infwidth.plotting.axes import log_heights
from infwidth.plotting.shapes import VERDICT_COLOURS, errors_against_width, fraction, guide, text_table
from infwidth.plotting.style import LIMIT, width_colours
from infwidth.topics.dichotomy.measures import faces, grid, layer_exponents, named_points


def table_abc(tables: Tables) -> Figure:
    """Rows: parametrizations with their exponents; a coloured cell a depth, with r in it."""
    points = named_points(tables["depths"])
    depths = sorted({n_hidden for _, n_hidden in points})
    cells = [["", "a", "b", "c", *(f"L = {depth}" for depth in depths)]]
    fills = {}
    for row, (rule, name) in enumerate(NAMES.items(), start=1):
        # Of the hidden matrices, which all have the same exponents, one is shown.
        abc = layer_exponents(tables["depths"], rule, 2)
        triples = [", ".join(map(fraction, abc[letter])) for letter in ("a", "b")]
        verdicts = []
        for column, depth in enumerate(depths, start=4):
            point = points[rule, depth]
            verdicts.append(f"{point.verdict}\nr = {fraction(point.r)}")
            fills[row, column] = VERDICT_COLOURS[point.verdict]
        cells.append([name, *triples, fraction(abc["c"][0]), *verdicts])
    figure, axes = plt.subplots(figsize=(9.2, 3.2))
    text_table(
        axes, cells, widths=(1.1, 1.15, 1.25, 0.4, *[1.2] * len(depths)), fills=fills, rules_after=(0, len(NAMES))
    )
    return figure


def dichotomy(tables: Tables) -> Figure:
    """The classifier on two slices of the space of parametrizations, with the boundaries of the polyhedron."""
    points = grid(tables["polyhedron"])
    slices = {1.0: "v = 1: the readout's updates move the output", 1.5: "v = 3/2: only features can"}
    figure, all_axes = plt.subplots(1, 2, figsize=(8.6, 3.9), sharey=True)
    for axes, (v, title) in zip(all_axes, slices.items(), strict=True):
        here = points[points.v == v]
        spacing = np.diff(sorted(here.s.unique())).min()
        for verdict, colour in VERDICT_COLOURS.items():
            rows = here[here.verdict == verdict]
            axes.bar(rows.s, 0.86 * spacing, 0.86 * spacing, rows.r - 0.43 * spacing, color=colour, linewidth=0)
        for face in faces(tables["polyhedron"]):
            # A facet that is not the slice itself meets it in a segment between corners with the same s and r.
            if len(face.boundaries) == 1 and face.boundaries != ("v = 1",):
                ends = np.unique(face.corners[:, [0, 2]], axis=0)
                axes.plot(*ends.T, color="0.25", linewidth=1.1)
        axes.set(title=title, xlabel="s = a + b of the readout", aspect="equal")
        axes.grid(False)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(plt.MultipleLocator(0.5))
    all_axes[0].set_ylabel("r, features move by $n^{-r}$")
    _name_points(all_axes[0], tables)
    handles = [Patch(color=colour, label=verdict) for verdict, colour in VERDICT_COLOURS.items()]
    figure.legend(handles=handles, loc="outside lower center", ncols=4)
    return figure


def _name_points(axes: Axes, tables: Tables) -> None:
    there: dict[tuple[float, float], list[str]] = {}
    for (rule, n_hidden), point in named_points(tables["depths"]).items():
        if n_hidden == 2 and point.stable and point.v == 1:
            there.setdefault((point.s, point.r), []).append(NAMES[rule])
    for place, names in there.items():
        axes.plot(*place, color="black", marker="o", markersize=5)
        axes.annotate("\n".join(names), place, xytext=(7, 4), textcoords="offset points", va="bottom", weight="bold")


def linear_limit(tables: Tables) -> Figure:
    """Trajectories of finite nets around the limit, and their distance from it against width."""
    table = tables["linear_limit"]
    widths = sorted(table.width.unique())
    colours = width_colours(widths)
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.2, 3.3), width_ratios=(1.35, 1))
    for width in widths:
        curves = table[(table.width == width) & (table.seed < 0)].pivot_table(
            index="step", columns="metric", values="value"
        )
        left.plot(curves.index, curves.output_mean, color=colours[width], label=f"n = {width}")
        band = curves.output_mean - curves.output_std, curves.output_mean + curves.output_std
        left.fill_between(curves.index, *band, color=colours[width], alpha=0.3, linewidth=0)
    left.plot(curves.index, curves.limit_output, **LIMIT, label="n = ∞")
    left.set(xlabel="step", ylabel="output at a fixed input")
    left.legend(ncols=2)
    for metric, label, fill in (
        ("trained_deviation", "trained", "full"),
        ("sampled_deviation", "drawn from the infinite net", "none"),
    ):
        rows = table[table.metric == metric]
        errors_against_width(right, rows, color="0.2", linestyle="", marker="o", fillstyle=fill, label=label)
        height = rows[rows.width == widths[0]].value.mean()
        name = "$n^{-1/2}$" if fill == "full" else ""
        guide(right, np.array(widths, float), exponent=-0.5, at=height, label=name)
    right.set_xscale("log", base=2)
    log_heights(right)
    right.set(xlabel="width n", ylabel="rms of $f_n - f_∞$ after training")
    right.legend(loc="lower left")
    return figure


def degeneracy(tables: Tables) -> Figure:
    """Outputs at all θ on top of each other, and their relative difference from θ = 0."""
    orbit, control = tables["gauge_orbit"], tables["forgotten_rate"]
    difference = difference_from_start(orbit, orbit)
    wrong = difference_from_start(control, orbit)
    thetas = sorted((t for t in orbit.theta.unique() if t != "0"), key=Fraction)
    colours = dict(zip(thetas, plt.get_cmap("plasma")(np.linspace(0.1, 0.85, len(thetas))), strict=True))
    rules = list(orbit.rule.unique())
    figure, all_axes = plt.subplots(len(rules), 2, figsize=(8.2, 0.6 + 2.1 * len(rules)), sharex=True, squeeze=False)
    for rule, (left, right) in zip(rules, all_axes, strict=True):
        start = orbit[(orbit.rule == rule) & (orbit.theta == "0")].pivot(index="step", columns="index", values="value")
        left.plot(start, color="black", linewidth=2.6)
        for i, theta in enumerate(thetas):
            rows = orbit[(orbit.rule == rule) & (orbit.theta == theta)]
            curves = rows.pivot(index="step", columns="index", values="value")
            left.plot(curves, color=colours[theta], linewidth=1.3, linestyle=(2 * i, (2, 2 * len(thetas) - 2)))
            rows = difference[(difference.rule == rule) & (difference.theta == theta)]
            right.plot(rows.step, rows.value, color=colours[theta], label=f"θ = {theta.replace('-', '−')}")
        rows = wrong[(wrong.rule == rule) & (wrong.value > 0)]
        right.plot(rows.step, rows.value, color="0.5", linestyle=":", label="c not moved")
        right.set_yscale("log")
        right.set_ylim(1e-17, 10)
        left.set(ylabel=f"{NAMES[rule]}: outputs")
        right.set(ylabel="relative difference")
    all_axes[0, 1].legend(ncols=3, loc="center", bbox_to_anchor=(0.5, 0.62), fontsize=7)
    for axes in all_axes[-1]:
        axes.set_xlabel("step")
        axes.xaxis.set_major_locator(plt.MaxNLocator(integer=True))
    return figure
