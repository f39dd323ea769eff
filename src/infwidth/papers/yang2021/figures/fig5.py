"""The polyhedron of stable parametrizations, with the verdict of every face."""

from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from mpl_toolkits.mplot3d.art3d import Poly3DCollection

from infwidth.analysis.table import Tables
from infwidth.papers.yang2021.measured import NAMED
from infwidth.plotting import legends
from infwidth.plotting.style import FULL
from infwidth.plotting.text import fraction
from infwidth.topics.dichotomy.measures import faces, named_points
from infwidth.topics.dichotomy.panels import VERDICT_COLOURS, VERDICT_FILLS


def fig5(tables: Tables) -> Figure:
    """The polyhedron with its facets coloured, feature-learning edges thick and vertices named."""
    figure = plt.figure(figsize=(FULL, 4.6))
    figure.set_layout_engine("none")  # which leaves no room for the labels of three axes
    axes: Any = figure.add_axes((0.14, 0.02, 0.74, 0.92), projection="3d", computed_zorder=False)
    points = named_points(tables["named"])
    for face in faces(tables["polyhedron"]):
        fill, colour = VERDICT_FILLS[face.verdict], VERDICT_COLOURS[face.verdict]
        match len(face.boundaries):
            case 1:
                axes.add_collection3d(Poly3DCollection([face.corners], facecolor=fill, alpha=0.85, zorder=1))
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
                text = "\n".join([*there[::-1], f"({', '.join(map(fraction, corner))})"])
                axes.text(s + 0.06, v, r + 0.02, text, zorder=4, va="bottom", weight="bold")
    axes.set(xlabel="s = a + b of readout", ylabel="v = 2a + c of readout", zlabel="r")
    axes.set(xlim=(0.5, 2), ylim=(1, 2), zlim=(0, 1.5))
    axes.set_box_aspect((1.5, 1.2, 1.2), zoom=1.0)
    axes.view_init(elev=-18, azim=-122)  # from below, where all four facets are seen
    for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
        axis.set_major_locator(plt.MultipleLocator(0.5))
    axes.set(xticks=(1.0, 1.5, 2.0), yticks=(1.5, 2.0))  # the corner's own labels would meet; its vertex has them
    axes.zaxis.set_rotate_label(False)
    axes.zaxis.labelpad = -2
    areas = [Patch(color=VERDICT_FILLS[v], label=f"{v}: facets") for v in ("trivial", "kernel")]
    edges = legends.line("feature learning: edges", color=VERDICT_COLOURS["feature learning"], linewidth=4)
    legends.below(figure, [*areas, edges])
    return figure
