"""Exact linear systems over the rationals, small ones."""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

Vector = tuple[Fraction, ...]


class AffineSpace(NamedTuple):
    """All solutions: ``point`` plus any combination of ``directions`` (linearly independent)."""

    point: Vector
    directions: tuple[Vector, ...]


def solve_exactly(rows: Sequence[Sequence[Fraction]], right: Sequence[Fraction]) -> AffineSpace | None:
    """Return the solutions of ``rows · x = right``, None if there are none (Gauss-Jordan elimination)."""
    augmented = [[*row, value] for row, value in zip(rows, right, strict=True)]
    n = len(rows[0])
    pivots: list[int] = []
    for column in range(n):
        top = len(pivots)
        found = next((i for i in range(top, len(augmented)) if augmented[i][column]), None)
        if found is None:
            continue
        augmented[top], augmented[found] = augmented[found], augmented[top]
        pivot = augmented[top][column]
        augmented[top] = [x / pivot for x in augmented[top]]
        for i, row in enumerate(augmented):
            if i != top and row[column]:
                factor = row[column]
                augmented[i] = [x - factor * y for x, y in zip(row, augmented[top], strict=True)]
        pivots.append(column)
    if any(row[n] for row in augmented[len(pivots) :]):
        return None

    def vector(last: Sequence[Fraction], free: int | None) -> Vector:
        entries = [Fraction(0)] * n
        for pivot_column, value in zip(pivots, last, strict=False):
            entries[pivot_column] = value
        if free is not None:
            entries[free] = Fraction(1)
        return tuple(entries)

    reduced = augmented[: len(pivots)]
    return AffineSpace(
        point=vector([row[n] for row in reduced], None),
        directions=tuple(vector([-row[j] for row in reduced], j) for j in range(n) if j not in pivots),
    )
