"""Two-layer ReLU nets that learn a teacher on the sphere, and their risk by a closed form."""

import numpy as np

Array = np.ndarray


def relu_overlaps(u: Array, v: Array) -> Array:
    """Return E relu(u_i·x) relu(v_j·x), x uniform on the unit sphere, [..., I, J], of u [..., I, d] and v [..., J, d].

    The arc-cosine kernel of degree one (Cho & Saul 2009), which for a Gaussian x has d times this.
    """
    sizes_u, sizes_v = (np.linalg.norm(w, axis=-1, keepdims=True) for w in (u, v))
    sizes = sizes_u @ sizes_v.swapaxes(-1, -2)
    products = u @ v.swapaxes(-1, -2)
    cosines = np.clip(products / np.where(sizes > 0, sizes, 1.0), -1.0, 1.0)
    angles = np.arccos(cosines)
    overlaps: Array = (np.sqrt(1 - cosines**2) * sizes + (np.pi - angles) * products) / (2 * np.pi * u.shape[-1])
    return overlaps


def risk(weights: Array, readout: Array, teacher: Array, signs: Array) -> Array:
    """Return ½ E (Σ_j a_j relu(w_j·x) − Σ_k s_k relu(w*_k·x))² on the sphere, of nets [..., m, d] and [..., m]."""
    both = np.concatenate([weights, np.broadcast_to(teacher, (*weights.shape[:-2], *teacher.shape))], axis=-2)
    factors = np.concatenate([readout, np.broadcast_to(-signs, (*readout.shape[:-1], len(signs)))], axis=-1)
    half: Array = 0.5 * np.einsum("...i,...ij,...j->...", factors, relu_overlaps(both, both), factors)
    return half
