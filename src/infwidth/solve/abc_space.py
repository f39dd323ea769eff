"""The space of abc-parametrizations as rows: named points, the polyhedron of stable ones, and one gauge orbit.

By the theorems of Yang & Hu 2021 three numbers say all about a parametrization whose hidden layers start with
activations of order one: s = a+b and v = 2a+c of the readout, and r. A gauge change leaves all three as they are.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import combinations, product

from infwidth.parametrization import ABC, classify, exponents, transform
from infwidth.parametrization.polyhedra import HalfSpace, Point, centre, corners, face
from infwidth.parametrization.rationals import rational
from infwidth.parametrization.verdicts import verdict_index

Record = tuple[str, str, int, float]  # metric, layer, index, value
Exponents = tuple[list[float], list[float], list[float]]  # a, b, c over the layers

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


def verdict_rows(rule: str, n_hidden: int) -> list[Record]:
    """Return a, b, c of every layer of a rule, its place s, v, r and what the classifier says; index is the depth."""
    abc = exponents(rule, n_hidden)
    found = classify(abc.a, abc.b, abc.c)
    records: list[Record] = [
        (letter, f"W{layer}", n_hidden, float(value))
        for letter in ("a", "b", "c")
        for layer, value in enumerate(getattr(abc, letter), start=1)
    ]
    place = {"s": abc.a[-1] + abc.b[-1], "v": 2 * abc.a[-1] + abc.c[-1], "r": found.r}
    said = {name: getattr(found, name) for name in ("stable", "nontrivial", "feature_learning", "kernel_regime")}
    return records + [(name, "", n_hidden, float(value)) for name, value in (place | said).items()]


def polyhedron_rows(n_hidden: int, spacing: str) -> list[Record]:
    """Return the faces of the stable polyhedron, and the classifier's verdict at every point of a grid.

    A face (facet, edge or vertex) is a layer, named by the boundaries it lies on: its corners (index) in s, v, r and
    the ``verdict`` at its centre. ``grid_…``: coordinates, verdict, and whether the inequalities hold (``inside``).
    """

    def judge(point: Point) -> int:
        abc = parametrization_at(point, n_hidden)
        found = classify(abc.a, abc.b, abc.c)
        return verdict_index(stable=found.stable, nontrivial=found.nontrivial, feature_learning=found.feature_learning)

    return [*_face_rows(judge), *_grid_rows(judge, rational(spacing, "spacing"))]


def _face_rows(judge: Callable[[Point], int]) -> Iterator[Record]:
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
                yield from ((letter, name, i, float(x)) for letter, x in zip("svr", point, strict=True))
            yield "verdict", name, -1, judge(centre(points))


def _grid_rows(judge: Callable[[Point], int], spacing: Fraction) -> Iterator[Record]:
    starts = (_ZERO, _HALF, -_HALF)
    axes = [
        [start + i * spacing for i in range(int((end - start) / spacing) + 1)]
        for start, end in zip(starts, WINDOW, strict=True)
    ]
    for i, (s, v, r) in enumerate(product(*axes)):
        point = (s, v, r)
        yield from ((f"grid_{letter}", "", i, float(x)) for letter, x in zip("svr", point, strict=True))
        yield "grid_inside", "", i, float(all(h.excess(point) >= 0 for h in STABLE.values()))
        yield "grid_verdict", "", i, judge(point)


def gauge_exponents(rule: str, n_hidden: int, theta: str, *, transform_rate: bool) -> Exponents:
    """Return a + θ, b - θ, c - 2θ of a rule as floats; ``transform_rate`` false leaves c where it was (wrongly)."""
    start = exponents(rule, n_hidden)
    moved = transform(start, rational(theta, "theta"))
    rates = moved.c if transform_rate else start.c
    a, b, c = ([float(x) for x in letter] for letter in (moved.a, moved.b, rates))
    return a, b, c
