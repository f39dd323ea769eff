r"""Gaussian classes told apart by a wide two-layer net of plateaus and ramps: its mean-field limit.

y = ±1 with equal odds; x is Gaussian with variance (1 + yΔ)² in its first coordinates, the informative ones, and one in
the others. A net is f(x) = (1/N) Σ_i σ(<θ_i, x>), σ linear between its knots, and with many units their distribution
follows the gradient flow of R = E (y - f)² (Mei, Montanari & Nguyen 2018). What counts of a unit are the norms r_1, r_2
of the two parts of θ, and of an input those of x, s_1 and s_2 in units of the root of their number of coordinates:

    f = E_θ q(τ),  τ² = Σ_b s_b² r_b²,  q(τ) = E σ(τ Z),      dr_b/dt = 2 E_{y,s} (y - f) q'(τ) s_b² r_b / τ.

With many coordinates of both kinds s is (1 + yΔ, 1) and Z a standard normal. Where all d are informative the same is
exact for every d, with s = (1 + yΔ) |x/(1 + yΔ)|/√d and Z that of √d times a coordinate of a random unit vector.
"""

from typing import NamedTuple, Self

import numpy as np
from scipy import optimize, special

Array = np.ndarray

#: A radius that a step of finite length would take through zero stays there.
_SMALLEST = 1e-9
#: How much a sum of weights other than one counts.
_SUM = 100.0
#: Nodes for the norm of the inputs of each class.
_NODES = 8


class Ramps(NamedTuple):
    """σ by its ``values`` at ``knots`` (ascending): constant before the first and after the last, linear between."""

    knots: Array
    values: Array

    @classmethod
    def of(cls, *points: tuple[float, float]) -> Self:
        """Return σ through these points (z, σ(z))."""
        return cls(*(np.array(column) for column in zip(*points, strict=True)))

    @property
    def bends(self) -> Array:
        """The change of slope at each knot."""
        return np.diff(np.diff(self.values) / np.diff(self.knots), prepend=0.0, append=0.0)

    def value(self, z: Array) -> Array:
        """Return σ(z)."""
        σ = np.full_like(z, self.values[0])
        for knot, bend in zip(self.knots, self.bends, strict=True):
            σ += bend * np.maximum(z - knot, 0.0)
        return σ

    def slope(self, z: Array) -> Array:
        """Return σ'(z)."""
        slope = np.zeros_like(z)
        for knot, bend in zip(self.knots, self.bends, strict=True):
            slope += bend * (z > knot)
        return slope

    def averaged(self, τ: Array, dimension: int | None = None) -> tuple[Array, Array]:
        """Return q(τ) = E σ(τ Z) and q'(τ) for τ > 0: each knot t bends by E (τ Z - t)_+, slope E[Z; Z > t/τ]."""
        z = self.knots / τ[..., None]
        part, above = _tail(z, dimension)
        return self.values[0] + (τ[..., None] * part - self.knots * above) @ self.bends, part @ self.bends


def _tail(z: Array, d: int | None) -> tuple[Array, Array]:
    """Return E[Z; Z > z] and P(Z > z), z ≥ 0, of a normal Z (d None), or of density (1 - Z²/d)^((d-3)/2)."""
    if d is None:
        return np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi), special.ndtr(-z)
    square = np.minimum(z**2 / d, 1.0)
    height = np.exp(special.gammaln(d / 2) - special.gammaln((d - 1) / 2)) / np.sqrt(np.pi * d) * d / (d - 1)
    return height * (1 - square) ** ((d - 1) / 2), 0.5 - 0.5 * special.betainc(0.5, (d - 1) / 2, square)


#: A ramp between two plateaus, and one that falls before it rises.
ACTIVATIONS = {
    "ramp": Ramps.of((0.5, -2.5), (1.5, 7.5)),
    "dip": Ramps.of((0.0, -2.5), (0.5, -4.0), (1.5, 7.5)),
}


class Inputs(NamedTuple):
    """What the limit sees of inputs: norms s [nodes, parts], labels y [nodes], and weights [nodes] that sum to one.

    ``dimension`` is that of Z, None for a normal one.
    """

    s: Array
    y: Array
    weight: Array
    dimension: int | None

    @classmethod
    def of(cls, separation: float, dimension: int, informative: int) -> Self:
        """Return the inputs: exact where all coordinates are informative, of high dimension otherwise."""
        y = np.array([1.0, -1.0])
        if informative < dimension:
            return cls(np.stack([1 + separation * y, np.ones(2)], 1), y, np.full(2, 0.5), None)
        half_squares, weight = special.roots_genlaguerre(_NODES, dimension / 2 - 1)
        norms, y = np.tile(np.sqrt(2 * half_squares / dimension), 2), np.repeat(y, _NODES)
        return cls(((1 + separation * y) * norms)[:, None], y, np.tile(weight / weight.sum(), 2) / 2, dimension)


def initial_radii(scale: float, sizes: tuple[int, ...], dimension: int, n: int) -> Array:
    """Return n points [n, parts] spread evenly over the law of radii of θ ~ N(0, scale²/dimension I).

    ``sizes`` are the numbers of coordinates of the parts.
    """
    k = np.arange(n) + 0.5
    # The first part's quantiles in order; the second's by steps of the golden ratio, which fill the square.
    levels = np.stack([k / n, k * (5**0.5 - 1) / 2 % 1.0], 1)[:, : len(sizes)]
    return scale * np.sqrt(2 * special.gammaincinv(np.array(sizes) / 2, levels) / dimension)


def flow(radii: Array, inputs: Inputs, σ: Ramps, *, dt: float, steps: int) -> tuple[Array, Array]:
    """Return radii [steps + 1, n, parts] and risks [steps + 1] of the limit; Runge-Kutta of fourth order."""
    squares = inputs.s**2

    def at(r: Array) -> tuple[Array, float]:
        τ = np.sqrt(r**2 @ squares.T)
        q, slope = σ.averaged(τ, inputs.dimension)
        error = inputs.y - q.mean(0)
        return 2 * (inputs.weight * error * slope / τ) @ squares * r, float(inputs.weight @ error**2)

    r, history, risks = radii, [], []
    for _ in range(steps + 1):
        v1, risk = at(r)
        history.append(r)
        risks.append(risk)
        v2 = at(r + dt / 2 * v1)[0]
        v3 = at(r + dt / 2 * v2)[0]
        r = np.maximum(r + dt / 6 * (v1 + 2 * v2 + 2 * v3 + at(r + dt * v3)[0]), _SMALLEST)
    return np.array(history), np.array(risks)


def least_risks(inputs: Inputs, σ: Ramps, *, n: int = 300, largest: float = 30.0) -> tuple[float, float]:
    """Return the least risk of any distribution of radii, and the least of a single radius; inputs have one part.

    The risk is convex in the distribution: least squares of nonnegative weights of n radii, with a row for their sum.
    """
    r = np.geomspace(largest / 1e4, largest, n)
    root = np.sqrt(inputs.weight)
    q = σ.averaged(r[:, None] * inputs.s[:, 0], inputs.dimension)[0]
    errors = root * (q - inputs.y)
    system = np.vstack([errors.T, np.full(n, _SUM)])
    weights, _ = optimize.nnls(system, np.append(np.zeros(len(root)), _SUM), maxiter=30 * n)
    mean = weights @ errors / weights.sum()
    return float(mean @ mean), float((errors**2).sum(1).min())
