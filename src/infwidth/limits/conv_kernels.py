r"""NNGP and neural tangent kernels of plain convolutional nets at infinitely many channels, between pairs of images.

The net is :class:`infwidth.models.CNN` (with or without its poolings), in the NTK parametrization: every weight is
N(0, 1), is trained at unit rate and is divided by √fan-in. A layer is a 3×3 convolution of "same" size padded by zeros,
√2·ReLU, and an average over squares of 2×2; the readout takes all features, or their mean over positions. With p, p'
positions in the two images, δ the nine shifts of a convolution and K, K̇ the dual of √2·ReLU (Cho & Saul 2009),

    Σ_1(p, p') = (1/9C) Σ_δ Σ_c x_c(p+δ) x'_c(p'+δ),    Θ_1 = Σ_1,
    Σ_{l+1}(p, p') = (1/9) Σ_δ P[K(Σ_l)](p+δ, p'+δ),    Θ_{l+1} = Σ_{l+1} + (1/9) Σ_δ P[K̇(Σ_l) Θ_l](p+δ, p'+δ),

where P averages over the two squares that p and p' stand for; the outputs have Σ = mean P[K(Σ_L)] and Θ = Σ + mean
P[K̇(Σ_L) Θ_L] over p = p' if the readout takes all features and over all (p, p') if it takes their mean (Novak et al.
2019; Arora et al. 2019, Sec. 4; Yang & Littwin 2021 for the tangent kernel).

A readout of all features needs p = p' only, and a convolution keeps p' - p; pooling needs neighbours of these. So pairs
of positions are held as (offset p' - p, p), only up to the offset that a layer needs. Positions outside an image hold
zero. Pairs of images are the last axis, in tiles of a few megabytes; float64 in torch, whose arccosine is fast.
"""

import math
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike

from infwidth.errors import SpecError
from infwidth.limits.duals import Array

#: Numbers in one temporary: a tile of image pairs times their pairs of positions.
TILE = 2**17

READOUTS = ("flatten", "mean")


class ConvKernels(NamedTuple):
    """Kernels of one output between N1 and N2 images: ``nngp`` and ``ntk``, [N1, N2]."""

    nngp: Array
    ntk: Array


class _Layer(NamedTuple):
    """Side of the images before a convolution's activation, offsets held there, and whether squares are averaged."""

    height: int
    width: int
    radius: tuple[int, int]
    pooled: bool


def cnn_kernels(
    x1: ArrayLike,
    x2: ArrayLike | None = None,
    *,
    n_convolutions: int,
    pooling: bool,
    readout: str = "flatten",
) -> ConvKernels:
    """Return the kernels between images ``x1`` [N1, C, H, W] and ``x2`` [N2, C, H, W] (``x1`` itself if left out).

    ``n_convolutions`` layers, each followed by 2×2 averages if ``pooling`` (an odd side loses its last row and column);
    ``readout`` of all features ("flatten") or of their mean over positions ("mean"). Kernels of ``x1`` with itself are
    exactly symmetric and cost half. Memory is that of the two results and a few tiles.

    The time for a pair of images is 25 to 50 ns on one core times the pairs of positions held in all layers: H W a
    layer for "flatten" without pooling; (2^(L+1) - 1)² H W in the first layer, and little in the others, with L
    poolings; (2H - 1)(2W - 1) H W a layer for "mean" without.
    Raises SpecError for shapes, a depth or a readout that have no meaning.
    """
    left = _images(x1, "x1")
    right = left if x2 is None else _images(x2, "x2")
    if left.shape[1:] != right.shape[1:]:
        raise SpecError(f"x1 has images of shape {tuple(left.shape[1:])} but x2 of {tuple(right.shape[1:])}")
    layers = _plan(left.shape[2], left.shape[3], n_convolutions, pooling, readout)
    # Pairs of images come last in every array, so that all the work is on long contiguous rows.
    a, b = left.permute(1, 2, 3, 0).contiguous(), right.permute(1, 2, 3, 0).contiguous()
    a_variances = _variances(a, layers)
    b_variances = a_variances if x2 is None else _variances(b, layers)

    nngp, ntk = np.empty((2, a.shape[-1], b.shape[-1]))
    size = _tile(layers)
    for i in range(a.shape[-1]):
        for start in range(i if x2 is None else 0, b.shape[-1], size):
            columns = slice(start, start + size)
            Σ, Θ = _recursion(a, b, slice(i, i + 1), columns, a_variances, b_variances, layers)
            nngp[i, columns], ntk[i, columns] = Σ.numpy(), Θ.numpy()
    if x2 is None:
        below = np.tril_indices(a.shape[-1], -1)
        nngp[below], ntk[below] = nngp.T[below], ntk.T[below]
    return ConvKernels(nngp, ntk)


def _images(value: ArrayLike, name: str) -> torch.Tensor:
    images = np.asarray(value, dtype=np.float64)
    if images.ndim != 4 or images.size == 0:
        raise SpecError(f"{name} must be images [points, channels, height, width], not of shape {images.shape}")
    if not np.isfinite(images).all():
        raise SpecError(f"{name} holds values that are not finite")
    return torch.from_numpy(images)


def _plan(height: int, width: int, n_convolutions: int, pooling: bool, readout: str) -> list[_Layer]:
    """Return what every layer holds, found from the readout backwards."""
    if n_convolutions < 1:
        raise SpecError(f"n_convolutions must be at least 1, not {n_convolutions}")
    if readout not in READOUTS:
        raise SpecError(f"readout '{readout}' is unknown; known: {', '.join(READOUTS)}")
    shrink = 1 if pooling else 0
    sides = [(height >> shrink * depth, width >> shrink * depth) for depth in range(n_convolutions + 1)]
    if min(sides[-1]) < 1:
        raise SpecError(
            f"{n_convolutions} poolings need images of at least {2**n_convolutions} pixels a side, not {height}×{width}"
        )
    last = sides[-1]
    radius = (last[0] - 1, last[1] - 1) if readout == "mean" else (0, 0)
    layers = []
    for side in reversed(sides[:-1]):
        if pooling:
            radius = (2 * radius[0] + 1, 2 * radius[1] + 1)
        layers.append(_Layer(*side, radius, pooling))
    return layers[::-1]


def _tile(layers: list[_Layer]) -> int:
    """Return how many pairs of images are handled at once: one image with so many others."""
    held = max((2 * s.radius[0] + 1) * (2 * s.radius[1] + 1) * s.height * s.width for s in layers)
    return max(1, TILE // held)


def _variances(images: torch.Tensor, layers: list[_Layer]) -> list[torch.Tensor]:
    """Return the variance of the preactivations at every position of every image, [H, W, N] a layer."""
    count = images.shape[-1]
    variances = [torch.empty(s.height, s.width, count, dtype=torch.float64) for s in layers]
    for start in range(0, count, _tile(layers)):
        own = slice(start, start + _tile(layers))
        _recursion(images, images, own, own, variances, variances, layers, fill=True)
    return variances


def _recursion(
    a: torch.Tensor,
    b: torch.Tensor,
    rows: slice,
    columns: slice,
    a_variances: list[torch.Tensor],
    b_variances: list[torch.Tensor],
    layers: list[_Layer],
    *,
    fill: bool = False,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return Σ and Θ of the outputs for the pairs (a[..., rows], b[..., columns]); see the module's equations.

    ``fill`` writes the variances of images paired with themselves as the recursion meets them, instead of reading them.
    """
    shifted = _at_offsets(b[..., columns], layers[0])
    K, tangent = (a[..., rows][:, None, None] * shifted).mean(dim=0), torch.zeros(())
    for depth, (layer, a_variance, b_variance) in enumerate(zip(layers, a_variances, b_variances, strict=True)):
        Σ = _convolve(K)
        Θ = _convolve(tangent).add_(Σ) if depth else Σ.clone()
        if fill:
            a_variance[..., rows] = Σ[layer.radius]
        left, right = a_variance[..., rows], _at_offsets(b_variance[..., columns][None], layer)[0]
        K, tangent = _relu_dual(Σ, Θ, left, right)
        if layer.pooled:
            K, tangent = _pool(K), _pool(tangent)
    # Offsets at which a position is outside hold zero: a mean over p = p', or over all (p, p').
    pairs = K[0, 0, :, :, 0].numel() ** (1 if K.shape[:2] == (1, 1) else 2)
    return K.sum((0, 1, 2, 3)) / pairs, (K + tangent).sum((0, 1, 2, 3)) / pairs


def _relu_dual(
    Σ: torch.Tensor, Θ: torch.Tensor, left: torch.Tensor, right: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return K(Σ) and K̇(Σ) Θ of √2·ReLU, given the variances of both sides; ``Σ`` is overwritten."""
    # √(v v) is v to the last digit: the angle of an image with itself is exactly zero, where arccos is steepest.
    scale = (left * right).sqrt_()
    # Where a scale is zero so are Σ and Θ, and both moments come out as zero.
    cosine = Σ.div_(scale.clamp_min(1e-300)).clamp_(-1.0, 1.0)
    beyond = torch.acos(cosine).neg_().add_(math.pi)
    tangent = (beyond * Θ).div_(math.pi)
    sine = torch.addcmul(torch.ones((), dtype=cosine.dtype), cosine, cosine, value=-1).sqrt_()
    K = beyond.mul_(cosine).add_(sine).mul_(scale).div_(math.pi)
    return K, tangent


def _at_offsets(x: torch.Tensor, layer: _Layer) -> torch.Tensor:
    """Return a view of ``x`` [C, H, W, B] at every position plus every offset, zero outside: [C, Oy, Ox, H, W, B]."""
    down, across = layer.radius
    padded = torch.nn.functional.pad(x, (0, 0, across, across, down, down))
    windows = padded.unfold(1, layer.height, 1).unfold(2, layer.width, 1)  # [C, Oy, Ox, B, H, W]
    return windows.permute(0, 1, 2, 4, 5, 3)


def _convolve(values: torch.Tensor) -> torch.Tensor:
    """Return the mean over the nine shifts of both positions of ``values`` [Oy, Ox, H, W, B]."""
    for axis in (2, 3):
        source, size = values, values.shape[axis]
        values = source.clone()
        if size > 1:
            values.narrow(axis, 1, size - 1).add_(source.narrow(axis, 0, size - 1))
            values.narrow(axis, 0, size - 1).add_(source.narrow(axis, 1, size - 1))
    return _zero_outside(values.div_(9.0))


def _zero_outside(values: torch.Tensor) -> torch.Tensor:
    """Set to zero, in place, what has a second position p' outside the image; ``values`` is [Oy, Ox, H, W, B]."""
    for axis in (0, 1):
        radius, size = values.shape[axis] // 2, values.shape[axis + 2]
        for offset in range(-radius, radius + 1):
            outside = min(abs(offset), size)
            plane = values.narrow(axis, radius + offset, 1)
            plane.narrow(axis + 2, size - outside if offset > 0 else 0, outside).zero_()
    return values


def _pool(values: torch.Tensor) -> torch.Tensor:
    """Return the averages over pairs of squares of 2×2, [2R+1, 2S+1, H, W, B] to [R, S, H//2, W//2, B] of odd R, S."""
    for axis in (0, 1):
        offsets, size = (values.shape[axis] - 1) // 2, values.shape[axis + 2] // 2
        total: torch.Tensor | None = None
        for a in (0, 1):
            for b in (0, 1):
                # p → 2p + a and p' → 2p' + b, so that an offset o becomes 2o + b - a.
                part = _every_other(_every_other(values, axis, 1 + b - a, offsets), axis + 2, a, size)
                total = part.clone() if total is None else total.add_(part)
        assert total is not None
        values = total.div_(4.0)
    return _zero_outside(values)  # a last row that the pooling loses was a second position so far


def _every_other(values: torch.Tensor, axis: int, start: int, count: int) -> torch.Tensor:
    """Return the view of entries start, start + 2, … along an axis, ``count`` of them."""
    return values[(slice(None),) * axis + (slice(start, start + 2 * count - 1, 2),)]
