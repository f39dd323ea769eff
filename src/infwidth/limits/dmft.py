r"""Infinite-width dynamics of a deep linear net all of whose layers learn features: an exact, deterministic recursion.

The net (Bordelon & Pehlevan 2022, Eq. 1, at γ = γ0 √N) has L hidden layers, weights that start at N(0, 1), and trains

    f = w·h^L / (γ0 N),    h^1 = W^0 x / √D,    h^{l+1} = W^l h^l / √N,    with f - f(0) as its output,

by gradient descent at rate η γ0² N on a loss with -∂L/∂f_μ = Δ_μ = y_μ - f_μ. Let g^l = γ0 N ∂f/∂h^l, which does not
depend on the example here. As N → ∞ the neurons of a layer become independent copies of one Gaussian process driven
by two independent ones, u^l with covariance H^{l-1} and r^l with covariance G^{l+1} (ibid., Eqs. 9-12, for steps of
size η; H^0 = K^x = x xᵀ/D and G^{L+1} = 1; A and B are the responses, with γ0 taken in, and A^0 = B^L = 0):

    h^l_μ(t) = u^l_μ(t) + Σ_{s<t} C^l_μ(t,s) g^l(s),     C^l_μ(t,s)  = A^{l-1}_μ(t,s) + η γ0 Σ_α Δ_α(s) H^{l-1}_μα(t,s),
    g^l(t)   = r^l(t) + Σ_{s<t,α} D^l_α(t,s) h^l_α(s),   D^l_α(t,s)  = B^l_α(t,s) + η γ0 Δ_α(s) G^{l+1}(t,s),
    H^l = ⟨h^l h^l⟩,   G^l = ⟨g^l g^l⟩,   A^l = ⟨∂h^l/∂r^l⟩,   B^{l-1} = ⟨∂g^l/∂u^l⟩,   γ0 f_μ(t) = ⟨g^L(t) h^L_μ(t)⟩.

The paper solves these self-consistent equations by iteration. But the times on the right are never later than those on
the left, so one pass over t, in it up the layers for h and down for g, solves them with nothing to converge. And since
f is read off the fields, not integrated with the tangent kernel, steps of any size are those of the net.
"""

from typing import NamedTuple

import numpy as np

from infwidth.activations import Array
from infwidth.errors import InfwidthError, SpecError

#: Errors this many times the size of the targets are those of a descent that will not come back.
_DIVERGED = 1e6


class DeepLinearDynamics(NamedTuple):
    """The order parameters at times t = 0, …, steps, each after t updates; T = steps + 1."""

    errors: Array
    """Δ = y - f, [T, P]."""
    features: Array
    """H^l_μα(t, s) of the hidden layers l = 1, …, L as [L, T, P, T, P], indexed l - 1, t, μ, s, α."""
    gradients: Array
    """G^l(t, s) of the same layers, [L, T, T]."""
    tangent_kernels: Array
    """K_μα(t, t) = Σ_{l=0}^{L} G^{l+1}(t, t) H^l_μα(t, t), [T, P, P]."""

    @property
    def losses(self) -> Array:
        """The mean over examples of Δ², [T]."""
        return (self.errors**2).mean(axis=1)

    @property
    def feature_kernels(self) -> Array:
        """The kernels H^l of the trained net, after all updates, [L, P, P]."""
        return self.features[:, -1, :, -1, :]


def deep_linear_dmft(
    kernel: Array,
    targets: Array,
    *,
    n_hidden: int,
    gamma0: float,
    lr: float,
    steps: int,
    independent_gradients: bool = False,
) -> DeepLinearDynamics:
    """Return the training of an infinitely wide linear net by ``steps`` updates of full-batch gradient descent.

    ``kernel`` is K^x = x xᵀ/D [P, P], ``targets`` y [P] and ``lr`` the η of the module's docstring, in which
    Δ(t+1) = Δ(t) - η K(t,t) Δ(t) up to O(η²). Costs O(L P² T³) operations and 8 L (PT)² bytes.

    With ``independent_gradients``, the approximation that forward and backward pass have independent weights: A = B = 0
    (ibid., Section 4). Its fields of different layers disagree about f, which then follows Δ(t+1) = Δ - η K Δ exactly.
    Raises SpecError for arguments that do not fit, InfwidthError when the descent diverges.
    """
    kernel, targets = _checked(kernel, targets, n_hidden, lr, steps)
    if not (np.isfinite(gamma0) and gamma0 > 0):
        raise SpecError(f"gamma0 must be positive and finite, not {gamma0}; its limit 0 is static_errors")
    P, T, L = len(targets), steps + 1, n_hidden
    # A time and an example make one index t P + μ, so that the past is the beginning of every array.
    H = np.zeros((L + 1, T * P, T * P))
    G = np.zeros((L + 2, T, T))
    H[0], G[L + 1] = np.tile(kernel, (T, T)), 1.0
    C, D = np.zeros((L + 1, T * P, T)), np.zeros((L + 1, T, T * P))
    # h^l = u^l + … and g^l = r^l + … written in u and r alone: ∂h/∂r = A^l, ∂g/∂u = B^{l-1} and ∂g/∂r.
    h_by_r, g_by_u, g_by_r = np.zeros_like(C), np.zeros_like(D), np.zeros((L + 1, T, T))
    gu, hr = np.zeros_like(D), np.zeros_like(C)  # the covariances ⟨g^l u^l⟩ and ⟨h^l r^l⟩
    errors, tangent_kernels = np.empty((T, P)), np.empty((T, P, P))

    for t in range(T):
        past, now, known = slice(t * P), slice(t * P, (t + 1) * P), slice((t + 1) * P)
        for l in range(1, L + 1):  # noqa: E741 - the paper's name
            c = lr * gamma0 * np.einsum("msa,sa->ms", H[l - 1, now, past].reshape(P, t, P), errors[:t])
            if l > 1 and not independent_gradients:
                c += h_by_r[l - 1, now, :t]
            C[l, now, :t] = c
            h_by_r[l, now, :t] = c @ g_by_r[l, :t, :t]
            gu[l, :t, now] = g_by_u[l, :t, past] @ H[l - 1, past, now]
            hg = gu[l, :t, now].T + c @ G[l, :t, :t]  # ⟨h(t) g(s)⟩ at s < t
            H[l, now, known] = H[l - 1, now, known] + c @ gu[l, :t, known] + hg @ C[l, known, :t].T
            H[l, past, now] = H[l, now, past].T
        for l in range(L, 0, -1):  # noqa: E741
            d = lr * gamma0 * (G[l + 1, t, :t, None] * errors[:t]).ravel()
            if l < L and not independent_gradients:
                d += g_by_u[l + 1, t, past]
            D[l, t, past] = d
            dc = d @ C[l, past, :t]
            g_by_u[l, t, past] = d + dc @ g_by_u[l, :t, past]
            g_by_r[l, t, :t], g_by_r[l, t, t] = dc @ g_by_r[l, :t, :t], 1.0
            gu[l, t, known] = g_by_u[l, t, past] @ H[l - 1, past, known]
            hr[l, past, t] = h_by_r[l, past, :t] @ G[l + 1, :t, t]
            hr[l, now, : t + 1] = h_by_r[l, now, :t] @ G[l + 1, :t, : t + 1]
            gh = hr[l, past, t] + d @ H[l, past, past]  # ⟨g(t) h(s)⟩ at s < t
            G[l, t, : t + 1] = G[l + 1, t, : t + 1] + d @ hr[l, past, : t + 1] + gh @ D[l, : t + 1, past].T
            G[l, :t, t] = G[l, t, :t]
        tangent_kernels[t] = sum(G[l + 1, t, t] * H[l, now, now] for l in range(L + 1))  # noqa: E741
        if not independent_gradients:
            errors[t] = targets - (hr[L, now, t] + H[L, now, past] @ D[L, t, past]) / gamma0
        else:
            errors[t] = errors[t - 1] - lr * tangent_kernels[t - 1] @ errors[t - 1] if t else targets
        if not np.abs(errors[t]).max() <= _DIVERGED * max(np.abs(targets).max(), 1e-300):
            raise InfwidthError(
                f"gradient descent of the infinite linear net diverges: |y - f| is {np.abs(errors[t]).max():.3g} after "
                f"{t} updates (n_hidden {L}, gamma0 {gamma0:g}, lr {lr:g}); take a smaller lr or gamma0"
            )
    return DeepLinearDynamics(errors, H[1:].reshape(L, T, P, T, P), G[1:-1], tangent_kernels)


def static_errors(kernel: Array, targets: Array, *, n_hidden: int, lr: float, steps: int) -> Array:
    """Return Δ = y - f at times 0, …, steps, [steps + 1, P], of the lazy limit γ0 → 0: all H^l stay ``kernel`` = K^x.

    All G^l stay 1, so that the tangent kernel is (L + 1) K^x; the arguments are those of :func:`deep_linear_dmft`.
    """
    kernel, targets = _checked(kernel, targets, n_hidden, lr, steps)
    errors = [targets]
    for _ in range(steps):
        errors.append(errors[-1] - lr * (n_hidden + 1) * kernel @ errors[-1])
    return np.stack(errors)


def _checked(kernel: Array, targets: Array, n_hidden: int, lr: float, steps: int) -> tuple[Array, Array]:
    """Return kernel and targets as float64; raise SpecError where an argument has no meaning."""
    kernel, targets = np.asarray(kernel, dtype=np.float64), np.asarray(targets, dtype=np.float64)
    if targets.ndim != 1 or not targets.size or kernel.shape != (targets.size, targets.size):
        raise SpecError(f"targets must be [P] and the kernel [P, P], not {targets.shape} and {kernel.shape}")
    if not (np.isfinite(kernel).all() and np.isfinite(targets).all()):
        raise SpecError("kernel and targets must be finite numbers")
    if not np.allclose(kernel, kernel.T, rtol=1e-6, atol=1e-9 * np.abs(kernel).max()):
        raise SpecError("the kernel must be symmetric, as x xᵀ/D is")
    if n_hidden < 1:
        raise SpecError(f"n_hidden must be at least 1, not {n_hidden}")
    if steps < 0:
        raise SpecError(f"steps must not be negative, not {steps}")
    if not (np.isfinite(lr) and lr > 0):
        raise SpecError(f"lr must be positive and finite, not {lr}")
    return kernel, targets
