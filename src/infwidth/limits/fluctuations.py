r"""How a net of one hidden layer and N units differs from its limit: variance and bias, to first order in 1/N.

The net (Bordelon & Pehlevan 2023, as Bordelon & Pehlevan 2022, Eq. 1) trains, from weights N(0, 1),

    f_μ = z·φ(h_μ) / (γ0 N),    h_μ = W x_μ / √D,    with f − f(0) as its output if it is centred,

by descent of ½ Σ_μ (f_μ − y_μ)² at rate η γ0² N. Given the errors Δ_μ(t) = y_μ − f_μ(t), its units move by themselves,

    h_μ(t+1) = h_μ(t) + η γ0 Σ_ν K^x_μν Δ_ν(t) φ′(h_ν(t)) z(t),    z(t+1) = z(t) + η γ0 Σ_ν Δ_ν(t) φ(h_ν(t)),

and give f(t) = ⟨F(t)⟩, F_μ = z φ(h_μ)/γ0. As N → ∞ the average is over the law of units; a net averages over N draws
from it. So, to first order, N units disturb the errors by δΔ = −(ε + J δΔ), with ε the mean over units of F − ⟨F⟩ and
J(t, s) = ∂⟨F(t)⟩/∂Δ(s) what the units' average does when errors change: feature learning answers its own fluctuations.
Any average of the units, ⟨O⟩ with response R = ∂⟨O⟩/∂Δ, then fluctuates as the mean over N units of their *influence*

    ψ_O = O − R (1 + J)^{-1} F,    N Cov(O, O′) = Cov over units of (ψ_O, ψ_O′):

the propagator M^{-1} diag(0, κ) M^{-T} of the paper with the uncoupled variances κ, written unit by unit. It is exact
for steps of any size, because f is an average over units at every step. The next order is the shift of the mean,

    N E[δ₂Δ] = −(1 + J)^{-1} { ⟨F′·δ₁⟩ + ½ F″[N Cov Δ] },    δ₁ = −(1 + J)^{-1} F unit by unit,

whose derivatives F′, F″ along given directions are differences of two runs.
"""

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from scipy.linalg import solve_triangular

from infwidth.activations import Activation, Array, activation_of
from infwidth.errors import SpecError
from infwidth.seeding import numpy_stream

#: Nodes of this much less than the largest weight are left out; directions of this much less than the largest variance.
_NEGLIGIBLE = 1e-9
#: Steps of differences: of φ′, and of paths in units of the targets' size.
_STEP, _PATH_STEP = 1e-5, 1e-3


class Units(NamedTuple):
    """A sample of the law of initial units, or nodes that integrate over it."""

    fields: Array
    """h_μ(0) at all inputs, [Q, S]."""
    readouts: Array
    """z(0), [S]."""
    weights: Array
    """What each counts in an average, of sum 1, [S]."""


class Fluctuations(NamedTuple):
    """The limit, and N units' departure from it; T = steps + 1 times, Q inputs, pairs k of inputs.

    Influences have mean zero over units; N Cov of any two of these averages is the mean of their product.
    """

    outputs: Array
    """f_μ(t), [T, Q]."""
    kernels: Array
    """Tangent kernels K_k(t), [T, k]."""
    output_influences: Array
    """[T, Q, S]."""
    kernel_influences: Array
    """[T, k, S]."""
    output_sources: Array
    """F less its mean: the influence if no unit answered to fluctuations of the errors, [T, Q, S]."""
    kernel_sources: Array
    """[T, k, S]."""
    weights: Array
    """Of the units, [S]."""
    output_shift: Array
    """N times the mean over nets of f_N − f, [T, Q]; zeros where it was not asked for."""
    kernel_shift: Array
    """The same of the tangent kernels, [T, k]."""

    def variance(self, influence: Array) -> Array:
        """Return N Var of what has this influence [..., S], [...]."""
        return np.asarray(influence**2 @ self.weights)


def quadrature(kernel: Array, nodes: int) -> Units:
    """Return Gauss–Hermite nodes for the law of units: ``nodes`` a dimension, one for each input and the readout.

    ``kernel`` is K^x = x xᵀ/D, [Q, Q]. Raises SpecError for more than three inputs, whose nodes no memory holds.
    """
    if len(kernel) > 3:
        raise SpecError(f"quadrature is for up to 3 inputs, not {len(kernel)}; take sampled units")
    x, w = np.polynomial.hermite_e.hermegauss(nodes)
    dimensions = len(kernel) + 1
    grid = np.stack(np.meshgrid(*[x] * dimensions, indexing="ij")).reshape(dimensions, -1)
    weights = functools.reduce(np.multiply.outer, [w / w.sum()] * dimensions).ravel()
    kept = weights > _NEGLIGIBLE * weights.max()
    grid, weights = grid[:, kept], weights[kept]
    return Units(_root(kernel) @ grid[:-1], grid[-1], weights / weights.sum())


def sampled(kernel: Array, n: int, *keys: int | str) -> Units:
    """Return ``n`` draws from the law of units (and the same with opposite readouts), from a stream of these keys."""
    rng = numpy_stream("init", "units", *keys)
    g, z = rng.standard_normal((len(kernel), n)), rng.standard_normal(n)
    fields = _root(kernel) @ g
    return Units(np.tile(fields, 2), np.concatenate([z, -z]), np.full(2 * n, 0.5 / n))


def _root(kernel: Array) -> Array:
    values, vectors = np.linalg.eigh(kernel)
    return np.asarray(vectors * np.sqrt(values.clip(min=0)))


class Problem(NamedTuple):
    """What is trained: K^x of all inputs [Q, Q], of which the first have ``targets`` [P] and are trained on."""

    kernel: Array
    targets: Array
    gamma0: float
    lr: float
    steps: int
    activation: Activation
    centred: bool = True
    pairs: Sequence[tuple[int, int]] = ((0, 0),)

    @classmethod
    def checked(
        cls,
        kernel: Array,
        targets: Array,
        *,
        gamma0: float,
        lr: float,
        steps: int,
        activation: Activation | str,
        centred: bool = True,
        pairs: Sequence[tuple[int, int]] = ((0, 0),),
    ) -> "Problem":
        """Return the problem; raises SpecError where an argument has no meaning.

        ``activation`` must have a continuous slope: units answer through φ″.
        """
        kernel, targets = np.asarray(kernel, float), np.asarray(targets, float)
        if kernel.ndim != 2 or kernel.shape[0] != kernel.shape[1] or not 0 < len(targets) <= len(kernel):
            raise SpecError(
                f"kernel must be [Q, Q] and targets [P], P from 1 to Q, not {kernel.shape} and {targets.shape}"
            )
        if not (gamma0 > 0 and lr > 0 and steps >= 1):
            raise SpecError(f"gamma0 {gamma0}, lr {lr} and steps {steps} must be positive")
        known = activation_of(activation) if isinstance(activation, str) else activation
        kinks = known.slope(np.array([-1e-9, 1e-9]))
        if abs(kinks[1] - kinks[0]) > 1e-6:
            raise SpecError(f"{known.name} has a kink: the response of its units needs φ″, take a smooth activation")
        return cls(kernel, targets, float(gamma0), float(lr), int(steps), known, centred, tuple(pairs))


class _Moment(NamedTuple):
    """All units at one time: fields [Q, S], readouts [S], and φ, φ′ of the fields [Q, S]."""

    h: Array
    z: Array
    value: Array
    slope: Array


def _march(problem: Problem, units: Units, errors: Callable[[int, _Moment], Array]) -> Iterator[_Moment]:
    """Yield the units at times 0, …, steps; ``errors`` of a time are [P], or [P, S] for paths of each unit's own."""
    P, step = len(problem.targets), problem.lr * problem.gamma0
    h, z = units.fields, units.readouts
    for t in range(problem.steps + 1):
        moment = _Moment(h, z, problem.activation.value(h), problem.activation.slope(h))
        yield moment
        if t < problem.steps:
            Δ = errors(t, moment)
            pull = step * (Δ if Δ.ndim > 1 else Δ[:, None])
            h = h + problem.kernel[:, :P] @ (pull * moment.slope[:P] * z)
            z = z + (pull * moment.value[:P]).sum(0)


def _outputs(problem: Problem, moment: _Moment, first: _Moment) -> Array:
    """Return F of every unit, [Q, S]."""
    F = moment.z * moment.value
    return (F - first.z * first.value if problem.centred else F) / problem.gamma0


def _kernels(problem: Problem, moment: _Moment) -> Array:
    """Return what every unit is in the tangent kernels, [k, S]."""
    q, v = np.array(problem.pairs).T
    K = problem.kernel[q, v][:, None]
    return moment.value[q] * moment.value[v] + K * moment.slope[q] * moment.slope[v] * moment.z**2


def _given(path: Array) -> Callable[[int, _Moment], Array]:
    return lambda t, moment: path[t]


def fluctuations(problem: Problem, units: Units, *, shift: bool = False) -> Fluctuations:
    """Return the limit on these units, and the influence of a unit on every output and kernel; the module says how.

    Costs S P (T P)² operations, and 8 S P T P bytes. With ``shift`` also the shift of the means, for some twenty runs
    of the limit more.
    """
    P, Q, T, γ = len(problem.targets), len(problem.kernel), problem.steps + 1, problem.gamma0
    S, M, ω = len(units.readouts), problem.steps * P, units.weights
    step, K = problem.lr * γ, problem.kernel
    q, v = np.array(problem.pairs).T
    Kqv = K[q, v][:, None]
    F, k = np.empty((T, Q, S)), np.empty((T, len(q), S))
    errors = np.empty((T, P))
    first: _Moment | None = None

    def own(t: int, moment: _Moment) -> Array:
        return np.asarray(errors[t])

    # How the sums A_ν = Σ_s η γ0 Δ_ν φ′ z, of which fields are made, and readouts move with Δ_ν(s): [P, M, S], [M, S].
    by_A, by_z = np.zeros((P, M, S)), np.zeros((M, S))
    R_F, R_k = np.zeros((T, Q, M)), np.zeros((T, len(q), M))
    for t, moment in enumerate(_march(problem, units, own)):
        first = first or moment
        h, z, φ, slope = moment
        F[t], k[t] = _outputs(problem, moment, first), _kernels(problem, moment)
        errors[t] = problem.targets - F[t, :P] @ ω
        curve = (problem.activation.slope(h + _STEP) - problem.activation.slope(h - _STEP)) / (2 * _STEP)
        m = t * P
        A, dz = by_A[:, :m], by_z[:m]
        R_F[t, :, :m] = (φ * ω) @ dz.T
        of_h = np.einsum("qs,pms->qpm", z * slope * ω, A) if P > 1 else (z * slope * ω @ A[0].T)[:, None]
        R_F[t, :, :m] = (R_F[t, :, :m] + np.einsum("qp,qpm->qm", K[:, :P], of_h)) / γ
        for i, (a, b) in enumerate(zip(q, v, strict=True)):
            of_a = ω * (slope[a] * φ[b] + Kqv[i] * curve[a] * slope[b] * z**2)
            of_b = ω * (slope[b] * φ[a] + Kqv[i] * curve[b] * slope[a] * z**2)
            R_k[t, i, :m] = 2 * (ω * Kqv[i] * slope[a] * slope[b] * z) @ dz.T
            for p in range(P):
                R_k[t, i, :m] += (K[a, p] * of_a + K[b, p] * of_b) @ A[p].T
        if t < problem.steps:
            pull = step * errors[t][:, None]
            dh = [sum(K[p, o] * A[o] for o in range(P)) for p in range(P)]
            stiff, turn = pull * curve[:P] * z, pull * slope[:P]
            for p in range(P):
                A[p] += stiff[p] * dh[p] + turn[p] * dz
            for p in range(P):
                dz += turn[p] * dh[p]
            for p in range(P):
                by_A[p, m + p], by_z[m + p] = step * slope[p] * z, step * φ[p]
    assert first is not None
    f, kernels = F @ ω, k @ ω
    F -= f[..., None]
    k -= kernels[..., None]
    answered = _answer(R_F[:-1, :P].reshape(M, M), F[:-1, :P].reshape(M, S))
    ψ_F, ψ_k = F - R_F @ answered, k - R_k @ answered
    found = Fluctuations(f, kernels, ψ_F, ψ_k, F, k, ω, np.zeros_like(f), np.zeros_like(kernels))
    if not shift:
        return found
    forces = _second_order(problem, units, found, errors)
    δ = -_answer(R_F[:-1, :P].reshape(M, M), forces[0][:-1, :P].reshape(M))
    return found._replace(output_shift=forces[0] + R_F @ δ, kernel_shift=forces[1] + R_k @ δ)


def _answer(response: Array, source: Array) -> Array:
    """Return (1 + J)^{-1} of a source; J has nothing on and above its diagonal."""
    return np.asarray(solve_triangular(np.eye(len(response)) + response, source, lower=True, unit_diagonal=True))


def _second_order(problem: Problem, units: Units, first: Fluctuations, errors: Array) -> tuple[Array, Array]:
    """Return ⟨O′·δ₁⟩ + ½ O″[N Cov Δ] of outputs [T, Q] and kernels [T, k]."""
    T, P, ω = problem.steps, len(problem.targets), units.weights
    path, scale = errors[:T], _PATH_STEP * np.linalg.norm(problem.targets)
    δ1 = -first.output_influences[:T, :P]

    def run(paths: Array) -> tuple[Array, Array]:
        start: _Moment | None = None
        outputs, kernels = [], []
        for moment in _march(problem, units, _given(paths)):
            start = start or moment
            outputs.append(_outputs(problem, moment, start) @ ω)
            kernels.append(_kernels(problem, moment) @ ω)
        return np.array(outputs), np.array(kernels)

    ε = scale / np.sqrt(first.variance(δ1).max())
    up, down = run(path[..., None] + ε * δ1), run(path[..., None] - ε * δ1)
    forces = [(u - d) / (2 * ε) for u, d in zip(up, down, strict=True)]
    flat = (δ1 * np.sqrt(ω)).reshape(T * P, -1)
    variances, directions = np.linalg.eigh(flat @ flat.T)
    middle = run(path)
    for variance, direction in zip(variances, directions.T, strict=True):
        if variance > 1e-6 * variances[-1]:
            along = scale * direction.reshape(T, P) * np.sqrt(T)
            pair = run(path + along), run(path - along)
            for i in range(2):
                forces[i] = forces[i] + variance * (pair[0][i] + pair[1][i] - 2 * middle[i]) / (2 * scale**2 * T)
    return forces[0], forces[1]


class PredictedVariance(NamedTuple):
    """What training makes of nets of one hidden layer, at times 0, …, steps and all inputs, to first order in 1/N."""

    outputs: Array
    """f of the infinitely wide net, [T, Q]."""
    variance: Array
    """N Var f over nets of width N, [T, Q]."""
    shift: Array
    """N times the mean over nets of f_N − f, [T, Q]."""

    def deviation(self, width: int) -> Array:
        """Return the root mean square of f_N − f of a net of that width, [T, Q]."""
        return np.asarray(np.sqrt(self.variance / width + (self.shift / width) ** 2))

    def members(self, targets: Array, *, widening: float = 2.0) -> Array:
        """Return how many nets an ensemble needs to be, on average, as good as one ``widening`` times as wide, [T].

        In squared error over the inputs, whose ``targets`` are [Q]. An ensemble's error has v/(N E) of the variance
        v but all of b/N, b = 2 (f − y)·shift, which a wider net has less of too; infinite where no number does.
        """
        v = self.variance.sum(1)
        b = 2 * ((self.outputs - np.asarray(targets)) * self.shift).sum(1)
        left = v - (widening - 1) * b
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(left > 0, np.maximum(widening * v / left, 1.0), np.inf)


def predicted_variance(
    inputs: Array,
    targets: Array,
    *,
    gamma0: float,
    lr: float,
    steps: int,
    activation: Activation | str = "tanh",
    n_units: int = 1000,
) -> PredictedVariance:
    """Return how much a net of one hidden layer and N units will differ from its limit N → ∞, and in which direction.

    Args:
        inputs: x [Q, D]; the first are trained on, the others (test points) only looked at.
        targets: y [P] of the first P inputs.
        gamma0: richness γ0 of the mean-field parametrization; 0.1 is nearly a kernel.
        lr: η of full-batch descent of ½ Σ_μ (f_μ − y_μ)², at which all weights move at the rate η γ0² N.
        steps: of descent.
        activation: smooth, by name or your own (:class:`infwidth.activations.Activation`).
        n_units: of the sample of units that the averages are taken over, each also with its readout reversed; with
            one or two inputs exact quadrature is used in its place.

    Raises SpecError for an activation with a kink, or arguments without meaning. Source: Bordelon & Pehlevan 2023.
    """
    inputs = np.asarray(inputs, float)
    if inputs.ndim != 2:
        raise SpecError(f"inputs must be [Q, D], not of shape {inputs.shape}")
    kernel = inputs @ inputs.T / inputs.shape[1]
    problem = Problem.checked(kernel, targets, gamma0=gamma0, lr=lr, steps=steps, activation=activation)
    units = quadrature(kernel, 12) if len(kernel) < 3 else sampled(kernel, n_units)
    found = fluctuations(problem, units, shift=True)
    return PredictedVariance(found.outputs, found.variance(found.output_influences), found.output_shift)
