r"""Fluctuations of order 1/N of deep linear nets that learn features, from the Hessian of their action.

The net of :mod:`infwidth.limits.dmft` with one example. Averaged over the initial weights, the distribution of its
order parameters at all times t, s ≤ T is exp(N S): of H^l(t, s) and G^l(t, s), the responses A^l and B^l, and f(t), and
of a conjugate of each but of A and B, which are one another's,

    S = Σ_l ½ tr(Ĥ^l H^l + Ĝ^l G^l) − Σ_{l<L} tr(A^l B^l) + Σ_t f̂ f + Σ_l ln Z^l,

    Z^l = det(1 − D C)^{-1} ⟨exp(−½ hᵀ Ĥ^l h − ½ gᵀ Ĝ^l g − δ_{lL} Σ_t f̂(t) (g(t) h(t) − g(0) h(0))/γ0)⟩,

an average over the fields h = u + C g and g = r + D h of a neuron, u and r Gaussian with covariances H^{l−1} and
G^{l+1}; C = A^{l−1} + η γ0 Θ H^{l−1} Δ, D = B^l + η γ0 Θ G^{l+1} Δ, Θ strictly below the diagonal. Fields are Gaussian:
ln Z^l are determinants. The gradient of S vanishes at the mean-field solution, where conjugates are zero, and

    N Cov(q, q′) = −[∇²S]^{-1}.

The Hessian, of (6 L − 2) T² + 2 T rows, is taken by automatic differentiation, for few steps (as Bordelon & Pehlevan
2023 do): of each ln Z^l for itself, which only its own order parameters and those of the layers beside it enter.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from infwidth.activations import Array
from infwidth.errors import SpecError
from infwidth.limits.dmft import deep_linear_dmft

_MOST = 6000


class DeepLinearFluctuations(NamedTuple):
    """Limit and N Var at times 0, …, steps, each after as many updates; T = steps + 1."""

    errors: Array
    """Δ(t), [T]."""
    features: Array
    """H^l(t, t), [L, T]."""
    kernels: Array
    """The tangent kernel, [T]."""
    error_variance: Array
    """N Var Δ, [T]."""
    feature_variance: Array
    """N Var H^l(t, t), [L, T]."""
    kernel_variance: Array
    """N Var of the tangent kernel, [T]."""


class Layout:
    """Where each order parameter is in one vector."""

    def __init__(self, n_hidden: int, times: int) -> None:
        self.L, self.T = n_hidden, times
        shapes = [(name, n_hidden) for name in ("H", "H^", "G", "G^")] + [(name, n_hidden - 1) for name in ("A", "B")]
        self.places: dict[str, tuple[int, tuple[int, ...]]] = {}
        end = 0
        for name, layers in shapes:
            self.places[name] = (end, (layers, times, times))
            end += layers * times**2
        for name in ("f", "f^"):
            self.places[name] = (end, (times,))
            end += times
        self.size = end

    def of(self, q: Tensor, name: str) -> Tensor:
        """Return the order parameter ``name`` in the vector ``q``."""
        start, shape = self.places[name]
        return q[start : start + int(np.prod(shape))].reshape(shape)

    def entering(self, layer: int) -> Tensor:
        """Return the places of the order parameters that ln Z of ``layer`` depends on."""
        place, last = torch.arange(self.size), self.L - 1
        layers = {"H": layer - 1, "H^": layer, "G": layer + 1, "G^": layer, "A": layer - 1, "B": layer}
        parts = [self.of(place, name)[of] for name, of in layers.items() if 0 <= of < self.places[name][1][0]]
        parts += [self.of(place, "f")] + ([self.of(place, "f^")] if layer == last else [])
        return torch.cat([part.reshape(-1) for part in parts])

    def index(self, name: str, *place: int) -> int:
        """Return where in the vector one entry of an order parameter is."""
        start, shape = self.places[name]
        return start + int(np.ravel_multi_index(place, shape))


def deep_linear_fluctuations(
    target: float, *, n_hidden: int, gamma0: float, lr: float, steps: int
) -> DeepLinearFluctuations:
    """Return the fluctuations of linear nets of ``n_hidden`` layers that learn one example of |x|² = D.

    Descent of ½ (f − y)² at rate η γ0² N; outputs are centred. Raises SpecError where the Hessian would be larger than
    a few thousand.
    """
    lay = Layout(n_hidden, steps + 1)
    if lay.size > _MOST:
        raise SpecError(
            f"{n_hidden} layers and {steps} steps have {lay.size} order parameters, more than {_MOST}; take fewer steps"
        )
    q = saddle(target, lay, gamma0, lr)
    curvature = hessian(q, lay, target, gamma0, lr)
    L, T = n_hidden, lay.T
    H, G = lay.of(q, "H"), lay.of(q, "G")
    rows = []
    for l in range(1, L + 1):  # noqa: E741 - the paper's name
        for t in range(T):
            rows.append({lay.index("H", l - 1, t, t): 1.0})
    for t in range(T):
        rows.append({lay.index("f", t): 1.0})
    kernels = []
    for t in range(T):
        h, g = [1.0, *(float(x) for x in H[:, t, t])], [*(float(x) for x in G[:, t, t]), 1.0]
        kernels.append(sum(a * b for a, b in zip(h, g, strict=True)))
        row = {lay.index("H", l, t, t): g[l + 1] for l in range(L)}  # noqa: E741
        rows.append(row | {lay.index("G", l, t, t): h[l] for l in range(L)})  # noqa: E741
    select = torch.zeros(len(rows), lay.size, dtype=q.dtype)
    for i, row in enumerate(rows):
        for j, value in row.items():
            select[i, j] = value
    variances = -(select * torch.linalg.solve(curvature, select.T).T).sum(1).numpy()
    return DeepLinearFluctuations(
        target - lay.of(q, "f").numpy(),
        torch.diagonal(H, dim1=1, dim2=2).numpy(),
        np.array(kernels),
        variances[L * T : (L + 1) * T],
        variances[: L * T].reshape(L, T),
        variances[(L + 1) * T :],
    )


def saddle(target: float, lay: Layout, gamma0: float, lr: float) -> Tensor:
    """Return the mean-field solution as one vector; conjugates are zero."""
    L, T = lay.L, lay.T
    limit = deep_linear_dmft(np.eye(1), np.array([target]), n_hidden=L, gamma0=gamma0, lr=lr, steps=T - 1)
    H = np.concatenate([np.ones((1, T, T)), limit.features[:, :, 0, :, 0]])
    G = np.concatenate([limit.gradients, np.ones((1, T, T))])
    Δ, A, B = limit.errors[:, 0], np.zeros((L + 1, T, T)), np.zeros((L + 1, T, T))
    for _ in range(2 * T):  # causal: each sweep is exact for one time more, at least
        for l in range(1, L + 1):  # noqa: E741
            C, D = (X + lr * gamma0 * np.tril(K, -1) * Δ for X, K in ((A[l - 1], H[l - 1]), (B[l], G[l])))
            A[l] = C @ np.linalg.inv(np.eye(T) - D @ C)
            B[l - 1] = D @ np.linalg.inv(np.eye(T) - C @ D)
        A[0] = 0.0
        B[L] = 0.0
        A[L], B[0] = 0.0, 0.0
    q = np.zeros(lay.size)
    for name, value in (("H", H[1:]), ("G", G[:-1]), ("A", A[1:L]), ("B", B[1:L]), ("f", target - Δ)):
        start, shape = lay.places[name]
        q[start : start + int(np.prod(shape))] = value.ravel()
    return torch.from_numpy(q)


def action(q: Tensor, lay: Layout, target: float, gamma0: float, lr: float) -> Tensor:
    """Return S of the module's docstring at any order parameters."""
    layers = [_ln_z(q, layer, lay, target, gamma0, lr) for layer in range(lay.L)]
    return q @ _pairs(lay) @ q / 2 + torch.stack(layers).sum()


def hessian(q: Tensor, lay: Layout, target: float, gamma0: float, lr: float) -> Tensor:
    """Return ∇²S at order parameters ``q``."""
    found = _pairs(lay)
    for layer in range(lay.L):
        own = lay.entering(layer)
        part = q[own].requires_grad_()
        value = _ln_z(q.index_put((own,), part), layer, lay, target, gamma0, lr)
        (gradient,) = torch.autograd.grad(value, part, create_graph=True)
        (block,) = torch.autograd.grad(gradient, part, torch.eye(len(own), dtype=q.dtype), is_grads_batched=True)
        found[own[:, None], own] += block
    return found


def _pairs(lay: Layout) -> Tensor:
    """Return the Hessian of the first four sums of S: each order parameter times its conjugate."""
    place = torch.arange(lay.size)
    found = torch.zeros(lay.size, lay.size, dtype=torch.float64)
    for one, other, value in (
        (lay.of(place, "H"), lay.of(place, "H^"), 0.5),
        (lay.of(place, "G"), lay.of(place, "G^"), 0.5),
        (lay.of(place, "A"), lay.of(place, "B").mT, -1.0),
        (lay.of(place, "f"), lay.of(place, "f^"), 1.0),
    ):
        found[one.reshape(-1), other.reshape(-1)] = value
        found[other.reshape(-1), one.reshape(-1)] = value
    return found


def _ln_z(q: Tensor, l: int, lay: Layout, target: float, gamma0: float, lr: float) -> Tensor:  # noqa: E741
    """Return ln Z of layer ``l``, counted from 0."""
    L, T = lay.L, lay.T
    one, flat = torch.eye(T, dtype=q.dtype), torch.ones(T, T, dtype=q.dtype)
    zero = torch.zeros(T, T, dtype=q.dtype)
    H, G, Ĥ, Ĝ, A, B = (lay.of(q, name) for name in ("H", "G", "H^", "G^", "A", "B"))
    f, f̂ = lay.of(q, "f"), lay.of(q, "f^")
    step = lr * gamma0 * torch.tril(flat, -1) * (target - f)
    below, above = (H[l - 1] if l else flat), (G[l + 1] if l < L - 1 else flat)
    C = step * below + (A[l - 1] if l else zero)
    D = step * above + (B[l] if l < L - 1 else zero)
    inverse = torch.linalg.inv(torch.cat([torch.cat([one, -C], 1), torch.cat([-D, one], 1)]))
    covariance = inverse @ torch.block_diag(below, above) @ inverse.T
    at_start = torch.zeros(T, dtype=q.dtype)
    at_start[0] = 1.0
    cross = torch.diag(f̂ - at_start * f̂.sum()) / gamma0 if l == L - 1 else zero
    Q = torch.cat([torch.cat([Ĥ[l], cross], 1), torch.cat([cross, Ĝ[l]], 1)])
    moment = -torch.linalg.slogdet(torch.eye(2 * T, dtype=q.dtype) + covariance @ (Q + Q.T) / 2).logabsdet / 2
    return moment - torch.linalg.slogdet(one - D @ C).logabsdet
