r"""The dual of any activation, by its expansion in Hermite polynomials.

With h_k the normalized Hermite polynomials and a_k(s) = E[φ(s z) h_k(z)], z standard normal, Mehler's formula gives for
u, v of standard deviations s, s' and correlation ρ

    E[φ(u) φ(v)] = Σ_k a_k(s) a_k(s') ρ^k,

and the same with φ′ for the other moment. The coefficients come from Gauss–Hermite quadrature, exact for polynomials of
degree 2 nodes - 1; nodes and the values √w h_k(z) are eigenvalues and eigenvectors of one tridiagonal matrix (Golub &
Welsch 1969). What is left out is at most the power Σ a_k² of the higher half of the coefficients: it is measured, and
nodes are doubled until it is below the accuracy asked for.

Smooth functions converge fast: for 1e-10 tanh needs 256 nodes at unit variance and 1024 at a variance of 4, gelu 128
and 512 at 10, and polynomials are exact. A function with a kink has a_k² ~ k^(-5/2): 1024 nodes leave out 1e-6 of E φ²
for relu and 6e-3 of E φ′². Smooth functions look like that from afar, where variances are large.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from infwidth.activations.duals import ACCURACY, Array, Dual, Gap
from infwidth.errors import SpecError

#: Nodes are doubled from FEWEST to MOST.
FEWEST, MOST = 32, 1024


@dataclass(frozen=True)
class HermiteDual(Dual):
    """The dual of √``square`` · φ for φ = ``value``, φ′ = ``derivative``, to a relative ``accuracy``.

    Raises SpecError at variances where MOST nodes are too few.
    """

    name: str = ""
    value: Callable[[Any], Any] = field(kw_only=True)
    derivative: Callable[[Any], Any] = field(kw_only=True)
    accuracy: float = ACCURACY

    def __call__(self, c: Array, v1: Array, v2: Array, gap: Gap | None = None) -> tuple[Array, Array]:
        """Return the two moments."""
        s1, s2 = np.sqrt(v1), np.sqrt(v2)
        correlation = (c / np.where(s1 > 0, s1, 1.0) / np.where(s2 > 0, s2, 1.0)).clip(-1.0, 1.0)
        sides = [_different(s) for s in (s1, s2)]
        n = max(_nodes(self, different) for different, _ in sides)
        expansions = [_expansion(self, different, n) for different, _ in sides]
        moments = []
        for moment in (0, 1):
            terms = max(expansion[moment].terms for expansion in expansions)
            total = np.zeros(np.broadcast_shapes(c.shape, v1.shape, v2.shape))
            left, right = (
                expansion[moment].coefficients[:terms, place]
                for expansion, (_, place) in zip(expansions, sides, strict=True)
            )
            for a, b in zip(left[::-1], right[::-1], strict=True):
                total *= correlation
                total += a * b
            moments.append(self.square * total)
        return moments[0], moments[1]


class _Expansion(NamedTuple):
    """Coefficients [k, s] of a function at different s, the share of its power after each k, and how many count."""

    coefficients: Array
    left_out: Array
    terms: int


def _different(s: Array) -> tuple[bytes, NDArray[np.intp]]:
    """Return the different standard deviations, as bytes, and where each of ``s`` is among them."""
    different, place = np.unique(s, return_inverse=True)
    return different.tobytes(), place.reshape(s.shape)


@lru_cache(maxsize=4)  # tiles of one matrix meet the same variances again
def _expansion(dual: HermiteDual, s: bytes, n: int) -> tuple[_Expansion, _Expansion]:
    """Return the expansions of φ and φ′ by ``n`` nodes."""
    nodes, root_weights, basis = _rule(n)
    z = np.multiply.outer(nodes, np.frombuffer(s))
    expansions = []
    for f in (dual.value, dual.derivative):
        a = basis @ (root_weights[:, None] * f(z))
        power = (a / np.maximum(np.abs(a).max(axis=0), np.finfo(float).tiny)) ** 2
        rest = power[::-1].cumsum(axis=0)[::-1]
        left_out = (rest / np.maximum(rest[0], np.finfo(float).tiny)).max(axis=1)
        expansions.append(_Expansion(a, left_out, max(1, int((left_out > dual.accuracy / 100).sum()))))
    return expansions[0], expansions[1]


@lru_cache(maxsize=256)
def _nodes(dual: HermiteDual, s: bytes) -> int:
    """Return how many nodes leave out, in the higher half of the coefficients, less than the accuracy."""
    n = FEWEST
    while (left_out := max(of.left_out[n // 2] for of in _expansion(dual, s, n))) > dual.accuracy:
        if n == MOST:
            raise SpecError(
                f"the dual of {dual.name or 'this activation'} at a variance of {np.frombuffer(s)[-1] ** 2:.3g} is "
                f"found to {left_out:.0e} of its size only, not to {dual.accuracy:.0e}: make inputs or weights "
                "smaller, or take an activation with a closed form (relu, erf, linear), or a dual of less accuracy"
            )
        n *= 2
    return n


@lru_cache
def _rule(n: int) -> tuple[Array, Array, Array]:
    """Return nodes z_m [n], √w_m [n] and √w_m h_k(z_m) as [k, m] of Gauss–Hermite quadrature, Σ w = 1."""
    off = np.sqrt(np.arange(1.0, n))
    nodes, basis = np.linalg.eigh(np.diag(off, 1) + np.diag(off, -1))
    basis = basis * np.sign(basis[0])
    return nodes, basis[0], basis
