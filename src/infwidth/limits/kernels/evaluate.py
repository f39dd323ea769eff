"""Kernels of a net given as a list of layers: in tiles, exactly symmetric where both sets of inputs are one."""

import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from infwidth.activations.duals import Array, Gap, Mask, geometric_mean
from infwidth.errors import SpecError
from infwidth.limits.kernels import positions
from infwidth.limits.kernels.layers import (
    Conv,
    Dense,
    Flatten,
    Layer,
    Nonlinearity,
    Sides,
    as_layers,
    radius_before,
    sides_after,
)
from infwidth.limits.kernels.state import OfTwoSets, State, WithThemselves

#: Numbers in one temporary, a tile: two megabytes, so that the few that a layer needs stay in the cache.
TILE = 2**18
#: Mean squares of inputs below this have lost digits.
_SMALLEST = 1e-304


class Kernels(NamedTuple):
    """Kernels of one output between N1 and N2 inputs, [N1, N2]: its covariance over nets, and its tangent kernel."""

    nngp: Array
    ntk: Array


@dataclass(frozen=True)
class LayerKernels:
    """Kernels of every layer of a net of L activations, each between two Dense, between N1 and N2 inputs.

    ``covariance`` [L+1, N1, N2] is Σ_l of the preactivations, the last one that of the outputs; ``derivative``
    [L, N1, N2] is E[φ′(h_l) φ′(h_l′)]; ``tangent`` [L+1, N1, N2] is Θ_l, the NTK of the sub-network ending at h_l.
    """

    covariance: Array
    derivative: Array
    tangent: Array

    @property
    def nngp(self) -> Array:
        """Covariance [N1, N2] of one output over initialisations."""
        return self.covariance[-1]

    @property
    def ntk(self) -> Array:
        """Neural tangent kernel [N1, N2] of one output, all layers trained."""
        return self.tangent[-1]


def kernels_of(net: Sequence[Any], x1: ArrayLike, x2: ArrayLike | None = None) -> Kernels:
    """Return NNGP and NTK of an infinitely wide net between inputs ``x1`` and ``x2`` (``x1`` itself if left out).

    ``net`` lists layers and activations, for example ``[Conv(), "relu", AvgPool(), Flatten(), Dense()]``, and ends
    without positions. Inputs are [points, dimension], or images [points, channels, height, width] (whose first layer
    may be Flatten). float64. Kernels of ``x1`` with itself are exactly symmetric and cost half; memory is that of the
    results and a few tiles of two megabytes.

    Without positions a pair of inputs takes about 10 ns a layer on one core; with positions that, times the pairs of
    positions held: of H × W pixels, H W where only Flatten reads them, (2R + 1)² H W where offsets up to R are needed
    (R = 1 before a pooling over 2×2, 3 before two; H - 1 before GlobalAvgPool).

    Results are right to a relative 1e-10 (in units of the root of both variances where they change sign or vanish), for
    inputs of sizes 1e-150 to 1e150. With positions, the NTK of relu near equal patches is right to 1e-8.
    Raises SpecError for nets and inputs without meaning, and where numbers would be lost.
    """
    layers = as_layers(net)

    def last(states: Iterator[State]) -> list[Array]:
        end = deque(states, maxlen=1)[0]
        return [end.covariance, _trained(end)]

    return Kernels(*_evaluate(layers, x1, x2, last, 2))


def layer_kernels(net: Sequence[Any], x1: ArrayLike, x2: ArrayLike | None = None) -> LayerKernels:
    """Return the kernels of every layer of ``net``, which is Dense, activation, Dense, …, Dense.

    Inputs and errors are those of :func:`kernels_of`; memory is that of 3 L + 2 matrices.
    """
    layers = as_layers(net)
    kinds = [type(layer) for layer in layers]
    if len(kinds) % 2 == 0 or kinds[::2] != [Dense] * len(kinds[::2]) or set(kinds[1::2]) - {Nonlinearity}:
        raise SpecError("layer_kernels takes Dense, activation, Dense, …, Dense; for other nets there is kernels_of")

    def all_of(states: Iterator[State]) -> list[Array]:
        found = list(states)
        linear = found[::2]
        return [
            *(state.covariance for state in linear),
            *(state.derivative for state in found[1::2] if state.derivative is not None),
            *(_trained(state) for state in linear),
        ]

    depth = len(kinds) // 2
    found = _evaluate(layers, x1, x2, all_of, 3 * depth + 2)
    return LayerKernels(found[: depth + 1], found[depth + 1 : 2 * depth + 1], found[2 * depth + 1 :])


def as_inputs(value: ArrayLike, name: str) -> Array:
    """Return ``value`` as a float64 matrix [points, dimension]; SpecError if it is empty, not 2-D or not finite."""
    matrix = _as_numbers(value, name)
    if matrix.ndim != 2 or matrix.size == 0:
        raise SpecError(f"{name} must be a non-empty matrix [points, dimension], not of shape {matrix.shape}")
    if not np.isfinite(matrix).all():
        raise SpecError(f"{name} holds values that are not finite")
    return matrix


def _as_numbers(value: ArrayLike, name: str) -> Array:
    if hasattr(value, "detach"):  # a tensor, of which numpy takes no part of a graph
        value = value.detach()
    given = np.asarray(value)
    if given.dtype.kind == "c":
        raise SpecError(f"{name} holds complex numbers; give real and imaginary parts as dimensions of their own")
    try:
        return given.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise SpecError(f"{name} cannot be read as numbers: {error}") from error


def _as_points(value: ArrayLike, name: str, layers: Sequence[Layer]) -> Array:
    """Return inputs as they enter the first layer that is not Flatten: [N, d] or [N, C, H, W]."""
    points = _as_numbers(value, name)
    if points.ndim == 4 and points.size and isinstance(layers[0], Flatten):
        points = points.reshape(len(points), -1)
    if points.ndim == 4 and points.size:
        if not np.isfinite(points).all():
            raise SpecError(f"{name} holds values that are not finite")
        return points
    if isinstance(layers[0], Conv):
        raise SpecError(
            f"{name} must be non-empty images [points, channels, height, width], not of shape {points.shape}"
        )
    return as_inputs(points, name)


def _evaluate(
    layers: tuple[Layer, ...],
    x1: ArrayLike,
    x2: ArrayLike | None,
    results: Callable[[Iterator[State]], list[Array]],
    n_results: int,
) -> Array:
    """Return what ``results`` takes from the states after all layers, for all pairs of inputs: [results, N1, N2]."""
    if all(isinstance(layer, Flatten) for layer in layers):
        raise SpecError("a net needs weights, a Dense at least")
    left = _as_points(x1, "x1", layers)
    right = left if x2 is None else _as_points(x2, "x2", layers)
    if left.shape[1:] != right.shape[1:]:
        if left.ndim == right.ndim == 2:
            raise SpecError(f"x1 has dimension {left.shape[1]} but x2 has {right.shape[1]}")
        raise SpecError(f"x1 has images of shape {left.shape[1:]} but x2 of {right.shape[1:]}")
    if left.ndim == 2 and isinstance(layers[0], Flatten):
        layers = layers[1:]
    net = _Net(layers, left.shape[2:])

    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused below
        met_left = net.variances(left, "x1")
        met = met_left, met_left if x2 is None else net.variances(right, "x2")
        found = np.empty((n_results, len(left), len(right)))
        if not net.sides:  # the first result serves as room for the products until it is written
            np.matmul(left, right.T, out=found[0])
            found[0] /= left.shape[1]
        n_rows, n_columns = net.tile(len(right))
        for i in range(0, len(left), n_rows):
            rows = slice(i, min(i + n_rows, len(left)))
            for j in range(i if x2 is None else 0, len(right), n_columns):
                columns = slice(j, min(j + n_columns, len(right)))
                pairs = OfTwoSets(met[0][1:], met[1][1:], rows, columns, mendable=not net.sides)
                start = State(
                    net.product(left[rows].transpose(1, 2, 3, 0), right[columns])
                    if net.sides
                    else found[0, rows, columns],
                    pairs,
                )
                if x2 is None and i == j:
                    # arccos near one turns a rounding error of 1e-16 into 1e-8: a point makes no angle with itself.
                    _set_diagonal(start.covariance, met[0][0][..., rows])
                for matrix, values in zip(found, results(net.states(start)), strict=True):
                    matrix[rows, columns] = values
                if pairs.imprecise is not None:
                    if x2 is None and i == j:
                        _set_diagonal(pairs.imprecise, False)
                    place = np.nonzero(pairs.imprecise)
                    _mend(net, (left, right), met, (place[0] + i, place[1] + j), results, found)
            if x2 is None:
                block = found[:, rows, rows]
                block[:] = np.triu(block) + np.triu(block, 1).swapaxes(1, 2)
                found[:, rows.stop :, rows] = found[:, rows, rows.stop :].swapaxes(1, 2)
    return found


class _Net:
    """Layers together with the sides of the images that they take."""

    def __init__(self, layers: tuple[Layer, ...], sides: Sides) -> None:
        self.layers, self.sides = layers, sides
        if sides_after(layers, sides):
            raise SpecError("a net must end without positions: put Flatten or GlobalAvgPool, and Dense, at its end")
        self._radius = radius_before(layers, sides, (0, 0))

    def tile(self, n_columns: int) -> tuple[int, int]:
        """Return how many inputs of both sets make a tile."""
        if self.sides:
            held = math.prod(self.sides) * math.prod(2 * r + 1 for r in self._radius)
            return 1, max(1, TILE // held)
        n_columns = min(n_columns, TILE)
        return max(1, TILE // n_columns), n_columns

    def product(self, left: Array, right: Array) -> Array:
        """Return the mean over channels of ``left`` [C, H, W, n or 1] at p times ``right`` [n, C, H, W] at p'."""
        shifted = positions.at_offsets(right.transpose(1, 2, 3, 0), self._radius)
        total = left[0] * shifted[0]
        for channel, of_right in zip(left[1:], shifted[1:], strict=True):
            total += channel * of_right
        total /= len(left)
        return total

    def states(self, state: State) -> Iterator[State]:
        """Yield the states after the layers."""
        for layer in self.layers:
            state = layer(state)
            yield state

    def variances(self, x: Array, name: str) -> list[Array]:
        """Return the variances that the inputs ``x`` meet on their way, [N] or [H, W, N], those of ``x`` first."""
        met: list[list[Array]] = []
        size = self.tile(len(x))[1] if self.sides else len(x)
        for j in range(0, len(x), size):
            part, pairs = x[j : j + size], WithThemselves()
            if self.sides:
                start = State(self.product(part.transpose(1, 2, 3, 0), part), pairs)
            else:
                start = State((part**2).mean(axis=1)[None], pairs)
            start.variances()
            end = deque(self.states(start), maxlen=1)[0]
            if not np.isfinite(end.covariance).all() or not np.isfinite(_trained(end)).all():
                raise SpecError(f"the kernels of {name} overflow: divide inputs, or sigma_w, by a large number")
            met.append(pairs.met)
        variances = [np.concatenate(parts, axis=-1) for parts in zip(*met, strict=True)]
        if not self.sides and ((variances[0] < _SMALLEST) & x.any(axis=1)).any():
            raise SpecError(f"{name} holds inputs whose squares underflow: multiply them by a large number")
        return variances


def _trained(state: State) -> Array:
    """Return Θ."""
    if state.tangent is None:
        raise SpecError("a net needs weights, a Dense at least")
    return state.tangent


def _set_diagonal(values: Array | Mask, to: Any) -> None:
    """Set the entries of equal inputs in a tile that begins with them: [rows, columns] or [Oy, Ox, H, W, columns]."""
    if values.ndim == 2:
        n = min(values.shape)
        values[np.arange(n), np.arange(n)] = to


def _mend(
    net: _Net,
    points: tuple[Array, Array],
    met: tuple[list[Array], list[Array]],
    places: tuple[NDArray[np.intp], NDArray[np.intp]],
    results: Callable[[Iterator[State]], list[Array]],
    found: Array,
) -> None:
    """Compute the pairs at ``places`` again, from the differences of their inputs, in which no digits are lost."""
    size = max(1, 8 * TILE // points[0].shape[1])
    for start in range(0, len(places[0]), size):
        i, j = (place[start : start + size] for place in places)
        (x, v1), (y, v2) = ((of[k], variances[0][k]) for of, variances, k in zip(points, met, (i, j), strict=True))
        gap = _gap_of_inputs(x, y, v1, v2)
        pairs = OfTwoSets(met[0][1:], met[1][1:], i, j, mendable=True)
        state = State((gap.above - gap.below)[None] / 2, pairs, gap=Gap(gap.below[None], gap.above[None]))
        for matrix, values in zip(found, results(net.states(state)), strict=True):
            matrix[i, j] = values[0]


def _gap_of_inputs(x: Array, y: Array, v1: Array, v2: Array) -> Gap:
    """Return the gaps of pairs of inputs [pairs, d] of mean squares ``v1``, ``v2``, right to nearly the last digit.

    They follow from the sine of the angle, and this from what y has beyond a multiple of x, found without rounding.
    """
    scale = geometric_mean(v1, v2)
    x, y = (np.ldexp(z, -(np.frexp(v)[1] // 2)[:, None]) for z, v in ((x, v1), (y, v2)))  # to sizes of one, exactly
    xx, xy, yy = ((p * q).sum(axis=1) for p, q in ((x, x), (x, y), (y, y)))
    xx, yy = (np.where(square > 0, square, 1.0) for square in (xx, yy))
    beyond = _minus_product(y, (xy / xx)[:, None], x)
    beyond = beyond - ((beyond * x).sum(axis=1) / xx)[:, None] * x
    square = ((beyond**2).sum(axis=1) / yy).clip(max=1.0)  # of the sine
    wide = 1 + np.sqrt(1 - square)
    near, far = scale * square / wide, scale * wide
    return Gap(np.where(xy >= 0, near, far), np.where(xy >= 0, far, near))


def _minus_product(y: Array, a: Array, x: Array) -> Array:
    """Return y - a x without the rounding of the product (Dekker 1971)."""
    product = a * x
    (a_high, a_low), (x_high, x_low) = (_halves(z) for z in (a, x))
    rounding = a_low * x_low - (((product - a_high * x_high) - a_low * x_high) - a_high * x_low)
    return (y - product) - rounding


def _halves(x: Array) -> tuple[Array, Array]:
    """Return numbers of 26 bits whose sum is ``x``."""
    shifted = (2.0**27 + 1) * x
    high = shifted - (shifted - x)
    return high, x - high
