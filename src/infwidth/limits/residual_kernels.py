r"""Kernels of infinitely wide residual nets at initialisation: of L blocks by recursion, of infinitely many by ODEs.

The net (Bordelon et al. 2023; weights N(0, 1), NTK parametrization) is

    h^1 = W^0 x / √D,    h^{l+1} = h^l + (β / √L) W^l φ(h^l) / √N,  l = 1 … L,    f = w · φ(h^{L+1}) / √N.

With Φ^l = ⟨φ φ⟩ and Φ'^l = ⟨φ' φ'⟩ under N(0, H^l), and G^l the kernel of √N ∂f/∂h^l,

    H^{l+1} = H^l + (β²/L) Φ^l,    G^l = G^{l+1} (1 + (β²/L) Φ'^l),    K = Φ^{L+1} + (β²/L) Σ_l G^{l+1} Φ^l + G^1 K^x

from H^1 = K^x = x xᵀ/D and G^{L+1} = Φ'^{L+1}. That is Euler's method, in layer time τ = l/L, for the limit L → ∞

    dH/dτ = β² Φ(τ),    dG/dτ = -β² G Φ'(τ),    K = Φ(1) + β² ∫ G Φ dτ + G(0) K^x,

so that a finite depth is off by O(1/L). K is the tangent kernel, with which lazy nets learn.
"""

import math
from typing import NamedTuple

import numpy as np

from infwidth.activations import Activation, Array, activation_of
from infwidth.errors import SpecError

#: Relative error of the integration.
_ACCURACY = 1e-10


class DepthKernels(NamedTuple):
    """Kernels [P, P] of a net at initialisation, in layer time τ."""

    features: Array
    """H [times, P, P]."""
    gradients: Array
    """G at the same times."""
    tangent: Array
    """K [P, P]."""


def kernels_of_depth(kernel: Array, activation: str | Activation, *, n_blocks: int, multiplier: float) -> DepthKernels:
    """Return the kernels of a net of ``n_blocks``, H^l and G^l for l = 1, …, L + 1; ``multiplier`` is β.

    Raises SpecError for arguments that do not fit.
    """
    kernel, φ = _checked(kernel, multiplier), activation_of(activation)
    if n_blocks < 1:
        raise SpecError(f"n_blocks must be at least 1, not {n_blocks}")
    share = multiplier**2 / n_blocks
    features, moments = [kernel], [_moments(φ, kernel)]
    for _ in range(n_blocks):
        features.append(features[-1] + share * moments[-1][0])
        moments.append(_moments(φ, features[-1]))
    gradients = [moments[-1][1]]
    tangent = moments[-1][0]
    for values, slopes in reversed(moments[:-1]):
        tangent = tangent + share * gradients[-1] * values
        gradients.append(gradients[-1] * (1 + share * slopes))
    return DepthKernels(np.stack(features), np.stack(gradients[::-1]), tangent + gradients[-1] * kernel)


def kernels_of_infinite_depth(
    kernel: Array, activation: str | Activation, *, multiplier: float, n_times: int = 64
) -> DepthKernels:
    """Return the kernels for L → ∞ at the times τ = i / ``n_times``, integrated to ten digits; else as for finite L."""
    from scipy.integrate import solve_ivp

    kernel, φ = _checked(kernel, multiplier), activation_of(activation)
    if n_times < 1:
        raise SpecError(f"n_times must be at least 1, not {n_times}")
    shape, n, square = kernel.shape, kernel.size, multiplier**2

    # With R(τ) = ∫_0^τ Φ' the solution is G(τ) = Φ'(1) exp(β² (R(1) - R(τ))), so that all is found on the way up:
    # ∫ G Φ dτ = Φ'(1) e^{β² R(1)} ∫ e^{-β² R} Φ dτ.
    def change(_: float, state: Array) -> Array:
        values, slopes = (m.ravel() for m in _moments(φ, state[:n].reshape(shape)))
        return np.concatenate([square * values, slopes, np.exp(-square * state[n : 2 * n]) * values])

    times = np.linspace(0.0, 1.0, n_times + 1)
    start = np.concatenate([kernel.ravel(), np.zeros(2 * n)])
    found = solve_ivp(change, (0.0, 1.0), start, "DOP853", t_eval=times, rtol=_ACCURACY, atol=_ACCURACY * 1e-2)
    if not found.success:
        raise SpecError(f"the kernels of infinite depth cannot be integrated: {found.message}")
    features, slopes, integrals = (part.reshape(-1, *shape) for part in np.split(found.y.T, 3, axis=1))
    values, last_slope = _moments(φ, features[-1])
    gradients = last_slope * np.exp(square * (slopes[-1] - slopes))
    tangent = values + square * gradients[0] * integrals[-1] + gradients[0] * kernel
    return DepthKernels(features, gradients, tangent)


def _moments(φ: Activation, kernel: Array) -> tuple[Array, Array]:
    """Return Φ and Φ' under N(0, kernel)."""
    variances = np.diagonal(kernel)
    values, slopes = φ.dual(kernel, variances[:, None], variances[None, :])
    return values, slopes


def _checked(kernel: Array, multiplier: float) -> Array:
    kernel = np.asarray(kernel, dtype=np.float64)
    if kernel.ndim != 2 or len(kernel) != kernel.shape[1] or not np.allclose(kernel, kernel.T):
        raise SpecError(f"the kernel must be x xᵀ/D, square and symmetric, not {kernel.shape}")
    if not (np.isfinite(kernel).all() and (np.diagonal(kernel) > 0).all()):
        raise SpecError("the kernel must be finite, with a positive diagonal")
    if not (math.isfinite(multiplier) and multiplier > 0):
        raise SpecError(f"multiplier must be positive and finite, not {multiplier}")
    return kernel
