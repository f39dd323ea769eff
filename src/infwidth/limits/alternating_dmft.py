r"""Infinite-width dynamics of a net whose fields are not Gaussian: self-consistent mean field theory by Monte Carlo.

The net and its training are those of :mod:`infwidth.limits.dmft`, with h^{l+1} = W^l φ(h^l)/√N and f = w·φ(h^L)/(γ0 N).
Neurons of a layer are independent copies of a process driven by two Gaussian ones, u^l with covariance Φ^{l-1} and r^l
with covariance G^{l+1} (Bordelon & Pehlevan 2022, Eqs. 5, 9 and 10, for steps of size η; Φ^0 = K^x, G^{L+1} = 1):

    h^l(t) = u^l(t) + Σ_{s<t} C^l(t,s) g^l(s),       C^l_μα(t,s) = A^{l-1}_μα(t,s) + η γ0 Θ(t>s) Φ^{l-1}_μα(t,s) Δ_α(s),
    z^l(t) = r^l(t) + Σ_{s≤t} D^l(t,s) φ(h^l(s)),    D^l_μα(t,s) = B^l_μα(t,s) + η γ0 Θ(t>s) G^{l+1}_μα(t,s) Δ_α(s),
    g^l = φ′(h^l) z^l,   Φ^l = ⟨φ(h^l) φ(h^l)⟩,   G^l = ⟨g^l g^l⟩,   γ0 f_μ(t) = ⟨z^L_μ(t) φ(h^L_μ(t))⟩,
    A^l = ⟨∂φ(h^l)/∂r^l⟩,   B^{l-1} = ⟨∂g^l/∂u^l⟩   (with γ0 taken in; A^0 = B^L = 0).

B has a part at equal times, ⟨φ″(h) z⟩. The paper (App. B) alternates: kernels and responses → samples of the fields →
kernels and responses, until they repeat. So does this module, and needs no other method of the repository: not the
programs of :mod:`infwidth.programs`, which sample the same limit, and not the recursion for linear nets. Two choices
make the iteration one that can be seen to converge:

- the chance is drawn once, so that a sweep is a function, whose fixed point has an error of order samples^(-1/2);
- draws have exactly unit covariance and come in pairs ±r. A linear net is then solved without any error.

The Jacobians of a sample need no iteration either. With F = diag φ′(h), E = diag φ″(h) z, and Q = E + F D F, fields are
differentiated to ∂h/∂u = (1 - C Q)⁻¹, ∂h/∂r = (1 - C Q)⁻¹ C F and ∂g/∂u = Q (1 - C Q)⁻¹; C looks back in time and D
never forward, which makes 1 - C Q triangular.
"""

from typing import NamedTuple

import numpy as np
import torch

from infwidth.activations import Activation, Array, activation_of
from infwidth.errors import InfwidthError, SpecError
from infwidth.seeding import torch_stream

#: Samples whose Jacobians are held at once.
_CHUNK = 64
#: Fields this many times their start are those of an iteration that will not come back.
_DIVERGED = 1e4


class FieldDynamics(NamedTuple):
    """The order parameters at times t = 0, …, steps, each after t updates; T = steps + 1."""

    errors: Array
    """Δ = y - f, [T, P]."""
    features: Array
    """Φ^l_μα(t, s) of the hidden layers l = 1, …, L as [L, T, P, T, P], indexed l - 1, t, μ, s, α."""
    gradients: Array
    """G^l_μα(t, s) of the same layers, [L, T, P, T, P]."""
    fields: Array
    """h^l_μ(t) of the sampled neurons, [L, samples, T, P]."""
    changes: Array
    """By how much each sweep changed the order parameters, relative to them, [sweeps]."""

    @property
    def losses(self) -> Array:
        """The mean over examples of Δ², [T]."""
        return (self.errors**2).mean(axis=1)


class _Problem(NamedTuple):
    activation: Activation
    y: torch.Tensor  # [P]
    n_hidden: int
    gamma0: float
    rate: float  # η γ0
    T: int
    u: torch.Tensor  # white noise of every layer, [L, samples, T P]
    r: torch.Tensor


class _Order(NamedTuple):
    """Order parameters; a time and an example make one index t P + μ. Layers as in the module's docstring."""

    errors: torch.Tensor  # Δ [T, P]
    features: torch.Tensor  # Φ^l, l = 0, …, L
    gradients: torch.Tensor  # G^l, l = 0, …, L + 1 (the first is not used)
    forward: torch.Tensor  # A^l, l = 0, …, L
    backward: torch.Tensor  # B^l, l = 0, …, L


def alternating_dmft(
    kernel: Array,
    targets: Array,
    *,
    activation: str | Activation,
    n_hidden: int,
    gamma0: float,
    lr: float,
    steps: int,
    samples: int,
    seed: int = 0,
    tolerance: float = 1e-4,
    max_sweeps: int = 100,
) -> FieldDynamics:
    """Return the training of an infinitely wide net by ``steps`` updates of full-batch gradient descent.

    ``kernel`` is K^x = x xᵀ/D [P, P], ``targets`` y [P], ``lr`` the η of the module's docstring. ``samples`` neurons a
    layer (even, at least 2 T P) stand for infinitely many, drawn by ``seed``: independent seeds show the error. The
    iteration ends when a sweep changes no order parameter by more than ``tolerance`` of its norm.
    Costs O(L samples (TP)³) operations a sweep and O((TP)² + samples TP) numbers.

    Raises SpecError for arguments that do not fit, and for an activation whose slope has none itself (ReLU);
    InfwidthError where the iteration diverges or does not settle.
    """
    problem, order = _start(kernel, targets, activation, n_hidden, gamma0, lr, steps, samples, seed)
    T, P, L = problem.T, len(problem.y), n_hidden
    changes: list[float] = []
    fields = torch.empty(L, samples, T * P, dtype=torch.float64)
    while len(changes) < max_sweeps:
        before = _Order(*(part.clone() for part in order))
        layers = range(1, L + 1) if len(changes) % 2 == 0 else range(L, 0, -1)
        for layer in layers:
            fields[layer - 1] = _update(problem, order, layer)
        changes.append(_change(before, order, gamma0, lr, len(changes)))
        if len(changes) > 1 and max(changes[-2:]) <= tolerance:
            shape = (L, T, P, T, P)
            return FieldDynamics(
                order.errors.numpy(),
                order.features[1:].reshape(shape).numpy(),
                order.gradients[1 : L + 1].reshape(shape).numpy(),
                fields.reshape(L, samples, T, P).numpy(),
                np.array(changes),
            )
    raise InfwidthError(
        f"the mean field theory has not settled: sweep {max_sweeps} still changed it by {changes[-1]:.2g} of its norm, "
        f"more than {tolerance:g} (gamma0 {gamma0:g}, lr {lr:g}, {steps} steps); take more sweeps, a smaller gamma0 or "
        "a shorter training"
    )


def _start(
    kernel: Array,
    targets: Array,
    activation: str | Activation,
    n_hidden: int,
    gamma0: float,
    lr: float,
    steps: int,
    samples: int,
    seed: int,
) -> tuple[_Problem, _Order]:
    """Return the problem and order parameters of a net that does not move, with the errors of its lazy training."""
    y, K = (torch.as_tensor(np.asarray(a, dtype=np.float64)) for a in (targets, kernel))
    if y.ndim != 1 or not len(y) or K.shape != (len(y), len(y)):
        raise SpecError(f"targets must be [P] and the kernel [P, P], not {tuple(y.shape)} and {tuple(K.shape)}")
    if n_hidden < 1 or steps < 1:
        raise SpecError(f"n_hidden and steps must be at least 1, not {n_hidden} and {steps}")
    for name, value in (("gamma0", gamma0), ("lr", lr)):
        if not (np.isfinite(value) and value > 0):
            raise SpecError(f"{name} must be positive and finite, not {value}")
    T, P = steps + 1, len(y)
    if samples % 2 or samples < 2 * T * P:
        raise SpecError(
            f"samples must be even and at least twice the {T} times x {P} examples = {2 * T * P}, not {samples}"
        )
    φ = activation_of(activation)
    _curvature(φ, torch.zeros(1, dtype=torch.float64))
    noise = [[_white(samples, T * P, seed, side, layer) for layer in range(n_hidden)] for side in ("u", "r")]
    u, r = (torch.stack(of_layers) for of_layers in noise)
    r = r * torch.tensor([1.0, -1.0]).repeat_interleave(samples // 2)[:, None]
    problem = _Problem(φ, y, n_hidden, gamma0, lr * gamma0, T, u, r)

    size = (n_hidden + 1, T * P, T * P)
    order = _Order(
        torch.zeros(T, P, dtype=torch.float64),
        torch.zeros(size, dtype=torch.float64),
        torch.zeros(n_hidden + 2, T * P, T * P, dtype=torch.float64),
        torch.zeros(size, dtype=torch.float64),
        torch.zeros(size, dtype=torch.float64),
    )
    order.features[0], order.gradients[n_hidden + 1] = K.repeat(T, T), 1.0
    slopes = []
    for layer in range(1, n_hidden + 1):
        h = u[layer - 1, :, :P] @ _root(order.features[layer - 1, :P, :P])
        order.features[layer] = (φ.value(h).T @ φ.value(h) / samples).repeat(T, T)
        slopes.append((φ.slope(h).T @ φ.slope(h) / samples).repeat(T, T))
    for layer in range(n_hidden, 0, -1):
        order.gradients[layer] = slopes[layer - 1] * order.gradients[layer + 1]
    tangent = (order.features * order.gradients[1:]).sum(0)[:P, :P]
    order.errors[0] = y
    for t in range(1, T):
        order.errors[t] = order.errors[t - 1] - lr * tangent @ order.errors[t - 1]
    return problem, order


def _white(samples: int, n: int, seed: int, side: str, layer: int) -> torch.Tensor:
    """Return draws [samples, n] of exactly unit covariance, the second half the same as the first."""
    z = torch.randn(
        samples // 2, n, generator=torch_stream("init", "alternating_dmft", seed, side, layer), dtype=torch.float64
    )
    return (samples / 2) ** 0.5 * torch.linalg.qr(z).Q.repeat(2, 1)


def _root(covariance: torch.Tensor) -> torch.Tensor:
    """Return the symmetric square root; what sampling has made negative is zero."""
    squares, vectors = torch.linalg.eigh(covariance)
    return (vectors * squares.clamp(min=0).sqrt()) @ vectors.T


def _curvature(φ: Activation, h: torch.Tensor) -> torch.Tensor:
    """Return φ″(h); SpecError where the slope has no slope."""
    h = h.detach().requires_grad_()
    slope = φ.slope(h)
    if not slope.requires_grad:
        raise SpecError(
            f"activation '{φ.name}' has a slope that jumps, and the responses of the fields need its derivative: take "
            "a smooth one such as tanh, or train the net at infinite width with infwidth.programs"
        )
    (curvature,) = torch.autograd.grad(slope.sum(), h)
    return curvature


def _update(problem: _Problem, order: _Order, layer: int) -> torch.Tensor:
    """Sample the fields of a layer, write its order parameters, and return h [samples, TP]."""
    φ, T, P, L = problem.activation, problem.T, len(problem.y), problem.n_hidden
    step = problem.rate * torch.kron(torch.tril(torch.ones(T, T), -1), torch.ones(P, P)) * order.errors.reshape(-1)
    C = order.forward[layer - 1] + step * order.features[layer - 1]
    D = order.backward[layer] + step * order.gradients[layer + 1]
    h = problem.u[layer - 1] @ _root(order.features[layer - 1])
    z = problem.r[layer - 1] @ _root(order.gradients[layer + 1])
    value, slope = torch.empty_like(h), torch.empty_like(h)
    g = torch.empty_like(h)
    for t in range(T):
        now, past, known = slice(t * P, (t + 1) * P), slice(t * P), slice((t + 1) * P)
        h[:, now] += g[:, past] @ C[now, past].T
        value[:, now], slope[:, now] = φ.value(h[:, now]), φ.slope(h[:, now])
        z[:, now] += value[:, known] @ D[now, known].T
        g[:, now] = slope[:, now] * z[:, now]
    order.features[layer] = value.T @ value / len(h)
    order.gradients[layer] = g.T @ g / len(h)
    if layer == L:
        f = ((z * value).mean(0) / problem.gamma0).reshape(T, P)
        order.errors[:] = problem.y - f
    if L > 1:
        A, B = _responses(C, D, slope, _curvature(φ, h) * z)
        order.forward[layer], order.backward[layer - 1] = A, B
    order.forward[L] = order.backward[0] = 0.0
    return h


def _responses(
    C: torch.Tensor, D: torch.Tensor, slope: torch.Tensor, bend: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return ⟨∂φ(h)/∂r⟩ and ⟨∂g/∂u⟩ [TP, TP], for φ′(h) and φ″(h) z of the samples."""
    C, D, slope, bend = C.float(), D.float(), slope.float(), bend.float()  # far below the error of the samples
    A, B, one = torch.zeros_like(C), torch.zeros_like(D), torch.eye(len(C))
    for f, e in zip(slope.split(_CHUNK), bend.split(_CHUNK), strict=True):
        Q = torch.diag_embed(e) + f[:, :, None] * D * f[:, None, :]
        M = one - C @ Q
        h_by_g = torch.linalg.solve_triangular(M, C.expand_as(M), upper=False, unitriangular=True)
        A += (f[:, :, None] * h_by_g * f[:, None, :]).sum(0)
        B += torch.linalg.solve_triangular(M, Q, upper=False, left=False, unitriangular=True).sum(0)
    return A / len(slope), B / len(slope)


def _change(before: _Order, after: _Order, gamma0: float, lr: float, sweep: int) -> float:
    """Return the largest relative change of an order parameter; InfwidthError where they have run away."""
    sizes = [(float((new - old).norm()), float(old.norm())) for old, new in zip(before[:3], after[:3], strict=True)]
    largest = max(change / size for change, size in sizes)
    if not largest <= _DIVERGED:
        raise InfwidthError(
            f"the mean field theory diverges: sweep {sweep + 1} changed it by {largest:.3g} times its norm (gamma0 "
            f"{gamma0:g}, lr {lr:g}); take a smaller gamma0 or lr, or fewer steps"
        )
    return largest
