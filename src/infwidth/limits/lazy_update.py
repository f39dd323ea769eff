r"""How far one gradient step moves the preactivations of a wide √2-relu network when the movement is small.

Write ∂L/∂h_l = (α √n)^{-1} g_l, so that g_l has entries of order one, and Δh_l = -ε u_l with ε = η α / √n (STP gauge,
see :mod:`infwidth.limits.one_step`). For ε → 0, with D_l(ν) = φ'(h_l(ν)) and a = φ(h),

    g_l(μ) = D_l(μ) p_l(μ),    p_l(μ) = W_{l+1}ᵀ g_{l+1}(μ),
    u_l(ν) = Σ_μ g_l(μ) Σ_l(μν) + W_l D_{l-1}(ν) u_{l-1}(ν),    u_0 = 0,

a "layer" term, in which a_{l-1}(μ)·a_{l-1}(ν)/n → Σ_l(μν), and a "passthrough" term. Rules of tensor programs
(Yang & Hu 2021, Def. 7.3; the application to this update is derived here):

* p_l is Gaussian, independent of the forward pass, with covariance Q_l: Q_L from the residuals at the outputs,
  Q_{l-1} = K̇_l ∘ Q_l, where K̇_l(μν) = E[D_l(μ) D_l(ν)].
* W_l acting on a vector that itself contains W_lᵀ g_l gives a *correlated* part, the vector's expected derivative in
  p_{l-1} = W_lᵀ g_l times g_l, and a *fluctuation*, a Gaussian independent of h_l (for the vector is odd in p) that has
  the vector's second moment.

By induction the correlated part of u_l is Σ_μ Θ_l(μν) g_l(μ), with the tangent kernel Θ_l = Σ_l + K̇_{l-1} ∘ Θ_{l-1} of
the sub-network that ends at layer l. If the fluctuation of u_l(ν) has variance Γ_l(ν), the second moments are

    E[u_l(ν)²] = Σ_{μμ'} Θ_l(μν) Θ_l(μ'ν) (K̇_l ∘ Q_l)(μμ') + Γ_l(ν),    Γ_1 = 0,
    Γ_{l+1}(ν) = E[(D_l u_l)(ν)²]
               = Σ_{μμ'} Θ_l(μν) Θ_l(μ'ν) Q_l(μμ') E[D_l(ν)² D_l(μ) D_l(μ')] + Γ_l(ν) K̇_l(νν).

For φ = √2 relu the last expectation is 4 times the probability that three Gaussians are positive (Sheppard 1899),
4 (1/2 - (θ_{μν} + θ_{μ'ν} + θ_{μμ'}) / 4π); with K̇ = 1 - θ/π it is K̇(μν) + K̇(μ'ν) + K̇(μμ') - 1, so that no sum over
triples of inputs remains.
"""

from dataclasses import dataclass

import numpy as np

from infwidth.activations import Array
from infwidth.limits.kernels import LayerKernels


@dataclass(frozen=True)
class Update:
    """What one step does to P inputs, in units in which Δh_l = -ε u_l and Δf = -η · response ᵀ ∂L/∂f.

    ``squares`` [L, P]: E[u_l(ν)²], per neuron. ``response`` [P, P], from trained input (rows) to moved output.
    """

    squares: Array
    response: Array


def backward_covariances(kernels: LayerKernels, residual: Array) -> Array:
    """Return Q_l [L, P, P], the covariance of p_l = W_{l+1}ᵀ g_{l+1}, from Q_L = ``residual`` [P, P]."""
    covariances = [residual]
    for derivative in kernels.derivative[:0:-1]:
        covariances.insert(0, derivative * covariances[0])
    return np.stack(covariances)


def quadratic(left: Array, middle: Array, right: Array) -> Array:
    """Return the diagonal [P] of leftᵀ · middle · right, all [P, P]."""
    return np.einsum("mn,mn->n", left, middle @ right)


def lazy_update(kernels: LayerKernels, residual: Array) -> Update:
    """Return the update to first order in ε, exact as n → ∞ for richness below 1/2.

    ``kernels`` are those of the P inputs with themselves, for √2 relu, unit weight scale and no biases; ``residual``
    [P, P] is the sum over outputs of the second moments of ∂L/∂f. The squares follow the recursion in the module's
    docstring (derived here) and the response is the tangent kernel (Jacot et al. 2018).
    """
    squares = []
    fluctuation = np.zeros(len(residual))
    backward = backward_covariances(kernels, residual)
    for Θ, K̇, Q in zip(kernels.tangent[:-1], kernels.derivative, backward, strict=True):
        own = quadratic(Θ, K̇ * Q, Θ)
        squares.append(own + fluctuation)
        fluctuation = fluctuation + own + 2 * quadratic(Θ * K̇, Q, Θ) - quadratic(Θ, Q, Θ)
    return Update(np.stack(squares), kernels.ntk)
