r"""Convolutional kernels of all depths at once, read out from all features and from their mean over positions.

A net of depth d has d - 1 convolutions 3×3 with √2·ReLU and a readout (Arora et al. 2019). What a shallow net knows of
two images is on the way of a deep one, so one pass over all pairs of positions gives every depth, and both readouts: of
features as they are (CNTK-V) and after global average pooling (CNTK-GAP). :func:`kernels_of` takes any net, one at a
time; for these it is several times slower, since it holds positions by their offset.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from infwidth.activations import ACTIVATIONS, Array
from infwidth.errors import SpecError
from infwidth.limits.kernels.evaluate import Kernels

#: Numbers in one temporary, so that the few of them that a layer needs stay in the cache.
_TILE = 2**17
_RELU = ACTIVATIONS["unit_relu"].dual


class Readouts(NamedTuple):
    """The kernels [depths, N1, N2] of nets that read all features, and of those that read their mean over positions.

    Of the former all layers are trained. Of the latter the first and the last are not, as in the paper's table.
    """

    vector: Kernels
    pooled: Kernels


def kernels_by_depth(x1: ArrayLike, x2: ArrayLike | None = None, *, depths: Sequence[int]) -> Readouts:
    """Return the kernels between images ``x1`` [N1, C, H, W] and ``x2`` (``x1`` if left out), in the order of depths.

    Right to 1e-7 of the largest, by what arccos leaves near equal patches. Raises SpecError for depths below 2 or
    that do not rise, and for what are no images, or such of different shapes.
    """
    if not depths or list(depths) != sorted({*depths}) or depths[0] < 2:
        raise SpecError(f"depths must rise, from 2 (a convolution and a readout), not {list(depths)}")
    left = np.asarray(x1, np.float64)
    right = left if x2 is None else np.asarray(x2, np.float64)
    if left.ndim != 4 or right.ndim != 4 or left.shape[1:] != right.shape[1:] or not left.size:
        raise SpecError(f"images must be [N, C, H, W] of one shape, not {left.shape} and {right.shape}")
    found = np.zeros((4, len(depths), len(left), len(right)))
    variances = [_variances(x, depths[-1]) for x in (left, right)]
    n = max(1, _TILE // left[0, 0].size ** 2)
    for i, image in enumerate(left):
        for start in range(i if x2 is None else 0, len(right), n):
            of = slice(start, start + n)
            # [h, w, h', w', pairs]: pairs of images come last, so that all the work is on long rows.
            covariance = _convolved(np.einsum("chw,ncij->hwijn", image, right[of]) / len(image))
            pairs = [(v1[:, :, None, None, [i]], v2[..., of]) for v1, v2 in zip(*variances, strict=True)]
            for place, kernels in enumerate(_read(covariance, pairs, depths)):
                found[:, place, i, of] = kernels
    if x2 is None:
        found += np.triu(found, 1).swapaxes(2, 3)  # below the diagonal nothing was written
    return Readouts(Kernels(found[0], found[1]), Kernels(found[2], found[3]))


def _read(covariance: Array, variances: list[tuple[Array, Array]], depths: Sequence[int]) -> list[list[Array]]:
    """Return for every depth NNGP and NTK of the vector readout, NNGP and NTK of the pooled one, [pairs] each."""
    found = []
    tangent = np.zeros_like(covariance)  # of the layers between the first and the last
    of_first = _same(covariance)  # what the first adds, where both positions are the same
    for depth, (v1, v2) in enumerate(variances, 2):
        covariance, slope = _RELU(covariance, v1, v2)
        tangent *= slope
        of_first = of_first * _same(slope)
        if depth in depths:
            same = _same(covariance)
            vector = same, same + _same(tangent) + of_first
            found.append([z.mean((0, 1)) for z in vector] + [z.mean((0, 1, 2, 3)) for z in (covariance, tangent)])
        if depth < depths[-1]:
            covariance = _convolved(covariance)
            tangent = covariance + _convolved(tangent)
            of_first = _box(of_first)
    return found


def _same(values: Array) -> Array:
    """Return the entries [h, w, pairs] of pairs of equal positions."""
    return np.moveaxis(np.einsum("hwhwn->nhw", values), 0, -1)


def _convolved(values: Array) -> Array:
    """Return the mean over nine common shifts of both positions of [h, w, h', w', pairs], outside of which is zero."""
    for cut in (_rows, _columns):
        total = values.copy()
        total[cut(1, None)] += values[cut(None, -1)]
        total[cut(None, -1)] += values[cut(1, None)]
        values = total
    values /= 9
    return values


def _rows(start: int | None, stop: int | None) -> tuple[slice, ...]:
    return slice(start, stop), slice(None), slice(start, stop)


def _columns(start: int | None, stop: int | None) -> tuple[slice, ...]:
    return slice(None), slice(start, stop), slice(None), slice(start, stop)


def _box(values: Array) -> Array:
    """Return the mean over nine shifts of [h, w, …], outside of which is zero."""
    padded = np.pad(values, [(1, 1), (1, 1), *[(0, 0)] * (values.ndim - 2)])
    h, w = values.shape[:2]
    total: Array = sum(padded[i : i + h, j : j + w] for i in range(3) for j in range(3)) / 9  # type: ignore[assignment]
    return total


def _variances(x: Array, depth: int) -> list[Array]:
    """Return the variances [H, W, N] of the preactivations of every convolution; √2·ReLU keeps them."""
    of_layer = [_box(np.moveaxis((x**2).mean(1), 0, -1))]
    while len(of_layer) < depth - 1:
        of_layer.append(_box(of_layer[-1]))
    return of_layer
