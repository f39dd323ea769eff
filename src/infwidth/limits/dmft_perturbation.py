r"""Deep linear nets (:mod:`infwidth.limits.dmft`) to first order in γ0² (after Bordelon & Pehlevan 2022, Eq. 13).

With Δ(t) the errors of the lazy limit and, for steps of size η,

    v_α(t) = η Σ_{t'<t} Δ_α(t'),    V_αβ(t) = η² Σ_{s'<t'<t} Δ_α(t') Δ_β(s'),    κ = K^x,

C^l = l C and D^l = (L + 1 - l) D to lowest order, since the responses of all layers below (above) add up; C and D are
those of one layer. Their expansion in H^l = (1 - γ0² C D)⁻¹ [H^{l-1} + γ0² C G Cᵀ] (1 - γ0² C D)^{-T} gives

    H^l(t,s) = κ + γ0² { a_l κ v(t) v(s)ᵀ κ + b_l κ [V(t) + V(s)ᵀ] κ },     a_l = Σ_{k≤l} k²,
    G^l(t,s) = 1 + γ0² { a_m v(t)ᵀ κ v(s) + b_m tr κ [V(t) + V(s)ᵀ] },      b_l = Σ_{k≤l} k (L + 1 - k),  m = L + 1 - l.

Summed over layers both coefficients are c = L (L + 1)² (L + 2) / 12, so that the tangent kernel is

    K(t,s) = (L + 1) κ + γ0² c { κ tr κ E + κ E κ },    E(t,s) = v(t) v(s)ᵀ + V(t) + V(s)ᵀ,

and its relative change grows as γ0² L/3, since v ~ 1/(L + 1). With independent gradients (A = B = 0) nothing adds up:
a_l = b_l = l and c = L (L + 1)/2. They agree at one hidden layer.
"""

import numpy as np

from infwidth.activations import Array
from infwidth.limits.dmft import DeepLinearDynamics, static_errors


def perturbed_dmft(
    kernel: Array, targets: Array, *, n_hidden: int, gamma0: float, lr: float, steps: int
) -> DeepLinearDynamics:
    """Return kernels to first order in γ0², and errors that follow Δ(t+1) = Δ(t) - η K(t,t) Δ(t) with them.

    Arguments, and the errors raised for those that do not fit, are those of ``static_errors``; ``gamma0`` may be zero.
    """
    lazy = static_errors(kernel, targets, n_hidden=n_hidden, lr=lr, steps=steps)
    κ, L, T = np.asarray(kernel, dtype=np.float64), n_hidden, steps + 1
    past = np.concatenate([np.zeros((1, len(κ))), lr * lazy[:-1]])
    v = past.cumsum(axis=0)
    V = np.einsum("ta,tb->tab", past[1:], v[:-1]).cumsum(axis=0)
    V = np.concatenate([np.zeros((1, *κ.shape)), V])
    κv, κVκ = v @ κ, κ @ V @ κ
    outer = np.einsum("tm,sn->tmsn", κv, κv)
    ordered = κVκ[:, :, None, :] + np.swapaxes(κVκ, 1, 2).transpose(1, 0, 2)[None]
    squares = κv @ v.T
    traces = np.einsum("ab,tba->t", κ, V)
    k = np.arange(1, L + 1)
    a, b = np.cumsum(k**2), np.cumsum(k * (L + 1 - k))
    H = κ[:, None, :] + gamma0**2 * np.stack([x * outer + y * ordered for x, y in zip(a, b, strict=True)])
    both = traces[:, None] + traces[None]
    G = 1 + gamma0**2 * np.stack([x * squares + y * both for x, y in zip(a[::-1], b[::-1], strict=True)])
    now = np.arange(T)
    c = L * (L + 1) ** 2 * (L + 2) / 12
    E = np.einsum("ta,tb->tab", v, v) + V + np.swapaxes(V, 1, 2)
    change = κ * np.einsum("ab,tba->t", κ, E)[:, None, None] + κ @ E @ κ
    tangent = (L + 1) * κ + gamma0**2 * c * change
    errors = [lazy[0]]
    for t in now[:-1]:
        errors.append(errors[-1] - lr * tangent[t] @ errors[-1])
    return DeepLinearDynamics(np.stack(errors), H, G, tangent)
