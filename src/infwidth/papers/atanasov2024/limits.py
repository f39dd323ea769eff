r"""Ridge regression on drawn data and features: fits of finite size, with their exact error on all new inputs.

Inputs are Gaussian with a diagonal covariance η [D], labels y = <w, x> + ε, predictors <w_hat, z> with z = Fᵀx + σ_ξ ξ,
or z = φ(Fᵀx) for a nonlinearity φ. Everything is in the eigenbasis of the covariance.

How the error of linear random features falls with the number of data, for λ = P^-l and N = P^q on a power law.

With η_k = k^-α and p_k = k^-(1 + 2αr) the degrees of freedom are n ~ κ^(-1/α), and κ ~ P^-k is the largest of what
ridge, data and features renormalize it to, k = min(l, α, qα). Of the parts of the error (deterministic equivalents)

    bias² ~ κ^(2 min(r, 1)),    features: (n/N) κ^min(2r, 1),    noise: σ² n/P

up to the factor 1/(1 - γ_1), which is of order one. The error has the least of the three exponents in P.
"""

from typing import NamedTuple

import numpy as np
from scipy import linalg

from infwidth.limits.deterministic_equivalents import Modes

Array = np.ndarray


class Task(NamedTuple):
    """Eigenvalues [D], target w [D] and the standard deviation of the noise of labels."""

    eigenvalues: Array
    target: Array
    noise: float

    @classmethod
    def of(cls, modes: Modes, noise: float) -> "Task":
        """Return the task of these shells, whose members share its power; ``noise`` is σ²."""
        count = modes.multiplicities.astype(int)
        η = np.repeat(modes.eigenvalues, count)
        return cls(η, np.sqrt(np.repeat(modes.power / count, count) / η), float(np.sqrt(noise)))

    def inputs(self, rng: np.random.Generator, n: int) -> Array:
        """Return inputs [n, D]."""
        return rng.standard_normal((n, len(self.eigenvalues))) * np.sqrt(self.eigenvalues)

    def error(self, weights: Array) -> Array:
        """Return the mean over all inputs of (<w, x> - <weights, x>)²; ``weights`` [D] or [D, k]."""
        return self.eigenvalues @ (self.target.reshape(-1, *[1] * (weights.ndim - 1)) - weights) ** 2


def random_projection(
    rng: np.random.Generator, dimension: int, widths: tuple[int, ...], spectrum: Array | None = None
) -> Array:
    """Return F = F_1 … F_L [D, N_L], entries of variance 1/N_l; ``spectrum`` [N] adds a layer of unequal features."""
    F, before = np.eye(dimension), dimension
    for place, width in enumerate(widths):
        layer = rng.standard_normal((before, width)) / np.sqrt(width)
        F, before = (F @ layer if place else layer), width
    if spectrum is None:
        return F
    layer = rng.standard_normal((before, len(spectrum))) * np.sqrt(spectrum / len(spectrum))
    return F @ layer if widths else layer


class Fit(NamedTuple):
    """Weights [N, k] of k columns of labels, residuals [P, k] on them, and tr H of the fit."""

    weights: Array
    residuals: Array
    degrees: float


def ridge_fit(Z: Array, y: Array, ridge: float) -> Fit:
    """Return the fit of labels [P, k] by features [P, N] that minimizes |y - Zv|²/P + ridge |v|²; ridge > 0."""
    P, N = Z.shape
    few_data = P <= N
    gram = (Z @ Z.T if few_data else Z.T @ Z) / P
    gram[np.diag_indices_from(gram)] += ridge
    factor = linalg.cholesky(gram, lower=True, overwrite_a=True, check_finite=False)
    inverse, _ = linalg.lapack.dpotri(factor, lower=1)
    trace = ridge * float(np.trace(inverse))
    if few_data:
        dual = linalg.cho_solve((factor, True), y, check_finite=False)
        return Fit(Z.T @ dual / P, ridge * dual, P - trace)
    weights = linalg.cho_solve((factor, True), Z.T @ y / P, check_finite=False)
    return Fit(weights, y - Z @ weights, N - trace)


def interpolate(Z: Array, y: Array) -> Array:
    """Return weights [N, k] of the least squares fit, of least norm where features are more than data."""
    if Z.shape[0] <= Z.shape[1]:
        return Z.T @ linalg.solve(Z @ Z.T, y, assume_a="pos", check_finite=False)
    return linalg.solve(Z.T @ Z, Z.T @ y, assume_a="pos", check_finite=False)


def population_fit(task: Task, F: Array) -> Array:
    """Return the weights [N] of the best predictor of all inputs from linear features F [D, N]."""
    root = np.sqrt(task.eigenvalues)
    return linalg.lstsq(root[:, None] * F, root * task.target, lapack_driver="gelsy", check_finite=False)[0]


class Relu(NamedTuple):
    """Features √2 … of isotropic inputs: z = (φ(a) - E φ)/slope with a = <f, x>, |f| = 1, scaled to Fᵀx + σ_ξ ξ.

    Of a ReLU, φ(a) = a/2 + E φ + rest with rest of variance 1/4 - 1/(2π), uncorrelated with x.
    """

    directions: Array  #: [D, N], of unit norm
    scale: float  #: √(D/N)/slope, which makes the linear part Fᵀx with F of variance 1/N

    @classmethod
    def draw(cls, rng: np.random.Generator, dimension: int, width: int) -> "Relu":
        """Return that many random features."""
        f = rng.standard_normal((dimension, width))
        return cls(f / np.linalg.norm(f, axis=0), 2 * np.sqrt(dimension / width))

    @staticmethod
    def nonlinear(dimension: float, width: float) -> float:
        """Return σ_ξ² of the Gaussian equivalent."""
        return 4 * (1 / 4 - 1 / (2 * np.pi)) * dimension / width

    def of(self, x: Array) -> Array:
        """Return the features [n, N] of inputs [n, D]."""
        return self.scale * (np.maximum(x @ self.directions, 0) - 1 / np.sqrt(2 * np.pi))

    def error(self, task: Task, weights: Array) -> float:
        """Return the mean over all inputs of the squared error; their covariance must be one."""
        cosine = np.clip(self.directions.T @ self.directions, -1, 1)
        products = (np.sqrt(1 - cosine**2) + (np.pi - np.arccos(cosine)) * cosine - 1) / (2 * np.pi)
        crossed = self.directions.T @ task.target / 2
        quadratic = self.scale**2 * weights @ products @ weights
        return float(task.target @ task.target - 2 * self.scale * crossed @ weights + quadratic)


def exponents(ridge: Array, width: Array, *, capacity: float, source: float, noisy: bool) -> dict[str, Array]:
    """Return the exponents of ``bias``, variance over ``features`` and ``noise`` at l = ``ridge`` and q = ``width``.

    Infinite for noise where there is none.
    """
    k = np.minimum(np.minimum(ridge, capacity), width * capacity)
    return {
        "bias": 2 * k * min(source, 1.0),
        "features": k * min(2 * source, 1.0) + width - k / capacity,
        "noise": 1 - k / capacity if noisy else np.full_like(k, np.inf),
    }
