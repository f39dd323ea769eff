r"""The toy model of noisy features: errors of one net, and of infinitely many.

Features z_k = √λ_k φ_k + √η_k ε_k, the φ_k and ε_k independent standard normals, ε drawn anew for each
net; labels Σ_k β_k √λ_k φ_k of power p_k = β_k² λ_k. Given z, the label is Σ_k w_k z_k + ξ, with
w_k = β_k λ_k/(λ_k + η_k) and ξ of variance Σ_k s_k p_k, s_k = η_k/(λ_k + η_k), independent of z: regression on z is
that with eigenvalues λ + η, powers (1 - s) p and the noise ξ, which new labels have as well. With L_k, κ and γ of
:mod:`infwidth.limits.learning_curves`, q = 1 - L,

    E = Σ_k p_k [s_k + (1 - s_k) q_k²]/(1 - γ).

The paper's Eq. 5 is its numerator (there κ is P times this one). Two nets on one training set share φ and not ε: the
mean product of their errors, that is the error of an infinite ensemble, follows from the covariance of their weights,

    E_12 = Σ_k p_k [1 - (1 - s_k) L_k]²/(1 - γ_12),    γ_12 = Σ_k (1 - s_k)² L_k²/P.

(The first is the paper's but for 1 - γ, the second is derived here; both are tested against draws.)
"""

import numpy as np

from infwidth.activations import Array
from infwidth.limits.learning_curves import Task, kappa, learnability, learning_curve


def noisy_task(signal: Task, noise: Array) -> tuple[Task, float]:
    """Return regression on features with ``noise`` η [R] on those of ``signal``, and the variance of ξ."""
    part = noise / (signal.eigenvalues + noise)
    task = Task.of(signal.eigenvalues + noise, (1 - part) * signal.powers, signal.multiplicities, rest=signal.rest)
    return task, float(part @ signal.powers)


def noisy_error(signal: Task, noise: Array, samples: Array) -> Array:
    """Return E of one net at each P of ``samples``; ``noise`` η is one a shell."""
    task, unseen = noisy_task(signal, noise)
    return learning_curve(task, samples, noise=unseen).test + unseen


def noisy_ensemble_error(signal: Task, noise: Array, samples: Array) -> Array:
    """Return E_12, the error of infinitely many nets, each with its own noise, at each P of ``samples``."""
    task, _ = noisy_task(signal, noise)
    learned = learnability(task, kappa(task, samples)) * (signal.eigenvalues / task.eigenvalues)
    overlap = (learned**2) @ task.multiplicities / np.asarray(samples, float)
    return np.asarray((1 - learned) ** 2 @ signal.powers / (1 - overlap))
