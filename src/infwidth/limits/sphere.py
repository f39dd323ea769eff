r"""Spectra of kernels on the sphere: eigenvalues of a kernel that depends on the angle between two points only.

For points uniform on S^{d-1} its eigenfunctions are the spherical harmonics. Those of degree k share one eigenvalue,

    η_k = E_θ [K(θ) P_k(cos θ)],    density of θ ∝ sin^{d-2} θ,    K(0) = Σ_k N(d, k) η_k,

with P_k the Gegenbauer polynomials of order d/2 - 1, P_k(1) = 1 (Legendre's for d = 3, cosines for d = 2), and N(d, k)
the number of harmonics (Bordelon et al. 2020; Canatar et al. 2021). Kernels of nets have a cusp √(1 - cos θ) in cos θ,
and none in θ: Gauss–Legendre nodes in θ converge exponentially.

Rounding leaves an error of about 1e-14 K(0) / √N in η_k. In high dimension eigenvalues of high degree drown in it; they
are few numbers of an enormous multiplicity, and what counts of them is their sum, which ``rest`` has exactly.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import special

from infwidth.activations import Array
from infwidth.errors import SpecError
from infwidth.limits.kernels import Kernels, kernels_of

#: Nodes in the angle, at most.
MOST_NODES = 4096
#: Between one number of nodes and twice as many, eigenvalues times √N may differ by this much of K(0).
ACCURACY = 1e-13


class SphereSpectrum(NamedTuple):
    """Eigenvalues η_k [k_max + 1], their multiplicities N(d, k), and ``rest`` = K(0) - Σ_k N η_k of higher degrees."""

    eigenvalues: Array
    multiplicities: Array
    rest: float


def multiplicity(dimension: int, k: int) -> int:
    """Return N(d, k), how many harmonics of degree ``k`` there are on S^{d-1}, d ≥ 2."""
    if k == 0:
        return 1
    return math.comb(k + dimension - 1, k) - (math.comb(k + dimension - 3, k - 2) if k > 1 else 0)


def kernels_at_angles(net: Sequence[Any], angles: Array) -> Kernels:
    """Return the kernels [angles] of a net without positions between points of mean square one at those angles."""
    angles = np.asarray(angles, dtype=np.float64)
    points = math.sqrt(2) * np.column_stack([np.cos(angles), np.sin(angles)])
    found = kernels_of(net, [[math.sqrt(2), 0.0]], points)
    return Kernels(found.nngp[0], found.ntk[0])


def sphere_spectrum(kernel: Callable[[Array], Array], *, dimension: int, k_max: int) -> SphereSpectrum:
    """Return the spectrum of ``kernel``, a function of angles in [0, π], on S^{d-1} up to degree ``k_max``.

    ``lambda θ: kernels_at_angles(net, θ).ntk`` is that of a net. Raises SpecError for a dimension below 2, a negative
    degree, and a kernel that MOST_NODES nodes do not resolve.
    """
    if dimension < 2 or k_max < 0:
        raise SpecError(f"dimension must be at least 2 and k_max not negative, not {dimension} and {k_max}")
    counts = np.array([multiplicity(dimension, k) for k in range(k_max + 1)], dtype=float)
    at_zero = float(kernel(np.zeros(1))[0])
    n = 32 + 2 * k_max + 4 * math.isqrt(dimension)
    coarse = _eigenvalues(kernel, dimension, k_max, n)
    while n <= MOST_NODES // 2:
        n *= 2
        fine = _eigenvalues(kernel, dimension, k_max, n)
        if (np.abs(fine - coarse) * np.sqrt(counts)).max() <= ACCURACY * abs(at_zero):
            return SphereSpectrum(fine, counts, at_zero - float(counts @ fine))
        coarse = fine
    raise SpecError(
        f"the kernel is not resolved by {n} angles up to degree {k_max}: take a smaller k_max, or a kernel that is "
        "smooth in the angle"
    )


def _eigenvalues(kernel: Callable[[Array], Array], dimension: int, k_max: int, n: int) -> Array:
    nodes, weights = special.roots_legendre(n)
    angles = math.pi / 2 * (nodes + 1)
    z = np.cos(angles)
    density = weights * np.exp((dimension - 2) * np.log(np.sin(angles)))
    weighted = kernel(angles) * density / density.sum()
    return np.array([weighted @ harmonic for harmonic in harmonics(z, dimension=dimension, k_max=k_max)])


def harmonics(cosines: Array, *, dimension: int, k_max: int) -> Iterator[Array]:
    """Yield P_k, k = 0 … ``k_max``, at these cosines of angles, in their shape: the mean of Y(x) Y(x') in a shell."""
    before, now = np.zeros_like(cosines), np.ones_like(cosines)
    for k in range(k_max + 1):
        yield now
        # (k + d - 2) P_{k+1} = (2k + d - 2) z P_k - k P_{k-1}; on the circle, P_1 = z.
        scale = max(k + dimension - 2, 1)
        before, now = now, (max(2 * k + dimension - 2, 1) * cosines * now - k * before) / scale
