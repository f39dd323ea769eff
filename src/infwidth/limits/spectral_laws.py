r"""Spectra of large random matrices: Wigner's semicircle, products of white matrices, and coloured sample covariances.

Each is a law of eigenvalues of D × D matrices for D → ∞, by free probability. With s(z) = ∫ μ/(μ - z) dρ(μ) the
S-transform of free products gives z where s is known (Atanasov, Zavatone-Veth & Pehlevan 2024, § 2)

    product X_1 … X_L (X_1 … X_L)ᵀ, entries of X_l [N_{l-1}, N_l] of variance 1/N_l, q_l = D/N_l, N_0 = D:
        z = -(1 - s)/s Π_l (1 - q_l s),                                                  Marchenko & Pastur's for L = 1;
    sample covariance of P examples with eigenvalues η_k of the true one:
        z = -κ (1 - n/P),   n = D s = Σ_k η_k/(η_k + κ).

A law is the curve of complex s, or κ, that these take to real z: π x ρ(x) = Im s there. For products arg z decreases
in |s| at every fixed arg s, and for covariances Im z = 0 means Σ η²/|η + κ|² = P, which decreases in |Im κ| at every
fixed Re κ: each point of a curve is the one root in a bracket.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import interpolate, stats
from scipy.optimize import elementwise

from infwidth.activations import Array
from infwidth.errors import SpecError
from infwidth.limits.deterministic_equivalents import Modes

_TOLERANCES = {"xatol": 1e-13, "xrtol": 0, "fatol": 0, "frtol": 0}


class Law(NamedTuple):
    """A law on its support: ``x`` [n] ascending, ``density`` [n] there, ``cdf`` [n], and ``atom``, the mass at 0."""

    x: Array
    density: Array
    cdf: Array
    atom: float

    def distance(self, eigenvalues: Array) -> float:
        """Return the Kolmogorov distance of all eigenvalues of a matrix, zeros included, from the law."""
        values = np.sort(eigenvalues)
        values = values[round(self.atom * len(values)) :]
        count = round(self.atom * len(eigenvalues)) + np.arange(len(values) + 1)
        expected = np.interp(values, self.x, self.cdf, left=self.atom, right=1.0)
        share = count / len(eigenvalues)
        return float(max(np.abs(share[1:] - expected).max(), np.abs(share[:-1] - expected).max()))


def semicircle(n_points: int = 2001) -> Law:
    """Return Wigner's law on [-2, 2], of symmetric matrices with entries of variance 1/D; the library's."""
    x = -2 * np.cos(np.linspace(0, np.pi, n_points))
    law = stats.semicircular(scale=2)
    return Law(x, law.pdf(x), law.cdf(x), 0.0)


def product_law(ratios: Sequence[float], n_points: int = 2001) -> Law:
    """Return the law of X_1 … X_L (X_1 … X_L)ᵀ of ratios q_l = D/N_l; SpecError for none, or one not above zero."""
    q = np.array([1.0, *ratios])
    if len(q) < 2 or not (q > 0).all():
        raise SpecError(f"a product needs the ratios D/N of its matrices, all positive, not {list(ratios)}")
    φ = np.pi / 2 * (1 - np.cos(np.linspace(0, np.pi, n_points + 2)[1:-1]))  # dense at edges, of which 0 may be one
    direction = np.exp(1j * φ)

    def beyond(log_r: Array, φ: Array) -> Array:
        turned = -np.angle(1 - q * (np.exp(log_r + 1j * φ))[..., None]).sum(-1)
        return turned - (np.pi - φ)

    r = np.exp(elementwise.find_root(beyond, (-40.0, 40.0), args=(φ,), tolerances=_TOLERANCES).x)
    s = r * direction
    x = np.abs((1 - s) / s * np.prod(1 - q[1:] * s[:, None], axis=1))
    # From the upper edge down, of which there the density is that of a square root; Im s dlog x is smooth in φ.
    mass = interpolate.CubicSpline(φ, np.log(x)).derivative()(φ) * s.imag / np.pi
    above = interpolate.CubicSpline(φ, mass).antiderivative()
    cdf = 1 - (above(φ[-1]) - above(φ))
    return Law(x, s.imag / (np.pi * x), cdf, 1 - min(1.0, float(1 / q.max())))


def covariance_law(modes: Modes, samples: float, n_points: int = 4001) -> Law:
    """Return the law of XᵀX/P of ``samples`` P examples whose covariance has these modes (powers do not matter)."""
    η, m = modes.eigenvalues, modes.multiplicities

    def squares(a: Array, b2: Array) -> Array:
        return (m * η**2 / ((η + a[:, None]) ** 2 + b2[:, None])).sum(-1) / samples - 1

    # Re κ where eigenvalues can be; intervals of the support are those of a positive sum on the real axis.
    reach = 1.01 * η.max() * (1 + np.sqrt(m.sum() / samples))
    coarse = np.unique(np.concatenate([np.linspace(-reach, reach, 4001), *(-e + e * _NEAR for e in η)]))
    with np.errstate(divide="ignore"):
        inside = squares(coarse, np.zeros_like(coarse)) > 0
    changes = np.flatnonzero(np.diff(inside.astype(int)))
    edges = elementwise.find_root(
        lambda a: squares(a, np.zeros_like(a)), (coarse[changes], coarse[changes + 1]), tolerances=_TOLERANCES
    ).x.reshape(-1, 2)
    parts = []
    for left, right in edges[::-1]:
        a = (left + right) / 2 + (right - left) / 2 * np.cos(np.linspace(0, np.pi, n_points + 2)[1:-1])
        top = np.log(m.sum() / samples * η.max() ** 2) + 1
        b2 = np.exp(
            elementwise.find_root(
                lambda y, a: squares(a, np.exp(y)), (-100.0, top), args=(a,), tolerances=_TOLERANCES
            ).x
        )
        κ = a - 1j * np.sqrt(b2)
        n = (m * η / (η + κ[:, None])).sum(1)
        x, density = (-κ * (1 - n / samples)).real, n.imag / np.pi / m.sum()
        parts.append((x, density / x))
    x, density = (np.concatenate(column) for column in zip(*parts, strict=True))
    atom = max(0.0, 1 - samples / m.sum())
    mass = np.diff(x) * (density[1:] + density[:-1]) / 2
    ends = np.cumsum([len(part[0]) for part in parts])[:-1]
    mass[ends - 1] = 0.0  # between two intervals
    cdf = atom + np.concatenate([[0.0], np.cumsum(mass)])
    return Law(x, density, cdf, atom)


#: Offsets from an eigenvalue of the covariance, in units of it, that resolve narrow parts of a support.
_NEAR = np.concatenate([-np.geomspace(1e-6, 0.5, 60), np.geomspace(1e-6, 0.5, 60)])
