r"""Matrix completion by U Vᵀ of any width, the infinite one included, and the completions of least norm beside it.

U and V are d × k. Gradient flow on ½ Σ (UVᵀ - M*)² over the known entries moves W = [U; V] by W' = -A W with
A = [[0, G], [Gᵀ, 0]], G the residual at known entries: a step of gradient descent is Z → (1 - ηA) Z (1 - ηA) for the
2d × 2d matrix Z = W Wᵀ. So only Z counts, not the width, and k → ∞ with entries of variance μ²/k starts at Z = μ² 1.
"""

from typing import NamedTuple

import numpy as np

Array = np.ndarray

#: A step is this part of 1/(tr Z + |G|), which bounds how fast residuals fall and weights grow. Ends are looked for
#: every so many steps.
_PART, _EVERY = 0.5, 10


def product(z: Array) -> Array:
    """Return U Vᵀ [..., d, d] of Z [..., 2d, 2d]."""
    d = z.shape[-1] // 2
    return z[..., :d, d:]


def initial(rng: np.random.Generator, d: int, width: int) -> Array:
    """Return Z [2d, 2d] of U, V with entries N(0, 1/width); its mean, the infinite width, is the identity."""
    w = rng.standard_normal((2 * d, width)) / np.sqrt(width)
    z: Array = w @ w.T
    return z


def completed(z: Array, target: Array, known: Array, *, tolerance: float, most: int) -> Array:
    """Return U Vᵀ [B, d, d] of B problems side by side where gradient flow from Z [B, 2d, 2d] ends.

    ``known`` [B, d, d] is one at entries of ``target`` that are given. A problem has ended when the root mean square of
    residuals is below ``tolerance`` of that of the known entries. Raises ArithmeticError if any has not after ``most``
    steps.
    """
    d = target.shape[-1]
    found, active = np.empty_like(target), np.arange(len(target))
    sizes = tolerance * np.sqrt((known * target**2).sum((1, 2)))
    known_target, z = known * target, z.copy()
    push = np.zeros_like(z)
    for step in range(most):
        residual = known * product(z) - known_target
        if step % _EVERY == 0:
            done = np.sqrt((residual**2).sum((1, 2))) < sizes
            if done.any():
                found[active[done]] = product(z[done])
                active, z, known, known_target, residual, push, sizes = (
                    a[~done] for a in (active, z, known, known_target, residual, push, sizes)
                )
                if not len(active):
                    return found
        rates = _PART / (np.trace(z, axis1=1, axis2=2) + np.sqrt((residual**2).sum((1, 2))))
        push[:, :d, d:] = rates[:, None, None] * residual
        push[:, d:, :d] = push[:, :d, d:].swapaxes(1, 2)
        z -= push @ z
        z -= z @ push
    raise ArithmeticError(f"{len(active)} of the problems have not ended after {most} steps")


class LeastNuclear(NamedTuple):
    """The completion [d, d] of least nuclear norm, and how far a dual bound of the norm is below it."""

    matrix: Array
    gap: float


def least_nuclear(target: Array, known: Array, *, steps: int = 4000) -> LeastNuclear:
    """Return the completion of least nuclear norm: Douglas-Rachford splitting, proved by a dual bound.

    The prox of the norm lowers singular values, the projection restores known entries. What is left between the two is
    a dual matrix: one that is zero at unknown entries and of spectral norm ≤ 1 bounds the norm by its product with M*.
    """
    size = np.linalg.norm(known * target, 2) / 4
    s = known * target
    for _ in range(steps):
        u, values, v = np.linalg.svd(s)
        shrunk = (u * np.maximum(values - size, 0.0)) @ v
        reflected = 2 * shrunk - s
        s = s + known * target + (1 - known) * reflected - shrunk
    matrix = known * target + (1 - known) * shrunk
    dual = known * (s - shrunk) / size
    bound = (dual * target).sum() / max(1.0, np.linalg.norm(dual, 2))
    norm = np.linalg.norm(matrix, "nuc")
    return LeastNuclear(matrix, float(norm - bound))
