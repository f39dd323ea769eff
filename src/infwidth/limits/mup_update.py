r"""How far one gradient step moves the preactivations of a wide √2-relu network in μP, where that is of order one.

At richness 1/2 the scale ε of :mod:`infwidth.limits.lazy_update` is the learning rate η itself, and the activations
after the step are a nonlinear function of the step. The neurons of layer l still are independent draws of one law as
n → ∞. By the rules quoted there (derived here), with h' the preactivations after the step and outputs 0 before it,

    h'_l(ν) = ĥ_l(ν) - η Σ_μ g_l(μ) B_{l-1}(μν),    g_l(μ) = φ'(h_l(μ)) p_l(μ),    p_l ~ N(0, Q_l),
    (h_{l+1}, ĥ_{l+1}) jointly Gaussian with the second moments of (φ(h_l), φ(h'_l)), independent of p_{l+1},
    B_l(μν) = E[φ(h_l(μ)) φ(h'_l(ν))] + B_{l-1}(μν) E[φ'(h_l(μ)) φ'(h'_l(ν))],    B_0 = Σ_1,    ĥ_1 = h_1.

The first term of B_l is the change of W_{l+1}, the second the expected derivative of φ(h'_l(ν)) in p_l(μ) (correlated
part of W_{l+1}). B_{l-1} is to one finite step what Θ_l is to an infinitesimal one, and Δf = -η B_Lᵀ ∂L/∂f. These are
the equations of the μP limit for the first step (Yang & Hu 2021, Thm 6.4, there for two hidden layers). The
expectations over 2P Gaussians have no closed form and are taken by sampling; every other step is exact.
"""

import numpy as np

from infwidth.activations import ACTIVATIONS, Array
from infwidth.limits.kernels import LayerKernels
from infwidth.limits.lazy_update import Update, backward_covariances, quadratic


def mup_update(
    kernels: LayerKernels, residual: Array, *, lr: float, n_samples: int, rng: np.random.Generator
) -> Update:
    """Return the update of one μP step at learning rate ``lr``, exact as n → ∞ up to the sampling error.

    ``kernels`` and ``residual`` are as for :func:`~infwidth.limits.lazy_update.lazy_update`. ``n_samples`` neurons
    per layer are drawn from ``rng``; layer 1 is exact, and relative errors elsewhere are of order 1/√n_samples. Memory
    is a few times ``n_samples`` · 2P numbers.
    """
    P, φ = len(residual), ACTIVATIONS["unit_relu"]  # φ(h) = φ'(h) h
    squares = []
    response = kernels.covariance[0]
    h = _gaussian(rng, kernels.covariance[0], n_samples)
    drift = np.zeros_like(h)  # ĥ - h, the passthrough without its correlated part
    fluctuation = np.zeros(P)  # E[drift²]
    backward = backward_covariances(kernels, residual)
    for Σ_next, K̇, Q in zip(kernels.covariance[1:], kernels.derivative, backward, strict=True):
        squares.append(quadratic(response, K̇ * Q, response) + fluctuation / lr**2)
        slope = φ.slope(h)
        moved = h + drift - lr * (slope * _gaussian(rng, Q, n_samples)) @ response
        activation, change = slope * h, φ.slope(moved) * moved - slope * h
        # Only what the step changes is sampled: its moments before the step are known, and are the larger part.
        response = (
            Σ_next + activation.T @ change / n_samples + response * (K̇ + slope.T @ (φ.slope(moved) - slope) / n_samples)
        )
        fluctuation = (change**2).mean(axis=0)
        joint = np.hstack([activation, change])
        h, drift = np.hsplit(_gaussian(rng, joint.T @ joint / n_samples, n_samples), 2)
    return Update(np.stack(squares), response)


def _gaussian(rng: np.random.Generator, covariance: Array, n_samples: int) -> Array:
    """Draw [n_samples, P] centred Gaussians; ``covariance`` [P, P] may be singular."""
    values, vectors = np.linalg.eigh(covariance)
    return rng.standard_normal((n_samples, len(values))) @ (vectors * np.sqrt(values.clip(min=0))).T
