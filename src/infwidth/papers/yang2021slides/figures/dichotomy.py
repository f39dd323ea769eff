"""The dynamical dichotomy on two slices of the space of parametrizations."""

from collections.abc import Iterator

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from infwidth.analysis.table import Table, Tables
from infwidth.papers.yang2021slides.measured import NAMES
from infwidth.plotting import legends
from infwidth.plotting.style import FULL
from infwidth.topics.dichotomy.measures import Face, faces, grid, named_points
from infwidth.topics.dichotomy.panels import VERDICT_COLOURS, VERDICT_FILLS

#: The slices, each with its title: on the facet v = 1, and between it and infinity.
_SLICES = {1.0: "v = 1: the readout's updates move the output", 1.5: "v = 3/2: only features can"}


def dichotomy(tables: Tables) -> Figure:
    """Regions and boundaries computed from the inequalities, and dots for what the classifier says."""
    polyhedron = tables["polyhedron"]
    figure, row = plt.subplots(1, len(_SLICES), figsize=(FULL, 3.4), sharey=True)
    for axes, (v, title) in zip(row, _SLICES.items(), strict=True):
        _draw_slice(axes, polyhedron, v)
        axes.set(title=title, xlabel="s = a + b of the readout", aspect="equal", xlim=(-0.15, 2.0), ylim=(-0.65, 1.5))
        axes.grid(False)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(plt.MultipleLocator(0.5))
    row[0].set_ylabel("r: features move by $n^{-r}$")
    _name_points(row[0], tables["depths"])
    areas = [
        Patch(color=fill, label=verdict) for verdict, fill in VERDICT_FILLS.items() if verdict != "feature learning"
    ]
    thick = legends.line("feature learning", color=VERDICT_COLOURS["feature learning"], linewidth=4)
    dots = legends.line("the classifier's answers", marker="o", linestyle="", markersize=3)
    legends.below(figure, [*areas, thick, dots])
    return figure


def _draw_slice(axes: Axes, polyhedron: Table, v: float) -> None:
    """Draw where the polyhedron meets the plane of one v: its area, its boundary, and the corners of that."""
    every = faces(polyhedron)
    axes.set_facecolor(VERDICT_FILLS["unstable"])
    outline = [points for _, points in _met(every, v) if len(points) == 2]
    within = [face for face in every if len(face.boundaries) == 1 and np.all(face.corners[:, 1] == v)]
    verdict = within[0].verdict if within else "trivial"
    # The area goes on for ever to the right and up; there it is cut as the polyhedron is.
    far = np.concatenate([face.corners for face in every]).max(axis=0)[[0, 2]]
    corners = within[0].corners[:, [0, 2]] if within else _ordered(np.concatenate([*outline, [far]]))
    axes.fill(*corners.T, color=VERDICT_FILLS[verdict], linewidth=0)
    for face, points in _met(every, v):
        learns = face.verdict == "feature learning"
        if len(points) == 2:
            colour = VERDICT_COLOURS[face.verdict]
            axes.plot(*points.T, color=colour, linewidth=4 if learns else 1.6, solid_capstyle="round", zorder=3)
        elif learns:
            axes.plot(*points.T, "o", color=VERDICT_COLOURS[face.verdict], markersize=7, zorder=4)
    answers = grid(polyhedron)
    for kind, rows in answers[answers.v == v].groupby("verdict"):
        axes.plot(rows.s, rows.r, "o", color=VERDICT_COLOURS[str(kind)], markersize=2.6, zorder=5)


def _met(every: list[Face], v: float) -> Iterator[tuple[Face, np.ndarray]]:
    """Return faces with the points (s, r) in which their edges meet the plane of one v: one of an edge, two of a facet.

    A facet or edge that lies in the plane has its own corners, if it is an edge.
    """
    for face in every:
        corners = face.corners
        if np.all(corners[:, 1] == v):
            if len(face.boundaries) == 2:
                yield face, corners[:, [0, 2]]
            continue
        pairs = zip(corners, np.roll(corners, -1, axis=0), strict=True)
        points = [a + (v - a[1]) / (b[1] - a[1]) * (b - a) for a, b in pairs if (a[1] - v) * (b[1] - v) < 0]
        if points:
            yield face, np.unique(np.array(points)[:, [0, 2]], axis=0)


def _ordered(points: np.ndarray) -> np.ndarray:
    """Return the corners of a convex area in the order of its outline."""
    unique = np.unique(points, axis=0)
    around = unique - unique.mean(axis=0)
    return unique[np.argsort(np.arctan2(around[:, 1], around[:, 0]))]


def _name_points(axes: Axes, depths: Table) -> None:
    """Name the parametrizations that lie on the slice, beside it."""
    there: dict[tuple[float, float], list[str]] = {}
    for (rule, n_hidden), point in named_points(depths).items():
        if n_hidden == 2 and point.stable and point.v == 1:
            there.setdefault((point.s, point.r), []).append(NAMES[rule])
    for place, names in there.items():
        axes.plot(*place, color="black", marker="o", markersize=5, zorder=6)
        axes.annotate(
            ",\n".join(names), place, (-22, -30), textcoords="offset points", ha="center", va="top", weight="bold",
            fontsize=8, bbox={"facecolor": VERDICT_FILLS["unstable"], "edgecolor": "none", "pad": 0.8}, zorder=7,
            arrowprops={"arrowstyle": "-", "color": "0.3", "linewidth": 0.7, "shrinkB": 3},
        )  # fmt: skip
