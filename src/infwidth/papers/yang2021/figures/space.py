"""The space of parametrizations: the named ones as a table, the stable ones as a polyhedron."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from mpl_toolkits.mplot3d.art3d import Poly3DCollection

from infwidth.analysis.claims import Tables
from infwidth.papers.yang2021.measured import NAMED
from infwidth.plotting.shapes import VERDICT_COLOURS, fraction, text_table
from infwidth.topics.dichotomy.measures import faces, layer_exponents, named_points


def table1(tables: Tables) -> Figure:
    """The named parametrizations as columns; what is chosen above the line, what follows from it below."""
    points = named_points(tables["named"])
    columns, fills = [], {}
    for column, (rule, (name, n_hidden)) in enumerate(NAMED.items(), start=1):
        point = points[rule, n_hidden]
        abc = layer_exponents(tables["named"], rule, n_hidden)
        columns.append(
            [
                name,
                *(", ".join(map(fraction, abc[letter])) for letter in ("a", "b")),
                fraction(abc["c"][0]),
                fraction(point.r),
                fraction(point.v),
                fraction(point.s + point.r),
                "yes" if point.stable else "no",
                "–" if not point.stable else "yes" if point.nontrivial else "no",
                point.verdict,
            ]
        )
        fills[9, column] = VERDICT_COLOURS[point.verdict]
    headings = ["", "a", "b", "c", "r", "2a + c of readout", "a + b + r of readout", "stable", "nontrivial", "limit"]
    figure, axes = plt.subplots(figsize=(8.6, 3.4))
    cells = list(zip(headings, *columns, strict=True))
    text_table(axes, cells, widths=(1.5, 1.2, 1.2, 1.2, 1.2, 1.2), fills=fills, rules_after=(0, 3, 9))
    return figure


def fig5(tables: Tables) -> Figure:
    """The polyhedron with its facets coloured, feature-learning edges thick and vertices named."""
    figure = plt.figure(figsize=(6.4, 4.6))
    axes = figure.add_subplot(projection="3d", computed_zorder=False)
    points = named_points(tables["named"])
    for face in faces(tables["polyhedron"]):
        colour = VERDICT_COLOURS[face.verdict]
        match len(face.boundaries):
            case 1:
                axes.add_collection3d(Poly3DCollection([face.corners], facecolor=colour, alpha=0.75, zorder=1))
            case 2:
                learns = face.verdict == "feature learning"
                style = {"color": colour, "linewidth": 4} if learns else {"color": "0.35", "linewidth": 0.9}
                axes.plot(*face.corners.T, **style, zorder=2, solid_capstyle="round")
            case 3:
                (corner,) = face.corners
                there = [
                    name
                    for rule, (name, n_hidden) in NAMED.items()
                    if np.array_equal(points[rule, n_hidden].place, corner)
                ]
                axes.scatter(*corner, color="black", s=26, zorder=3, depthshade=False)
                s, v, r = corner
                axes.text(s + 0.06, v, r + 0.02, "\n".join(there[::-1]), zorder=4, va="bottom", weight="bold")
    axes.set(xlabel="s = a + b of readout", ylabel="v = 2a + c of readout", zlabel="r")
    axes.set(xlim=(0.5, 2), ylim=(1, 2), zlim=(0, 1.5))
    axes.set_box_aspect((1.5, 1.2, 1.2), zoom=1.05)
    axes.view_init(elev=-18, azim=-122)  # from below, where all four facets are seen
    for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
        axis.set_major_locator(plt.MultipleLocator(0.5))
    handles = [Patch(color=VERDICT_COLOURS[v], label=v) for v in ("trivial", "kernel", "feature learning")]
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    return figure
