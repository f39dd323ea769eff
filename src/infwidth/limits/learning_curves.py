r"""Learning curves of kernel regression: the error on P examples, from the kernel's spectrum and the target's power.

The kernel has eigenvalues η_ρ over the distribution of inputs, the target y(x) = Σ_ρ v_ρ φ_ρ(x), the labels noise of
variance σ², and the weights solve (K + λ) α = y. With P examples a mode is learned to the part L_ρ = η_ρ/(η_ρ + κ),

    Σ_ρ L_ρ + λ/κ = P,        γ = Σ_ρ L_ρ²/P,
    E_g = [Σ_ρ (1 - L_ρ)² v_ρ² + σ² γ]/(1 - γ),        E_train = (λ/(P κ))² (E_g + σ²),

for P and the number of modes both large (Bordelon, Canatar & Pehlevan 2020, Eqs 4-6; Canatar, Bordelon & Pehlevan 2021,
Eqs 4-5, whose κ is P times this one; L_ρ are the learnabilities of Simon et al. 2023). E_g is that of the clean target.
Learnabilities never sum to more than P.

The error has two divisions among modes, and they differ. By the *power* of mode ρ it is what the target has there that
is not learned, with all that this does to other modes: (1 - L_ρ)² v_ρ²/(1 - γ), the papers' E_ρ. By its *place* it is
the squared error of the predictor's coefficient of mode ρ, (1 - L_ρ)² v_ρ² + (E_g + σ²) L_ρ²/P: what is measured by
projecting predictions on φ_ρ. Both sum to E_g, but for the noise in the first.

N modes of one eigenvalue are a shell; eigenvalues too many and too small to list act together as a ridge (``rest``).

These formulas are for examples drawn independently. Drawn from n ``inputs`` without replacement they have less to say
about those that are left, and the features are rows of an orthogonal matrix in the place of Gaussian vectors. The
resolvent of K + D, with D = λ on drawn inputs and ∞ on others, is that of K + nκ, κ = [λ + (1 - P/n)/g]/n with
g = Σ 1/(nη + nκ)/n, and a derivative in K² gives the errors: with q = 1 - L,

    Σ (η + λ/n)/(η + κ) = P,      E_g = (1 + a) Σ q² v² + σ² [Σ L² + a Σ q²]/n,
    a = (n - P) Σ L²/[(Σ q)² - (n - P) Σ q²],

which is the above for n ≫ P, and exact at P = n (derived here by free compression; no paper's formula).
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize

from infwidth.activations import Array
from infwidth.errors import SpecError
from infwidth.limits.kernel_regression import NEGATIVE

#: Relative to κ, and the most halvings that its bracket in log κ can take.
_ACCURACY, _HALVINGS = 1e-13, 200
#: Entries of [points, shells] at once: what a processor's cache holds.
_BLOCK = 1 << 16


@dataclass(frozen=True)
class Task:
    """A kernel and a target, seen in the kernel's modes; or in shells of modes that share an eigenvalue.

    Attributes:
        eigenvalues: η [R], not negative, in any order.
        powers: the target's power Σ v² in each shell [R].
        multiplicities: how many modes a shell has [R].
        rest: the sum of all eigenvalues that are not listed, each too small to be learned.
        unlearnable: the target's power where the kernel has no modes, or in those that are not listed.
        inputs: how many inputs there are, of which examples are drawn without replacement; None for a distribution.
            All modes are then listed, as many as inputs.
    """

    eigenvalues: Array
    powers: Array
    multiplicities: Array
    rest: float = 0.0
    unlearnable: float = 0.0
    inputs: int | None = None

    @classmethod
    def of(
        cls,
        eigenvalues: ArrayLike,
        powers: ArrayLike,
        multiplicities: ArrayLike | None = None,
        *,
        rest: float = 0.0,
        unlearnable: float = 0.0,
        inputs: int | None = None,
    ) -> "Task":
        """Return a task, checked; without ``multiplicities`` every eigenvalue is of one mode. Raises SpecError."""
        η, v2 = np.array(eigenvalues, float), np.array(powers, float)
        n = np.ones_like(η) if multiplicities is None else np.array(multiplicities, float)
        if η.ndim != 1 or not (η.shape == v2.shape == n.shape) or not len(η):
            raise SpecError(
                "eigenvalues, powers and multiplicities must be vectors of one length, at least one, not of shapes "
                f"{η.shape}, {v2.shape} and {n.shape}"
            )
        for name, values in (("eigenvalues", η), ("powers", v2), ("rest", rest), ("unlearnable", unlearnable)):
            if not (np.isfinite(values).all() and np.min(values) >= 0):
                raise SpecError(f"{name} must be finite and not negative; the smallest is {np.min(values):.3g}")
        if not (n >= 1).all():
            raise SpecError(f"multiplicities must be at least 1; the smallest is {n.min():.3g}")
        if not η.sum() + rest > 0:
            raise SpecError("all eigenvalues are zero: the kernel learns nothing")
        if inputs is not None and (n.sum() != inputs or rest or unlearnable):
            raise SpecError(f"of {inputs} inputs all modes must be listed, not {n.sum():g}, with nothing beyond them")
        return cls(η, v2, n, float(rest), float(unlearnable), inputs)

    @property
    def trace(self) -> float:
        """The sum of all eigenvalues, the mean of K(x, x)."""
        return float(self.multiplicities @ self.eigenvalues) + self.rest

    @property
    def power(self) -> float:
        """The target's whole power, the error of no example at all."""
        return float(self.powers.sum()) + self.unlearnable

    @property
    def cumulative_power(self) -> Array:
        """C [R]: the part of the target's power in this and all larger eigenvalues, shells in descending order."""
        order = np.argsort(-self.eigenvalues, kind="stable")
        return np.cumsum(self.powers[order]) / self.power


class LearningCurve(NamedTuple):
    """What theory says for every number of examples, arrays [points].

    ``test`` is the error E_g on the clean target, of which ``bias`` is that of the mean predictor over training sets
    and noise, ``noise`` what the noise of labels adds, and the remainder, ``variance``, what the choice of examples
    adds. ``train`` is the error on the noisy training labels; ``kappa`` is κ, ``learned`` is Σ L and ``overlap`` is γ.
    ``residual`` is λ/(P κ), the part of a label's noise that its own residual shows.
    """

    samples: Array
    test: Array
    bias: Array
    variance: Array
    noise: Array
    train: Array
    kappa: Array
    learned: Array
    overlap: Array
    residual: Array


def kappa(task: Task, samples: ArrayLike, ridge: ArrayLike = 0.0) -> Array:
    """Return κ [points], for ``samples`` P > 0 and a ``ridge`` λ ≥ 0 for all points or for each.

    Zero where there is no ridge, no rest, and a mode or less for each example. The root is bracketed from both sides,
    and looked for by Newton steps on logarithms which a halving of the bracket replaces where they leave it or are
    slow: whatever the spectrum, it ends. Raises SpecError.
    """
    P, λ = np.broadcast_arrays(np.atleast_1d(np.asarray(samples, float)), np.asarray(ridge, float))
    if P.ndim != 1 or not (np.isfinite(P).all() and (P > 0).all()):
        raise SpecError("numbers of samples must be a vector of positive numbers")
    if not (np.isfinite(λ).all() and (λ >= 0).all()):
        raise SpecError(f"a ridge must be finite and not negative, not {λ.min():.3g}")
    if task.inputs is not None and (task.inputs < P).any():
        raise SpecError(f"{P.max():g} samples cannot be drawn from {task.inputs} inputs")
    found = np.zeros(len(P))
    size = max(1, _BLOCK // len(task.eigenvalues))
    # Of finitely many inputs the ridge shifts the eigenvalues and is no term of its own.
    shift = λ / task.inputs if task.inputs else np.zeros(len(P))
    λ = np.zeros(len(P)) if task.inputs else λ + task.rest
    modes = np.where(shift > 0, task.multiplicities.sum(), task.multiplicities[task.eigenvalues > 0].sum())
    has_root = (λ > 0) | (modes > P)
    for start in range(0, len(P), size):
        at = np.flatnonzero(has_root[start : start + size]) + start
        if len(at):
            found[at] = _roots(task.eigenvalues + shift[at, None], task.multiplicities, P[at], λ[at])
    return found + shift


def _roots(η: Array, n: Array, P: Array, λ: Array) -> Array:
    """Return κ > 0 with Σ n η/(η + κ) + λ/κ = P; η are [points, R], in one order for all points."""
    # Every sum over the largest modes alone is below P at the root: κ ≥ η_k (N_k/P - 1), N_k modes at least as large.
    order = np.argsort(-η[0], kind="stable")
    counts = np.cumsum(n[order])
    least = (η[:, order] * (counts / P[:, None] - 1)).max(axis=1, initial=0.0)
    low, high = np.log(np.maximum(least, λ / P)), np.log((λ + η @ n) / P)
    u, before = (low + high) / 2, high - low
    for _ in range(_HALVINGS):
        κ = np.exp(u)
        L = η / (η + κ[:, None])
        learned, squares = L @ n, (L * L) @ n
        total = learned + λ / κ
        above = total > P
        low, high = np.where(above, u, low), np.where(above, high, u)
        slope = (learned - squares + λ / κ) / total  # of -log total in log κ, between 0 and 1
        step = np.log(total / P) / np.maximum(slope, np.finfo(float).tiny)
        next_u = u + step
        fast = (next_u >= low) & (next_u <= high) & (np.abs(step) <= before / 2)
        step = np.where(fast, step, (low + high) / 2 - u)
        u, before = u + step, np.abs(step)
        if (before < _ACCURACY).all():
            break
    return np.exp(u)


def learnability(task: Task, κ: ArrayLike) -> Array:
    """Return L [points, R] of every mode of a shell; at κ = 0, one where there is an eigenvalue."""
    η, κ = task.eigenvalues, np.atleast_1d(np.asarray(κ, float))[:, None]
    return np.divide(η, η + κ, out=np.zeros(np.broadcast_shapes(η.shape, κ.shape)), where=η + κ > 0)


def learning_curve(task: Task, samples: ArrayLike, *, ridge: ArrayLike = 0.0, noise: ArrayLike = 0.0) -> LearningCurve:
    """Return the curve at ``samples`` P; ``noise`` is σ², of labels. Both it and ``ridge`` are one, or one a point.

    Of a distribution, as many modes as examples, with neither ridge nor rest, are learned without an error, and with an
    infinite one if there is noise or power elsewhere. Raises SpecError.
    """
    P, λ, σ2 = (np.array(z) for z in np.broadcast_arrays(*_vectors(samples, ridge, noise)))
    if not (np.isfinite(σ2).all() and (σ2 >= 0).all()):
        raise SpecError("the noise is a variance of labels: finite and not negative")
    κ = kappa(task, P, λ)
    bias, learned, squares, left = np.empty((4, len(P)))
    size = max(1, _BLOCK // len(task.eigenvalues))
    for start in range(0, len(P), size):
        part = slice(start, start + size)
        L = learnability(task, κ[part])
        bias[part] = (1 - L) ** 2 @ task.powers + task.unlearnable
        learned[part], squares[part] = L @ task.multiplicities, L**2 @ task.multiplicities
        left[part] = (1 - L) ** 2 @ task.multiplicities
    if task.inputs is None:
        amplified = gain = _ratio(squares, P - squares)
        residual = np.where(κ > 0, λ / np.where(κ > 0, P * κ, 1.0), np.maximum(1 - squares / P, 0.0))
        train = _product(residual**2, bias + _product(amplified, bias) + _product(1 + gain, σ2))
    else:
        n = task.inputs
        unlearned = (n - learned) ** 2
        amplified = _ratio((n - P) * squares, unlearned - (n - P) * left)
        gain = (squares + _product(left, amplified)) / n
        # λ/(nκ), and d(nκ)/dλ: what becomes of labels on the drawn inputs themselves.
        shrunk = np.divide(λ / n, κ, out=np.zeros(len(P)), where=κ > 0)
        slope = 1 + _ratio((n - P) * left, unlearned - (n - P) * left)
        residual = shrunk * (n - learned) / P
        train = _product(shrunk**2, _product(slope, n * bias + left * σ2)) / P
    variance, of_noise = _product(amplified, bias), _product(gain, σ2)
    test = bias + variance + of_noise
    return LearningCurve(P, test, bias, variance, of_noise, train, κ, learned, squares / P, residual)


def _ratio(above: Array, below: Array) -> Array:
    """Return above/below; zero where there is nothing above, infinite where only below there is nothing."""
    full = below <= 1e-14 * np.abs(above)
    return np.where(full, np.where(above > 0, np.inf, 0.0), above / np.where(full, 1.0, below))


def _product(a: Array, b: Array) -> Array:
    """Return a b, in which zero times infinity is zero."""
    return np.multiply(a, b, out=np.zeros(np.broadcast(a, b).shape), where=(a != 0) & (b != 0))


def _vectors(*values: ArrayLike) -> list[Array]:
    return [np.atleast_1d(np.asarray(value, float)) for value in values]


class ShellErrors(NamedTuple):
    """The error of every shell [points, R]: by the ``power`` of the target there, and by its ``place`` (see above)."""

    by_power: Array
    by_place: Array


def shell_errors(task: Task, samples: ArrayLike, *, ridge: float = 0.0, noise: float = 0.0) -> ShellErrors:
    """Return both divisions of the error among shells, of examples drawn from a distribution. Raises SpecError."""
    if task.inputs is not None:
        raise SpecError("errors of shells are known for a distribution, not for finitely many inputs")
    curve = learning_curve(task, samples, ridge=ridge, noise=noise)
    L = learnability(task, curve.kappa)
    own = (1 - L) ** 2 * task.powers
    by_power = own + _product(_ratio(curve.overlap, 1 - curve.overlap)[:, None], own)
    with np.errstate(invalid="ignore"):
        spread = ((curve.test + noise) / curve.samples)[:, None] * task.multiplicities * L**2
    return ShellErrors(by_power, own + np.where(L > 0, spread, 0.0))


def unseen_error(task: Task, samples: ArrayLike, *, ridge: ArrayLike = 0.0, noise: ArrayLike = 0.0) -> Array:
    """Return the error [points] on those of finitely many inputs that were not drawn; that of ``test`` is on all.

    On drawn ones the error on the clean target is σ² (1 - 2 residual) + E_train. Raises SpecError for a task without
    ``inputs``, and where none is left.
    """
    if task.inputs is None:
        raise SpecError("all of a distribution is unseen; a task of finitely many inputs says how many they are")
    curve = learning_curve(task, samples, ridge=ridge, noise=noise)
    part = curve.samples / task.inputs
    if (part >= 1).any():
        raise SpecError(f"of {task.inputs} inputs none is left unseen by {curve.samples.max():g} samples")
    seen = np.asarray(noise, float) * (1 - 2 * curve.residual) + curve.train
    return np.maximum((curve.test - part * seen) / (1 - part), 0.0)


def optimal_ridge(task: Task, samples: float, *, noise: float = 0.0) -> float:
    """Return the ridge λ ≥ 0 of the least error at ``samples``; zero where less is always better.

    Of finitely many inputs it is the error on those that were not drawn. Looked for on a grid of two ridges an octave,
    from 1e-8 to 1e4 of the trace times P, and refined where it is least.
    """
    if not samples > 0:
        raise SpecError("a number of samples must be positive")

    def errors(ridges: ArrayLike) -> Array:
        P = np.full(np.shape(ridges), float(samples))
        if task.inputs is not None:
            return unseen_error(task, P, ridge=ridges, noise=noise)
        return learning_curve(task, P, ridge=ridges, noise=noise).test

    grid = task.trace * max(samples, 1.0) * np.geomspace(1e-8, 1e4, 80)
    found = errors(grid)
    best = int(found.argmin())
    if errors([0.0])[0] <= found[best]:
        return 0.0
    ends = np.log(grid[[max(best - 1, 0), min(best + 1, len(grid) - 1)]])
    refined = optimize.minimize_scalar(
        lambda log_ridge: float(errors([math.exp(log_ridge)])[0]),
        bounds=tuple(ends),
        method="bounded",
        options={"xatol": 1e-6},
    )
    return float(math.exp(refined.x))


def omniscient_task(kernel: Array, targets: Array) -> Task:
    """Return the task of a ``kernel`` [n, n] and ``targets`` [n, k], or [n], in which these n inputs are all there is.

    Eigenvalues are those of K/n in descending order, and powers v_ρ² = Σ_c (φ_ρᵀ y_c/n)² with φᵀφ = n, of all columns
    together. Eigenvalues up to n rounding errors of the largest count as zero. Raises SpecError for a matrix that is
    not symmetric and positive semidefinite, and for targets that are not finite numbers.
    """
    y = targets[:, None] if targets.ndim == 1 else targets
    if kernel.ndim != 2 or kernel.shape[0] != kernel.shape[1] or not kernel.size:
        raise SpecError(f"a kernel must be a square matrix, not of shape {kernel.shape}")
    if y.ndim != 2 or len(y) != len(kernel):
        raise SpecError(f"targets must be [{len(kernel)}] or [{len(kernel)}, outputs], not of shape {targets.shape}")
    if not (np.isfinite(kernel).all() and np.isfinite(y).all()):
        raise SpecError("the kernel or the targets hold values that are not finite")
    if np.abs(kernel - kernel.T).max() > NEGATIVE * np.abs(kernel).max():
        raise SpecError("the kernel is not symmetric")
    n = len(kernel)
    values, vectors = np.linalg.eigh(kernel / n)
    if values[-1] <= 0 or values[0] < -NEGATIVE * values[-1]:
        raise SpecError(
            f"the kernel is not positive semidefinite: its eigenvalues run from {values[0]:.1e} to {values[-1]:.1e}"
        )
    powers = ((vectors.T @ y) ** 2).sum(axis=1)[::-1] / n
    values = np.where(values > n * np.finfo(float).eps * values[-1], values, 0.0)[::-1]
    return Task.of(values, powers, inputs=n)


def white_left(per_mode: ArrayLike, *, ridge: float) -> Array:
    """Return 1 - L = κ̃/(κ̃ + α), the part of the target that the mean predictor lacks, for :func:`white_curve`."""
    α = np.asarray(per_mode, float)
    κ = _white_kappa(α, ridge)
    return np.divide(κ, κ + α, out=np.ones_like(α), where=κ + α > 0)


def white_curve(per_mode: ArrayLike, *, ridge: float, noise: float) -> Array:
    """Return E_g over the target's power for α = P/N examples a mode, where all N modes have one eigenvalue η.

    ``ridge`` is λ̃ = λ/(N η), which may hold the rest of the spectrum, and ``noise`` is σ̃² = σ² over the power (Canatar
    et al. 2021). In a spectrum of well separated shells it is the error in each as P passes its N.
    """
    α = np.asarray(per_mode, float)
    κ = _white_kappa(α, ridge)
    return (κ**2 + noise * α) / ((κ + α) ** 2 - α)


def _white_kappa(α: Array, ridge: float) -> Array:
    half = (1 + ridge - α) / 2
    return half + np.sqrt(half**2 + ridge * α)


def critical_points(curve: ArrayLike, *, tolerance: float = 0.0) -> int:
    """Return how many maxima and minima a curve of positive values has between its ends.

    A turn counts if the curve then goes the other way by more than the part ``tolerance`` of its height there.
    """
    logs = np.log(np.asarray(curve, float))
    turns, direction, extreme = 0, 0, logs[0]
    for value in logs[1:]:
        change = value - extreme
        if direction == 0:
            if abs(change) > tolerance:
                direction, extreme = (1 if change > 0 else -1), value
        elif direction * change >= 0:
            extreme = value
        elif abs(change) > tolerance:
            turns, direction, extreme = turns + 1, -direction, value
    return turns


def one_peak_noise(ridge: ArrayLike) -> Array:
    """Return the noise σ̃² = 2 λ̃ + 1 above which the first examples of a white task make its error larger."""
    return 2 * np.asarray(ridge, float) + 1


def double_descent_noise(ridge: ArrayLike) -> Array:
    """Return the noise σ̃² above which a white task's error has a peak at all (Canatar et al. 2021).

    There the two critical points of E_g(α) meet, for λ̃ < 1; for larger ridges the peak comes with ``one_peak_noise``.
    """
    λ = np.asarray(ridge, float)
    θ = (math.pi + np.arctan2(8 * np.sqrt(λ), 9 * (λ + 1) * (3 * λ - 1) + 8)) / 3
    meet = 3 * λ * (3 * λ + 2 - 2 * np.sqrt((1 + λ) * (1 + 9 * λ)) * np.cos(θ))
    return np.where(λ < 1, meet, one_peak_noise(λ))
