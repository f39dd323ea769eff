"""The polyhedron of stable abc-parametrizations, in exact arithmetic.

By the theorems of Yang & Hu 2021 three numbers say all about a parametrization whose hidden layers start with
activations of order one: s = a+b and v = 2a+c of the readout, and r. A gauge change leaves all three as they are.
"""

from collections.abc import Callable
from fractions import Fraction
from itertools import combinations, product
from typing import Literal

from infwidth.parametrization import ABC, classify
from infwidth.parametrization.polyhedra import HalfSpace, Point, centre, corners, face
from infwidth.parametrization.rationals import rational
from infwidth.parametrization.verdicts import verdict_index
from infwidth.results.rows import Rows
from infwidth.specs.block import Depth
from infwidth.specs.cells import Computation

_ONE, _ZERO, _HALF = Fraction(1), Fraction(0), Fraction(1, 2)

#: Stability in (s, v, r): Yang & Hu 2021, Thm 3.3.
STABLE = {
    "s = 1/2": HalfSpace((_ONE, _ZERO, _ZERO), _HALF),
    "v = 1": HalfSpace((_ZERO, _ONE, _ZERO), _ONE),
    "r = 0": HalfSpace((_ZERO, _ZERO, _ONE), _ZERO),
    "s + r = 1": HalfSpace((_ONE, _ZERO, _ONE), _ONE),
}

#: The polyhedron has no end; the part that is computed does, here.
WINDOW = (Fraction(2), Fraction(2), Fraction(3, 2))


def parametrization_at(point: Point, n_hidden: int) -> ABC:
    """Return a parametrization with s, v, r as given, in the gauge c = 0, with hidden layers that move alike."""
    s, v, r = point
    moved = r + 1 - min(s, v)  # the least of 2a_l + c + I(l = 1)
    a = [(moved - 1) / 2, *[moved / 2] * (n_hidden - 1), v / 2]
    sums = [_ZERO, *[_HALF] * (n_hidden - 1), s]
    return ABC(a=tuple(a), b=tuple(x - y for x, y in zip(sums, a, strict=True)), c=(_ZERO,) * (n_hidden + 1))


class Spec(Computation):
    """Parametrizations of nets with ``n_hidden`` hidden layers; ``spacing`` of the grid has to meet the vertices."""

    name: Literal["stable_polyhedron"]
    n_hidden: Depth
    spacing: Literal["1/2", "1/4", "1/8"]


def rows(spec: Spec, data: None) -> Rows:
    """Return the faces of the stable polyhedron, and the classifier's verdict at every point of a grid.

    A face (facet, edge or vertex) is a layer, named by the boundaries it lies on: its corners (index) in s, v, r and
    the ``verdict`` at its centre. ``grid_…``: coordinates, verdict, and whether the inequalities hold (``inside``).
    """

    def judge(point: Point) -> int:
        abc = parametrization_at(point, spec.n_hidden)
        found = classify(abc.a, abc.b, abc.c)
        return verdict_index(stable=found.stable, nontrivial=found.nontrivial, feature_learning=found.feature_learning)

    out = Rows()
    _add_faces(out, judge)
    _add_grid(out, judge, rational(spec.spacing, "spacing"))
    return out


def _add_faces(out: Rows, judge: Callable[[Point], int]) -> None:
    window = {
        f"end of {name}": HalfSpace((-Fraction(name == "s"), -Fraction(name == "v"), -Fraction(name == "r")), -end)
        for name, end in zip("svr", WINDOW, strict=True)
    }
    all_corners = corners(STABLE | window)
    for n_boundaries in (1, 2, 3):
        for names in combinations(STABLE, n_boundaries):
            points = face(all_corners, names)
            if len(points) < 4 - n_boundaries:
                continue  # these boundaries do not meet in a face of this dimension
            name = " & ".join(names)
            for i, point in enumerate(points):
                for letter, x in zip("svr", point, strict=True):
                    out.add(0, letter, float(x), layer=name, index=i)
            out.add(0, "verdict", judge(centre(points)), layer=name)


def _add_grid(out: Rows, judge: Callable[[Point], int], spacing: Fraction) -> None:
    starts = (_ZERO, _HALF, -_HALF)
    axes = [
        [start + i * spacing for i in range(int((end - start) / spacing) + 1)]
        for start, end in zip(starts, WINDOW, strict=True)
    ]
    for i, (s, v, r) in enumerate(product(*axes)):
        point = (s, v, r)
        for letter, x in zip("svr", point, strict=True):
            out.add(0, f"grid_{letter}", float(x), index=i)
        out.add(0, "grid_inside", float(all(h.excess(point) >= 0 for h in STABLE.values())), index=i)
        out.add(0, "grid_verdict", judge(point), index=i)
