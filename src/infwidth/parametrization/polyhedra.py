"""Polyhedra in three dimensions from their inequalities, in exact rational arithmetic."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

Point = tuple[Fraction, Fraction, Fraction]


@dataclass(frozen=True)
class HalfSpace:
    """All points with ``normal`` · point ≥ ``offset``."""

    normal: Point
    offset: Fraction

    def excess(self, point: Point) -> Fraction:
        """How far inside the point is: 0 on the boundary, negative outside."""
        return sum((n * x for n, x in zip(self.normal, point, strict=True)), Fraction(0)) - self.offset


Corners = dict[Point, frozenset[str]]


def corners(half_spaces: Mapping[str, HalfSpace]) -> Corners:
    """Return the vertices of the intersection, each with the names of the boundaries it lies on."""
    found: Corners = {}
    for trio in combinations(half_spaces.values(), 3):
        point = _intersection(trio)
        if point is not None and all(h.excess(point) >= 0 for h in half_spaces.values()):
            found[point] = frozenset(name for name, h in half_spaces.items() if h.excess(point) == 0)
    return found


def face(all_corners: Corners, boundaries: Iterable[str]) -> list[Point]:
    """Return the corners that lie on all the named boundaries; those of a polygon in the order of its outline.

    Two corners are neighbours if they share two boundaries, which holds where three boundaries meet at each corner.
    """
    wanted = frozenset(boundaries)
    left = {point: names for point, names in all_corners.items() if wanted <= names}
    outline = [left.popitem()] if left else []
    while left:
        point = next((p for p, names in left.items() if len(names & outline[-1][1]) >= 2), None)
        if point is None:
            raise ValueError(f"the corners on {sorted(wanted)} are no polygon")
        outline.append((point, left.pop(point)))
    return [point for point, _ in outline]


def centre(points: Sequence[Point]) -> Point:
    """Return the mean of the corners of a face, a point of its relative interior."""
    x, y, z = (sum(coordinate, Fraction(0)) / len(points) for coordinate in zip(*points, strict=True))
    return x, y, z


def _determinant(columns: Sequence[Sequence[Fraction]]) -> Fraction:
    a, b, c = columns
    return a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0]) + a[2] * (b[0] * c[1] - b[1] * c[0])


def _intersection(planes: Sequence[HalfSpace]) -> Point | None:
    """Return where three boundaries meet (Cramer's rule), None if that is no single point."""
    columns = list(zip(*(plane.normal for plane in planes), strict=True))
    right = tuple(plane.offset for plane in planes)
    whole = _determinant(columns)
    if whole == 0:
        return None
    x, y, z = (_determinant([right if i == j else columns[j] for j in range(3)]) / whole for i in range(3))
    return x, y, z
