r"""Fluctuations of order 1/N in lazy training: kernels of finite nets stand still, each at its own place.

With the tangent kernel K_N = K + δK of a net, N Cov δK the covariance over units of what each is in the kernel, errors
in the basis of the eigenvectors of K (eigenvalues λ_k) obey Δ(t+1) = (1 − η K_N) Δ(t), to first order

    δΔ_k(t) = −Σ_l V_kl(t) δK_kl y_l,
    V_kl = [(1 − η λ_k)^t − (1 − η λ_l)^t]/(λ_l − λ_k),    V_kk = η t (1 − η λ_k)^{t−1}

(Bordelon & Pehlevan 2023, for steps of size η instead of gradient flow).
"""

from typing import NamedTuple

import numpy as np

from infwidth.activations import Activation, Array
from infwidth.limits.fluctuations import Units


class LazyFluctuations(NamedTuple):
    """K in its eigenvectors, of decreasing eigenvalues, and N Var of the errors along them."""

    eigenvalues: Array
    """λ_k, [P]."""
    eigenvectors: Array
    """Columns, [P, P]."""
    variance: Array
    """N Var Δ_k(t) at the times asked for, [T, P]."""


def lazy_fluctuations(
    kernel: Array, targets: Array, units: Units, activation: Activation, *, lr: float, times: Array
) -> LazyFluctuations:
    """Return the fluctuations of two-layer nets with inputs of this ``kernel`` K^x = x xᵀ/D [P, P], as γ0 → 0."""
    φ, back = activation.value(units.fields), activation.slope(units.fields) * units.readouts
    entries = np.einsum("as,bs->abs", φ, φ) + kernel[..., None] * np.einsum("as,bs->abs", back, back)
    mean = entries @ units.weights
    values, vectors = np.linalg.eigh(mean)
    values, vectors = values[::-1], vectors[:, ::-1]
    along = np.tensordot(vectors.T, np.tensordot(vectors.T, entries - mean[..., None], 1), ((1,), (1,)))  # [l, k, S]
    y, P = vectors.T @ targets, len(targets)
    apart = values[None] - values[:, None] + np.eye(P)
    found = []
    for t in times:
        decay = (1 - lr * values) ** t
        V = (decay[:, None] - decay[None]) / apart + np.diag(lr * t * (1 - lr * values) ** (t - 1))
        moved = np.einsum("kl,lks->ks", V * y, along)
        found.append(moved**2 @ units.weights)
    return LazyFluctuations(values, vectors, np.array(found))
