"""The four scales: the same code with a value for each, and grids of values in few words.

In ``experiments.yaml`` a value is one value for all scales, or a mapping over scales; a scale that says nothing has the
value of the next larger one. A grid is ``{from: 0.125, to: 2.0, factor: 2}``.
"""

from typing import Any

from infwidth.errors import SpecError, nearest

SCALES = ("smoke", "laptop", "workstation", "paper")
GRID = {"from", "to", "factor"}


def at_scale(document: Any, scale: str, *, where: str = "top level") -> Any:
    """Return ``document`` with every mapping over scales replaced by its value at ``scale``, and every grid by a list.

    Raises SpecError for an unknown scale, and for a mapping over scales without a value for this one.
    """
    if scale not in SCALES:
        raise SpecError(f"unknown scale '{scale}'{nearest(scale, SCALES)}; the scales are {', '.join(SCALES)}")
    if isinstance(document, list):
        return [at_scale(item, scale, where=f"{where}[{index}]") for index, item in enumerate(document)]
    if not isinstance(document, dict):
        return document
    if any(key in SCALES for key in document):
        unknown = [str(key) for key in document if key not in SCALES]
        if unknown:
            raise SpecError(
                f"{where}: a value by scale; not a scale: {', '.join(unknown)}{nearest(unknown[0], SCALES)}"
            )
        for larger in SCALES[SCALES.index(scale) :]:
            if larger in document:
                return at_scale(document[larger], scale, where=f"{where}.{larger}")
        raise SpecError(f"{where}: no value at scale {scale}, nor at a larger one to take it from")
    if set(document) == GRID:
        return grid(document["from"], document["to"], document["factor"], where=where)
    return {key: at_scale(value, scale, where=f"{where}.{key}") for key, value in document.items()}


def grid(start: Any, end: Any, factor: Any, *, where: str) -> list[int | float]:
    """Return start, start·factor, start·factor², … up to ``end``, which has to be one of them.

    Raises SpecError, as by ``where``, for numbers that make no grid.
    """
    if not all(isinstance(x, int | float) and not isinstance(x, bool) and 0 < x < 1e30 for x in (start, end, factor)):
        raise SpecError(f"{where}: a grid is made of positive numbers, from, to and factor")
    values: list[int | float] = [start]
    while values[-1] < end and len(values) < 1000 and factor > 1:
        values.append(start * factor ** len(values))
    if abs(values[-1] / end - 1) > 1e-9:
        raise SpecError(f"{where}: no power of {factor} leads from {start} to {end}")
    return values
