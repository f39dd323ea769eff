"""Pairs of positions in two images, held as (offset p' - p, p): arrays [Oy, Ox, H, W, pairs of images].

Offsets run from minus a radius to plus it, in both directions; entries whose second position p' lies outside the image
hold zero. Pairs of images come last, so that all the work is on long contiguous rows.
"""

import numpy as np

from infwidth.activations.duals import Array

#: The largest offset down and across.
Radius = tuple[int, int]


def radius_of(values: Array) -> Radius:
    """Return the largest offsets that ``values`` holds."""
    return (values.shape[0] - 1) // 2, (values.shape[1] - 1) // 2


def at_offsets(x: Array, radius: Radius) -> Array:
    """Return a view of ``x`` [..., H, W, B] at every position plus every offset: [..., Oy, Ox, H, W, B]."""
    down, across = radius
    height, width = x.shape[-3:-1]
    lead = [(0, 0)] * (x.ndim - 3)
    padded = np.pad(x, [*lead, (down, down), (across, across), (0, 0)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, (height, width), axis=(-3, -2))  # [..., Oy, Ox, B, H, W]
    return np.moveaxis(windows, -3, -1)


def crop(values: Array, radius: Radius) -> Array:
    """Return the view of offsets up to ``radius``."""
    down, across = (have - want for have, want in zip(radius_of(values), radius, strict=True))
    return values[down : values.shape[0] - down, across : values.shape[1] - across]


def own(values: Array) -> Array:
    """Return the view of the offset zero, [H, W, B]."""
    return values[radius_of(values)]


def average_shifts(values: Array, size: int) -> Array:
    """Return the mean over the size² common shifts of both positions, of which those outside count as zero."""
    for axis in (2, 3):
        source, length = values, values.shape[axis]
        values = source.copy()
        for shift in range(1, min(size // 2, length - 1) + 1):
            head, tail = _part(axis, 0, length - shift), _part(axis, shift, length)
            values[tail] += source[head]
            values[head] += source[tail]
    values /= size**2
    return zero_outside(values)


def average_squares(values: Array, size: int) -> Array:
    """Return the averages over pairs of squares of size × size; a side loses what does not fill a square."""
    for axis in (0, 1):
        have, length = (values.shape[axis] - 1) // 2, values.shape[axis + 2] // size
        radius = (have - (size - 1)) // size
        total: Array | None = None
        for a in range(size):
            for b in range(size):
                # p → size p + a and p' → size p' + b, so that an offset o becomes size o + b - a.
                start = have - size * radius + b - a
                offsets = _part(axis, start, start + size * 2 * radius + 1, size)
                part = values[offsets][_part(axis + 2, a, a + size * (length - 1) + 1, size)]
                total = part.copy() if total is None else np.add(total, part, out=total)
        assert total is not None
        values = total
        values /= size**2
    return zero_outside(values)  # a last row that the pooling loses was a second position so far


def zero_outside(values: Array) -> Array:
    """Set to zero, in place, what has its second position outside the image."""
    for axis in (0, 1):
        radius, size = values.shape[axis] // 2, values.shape[axis + 2]
        for offset in range(-radius, radius + 1):
            outside = min(abs(offset), size)
            if outside:
                plane = values[_part(axis, radius + offset, radius + offset + 1)]
                plane[_part(axis + 2, size - outside, size) if offset > 0 else _part(axis + 2, 0, outside)] = 0.0
    return values


def _part(axis: int, start: int, stop: int, step: int = 1) -> tuple[slice, ...]:
    return (slice(None),) * axis + (slice(start, stop, step),)
