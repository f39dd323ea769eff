r"""Two isotropic Gaussians told apart by a wide two-layer net: its mean-field limit.

y = ±1 with equal odds, x ~ N(0, (1 + yΔ)² I_d), the net is f(x) = (1/N) Σ_i σ(<θ_i, x>). Every unit is a particle θ_i
in R^d, SGD with one fresh example a step moves it by 2ε (y - f(x)) σ'(<θ_i, x>) x, and with t = kε their distribution
follows, for N → ∞ and ε → 0, the gradient flow of the risk R = E (y - f(x))². The problem is isotropic, and so is the
distribution if it starts so; what is left are the radii r = |θ|. With s = |x| / √d and ω the first coordinate of a
random point on the unit sphere of R^d

    f(x) = E_r h(r s),    h(τ) = E σ(τ √d ω),    dr/dt = 2 E_{y,s} (y - f) s h'(r s).

This is exact for every d. In the paper's reduced dynamics, d → ∞, √d ω is a standard normal and s = 1 + yΔ, no more.
σ is linear between two plateaus, so that h needs the distribution function Φ of √d ω and E[√d ω; √d ω > z] only.
"""

from typing import NamedTuple

import numpy as np
from scipy import interpolate, special

from infwidth.activations import Activation, Array

#: σ is LOW up to START, HIGH from END on, and linear between.
LOW, HIGH, START, END = -2.5, 7.5, 0.5, 1.5
SLOPE = (HIGH - LOW) / (END - START)
PLATEAUS = Activation(
    "plateaus",
    lambda z: np.clip(LOW + SLOPE * (z - START), LOW, HIGH),
    lambda z: SLOPE * ((z > START) & (z < END)),
)

#: Nodes for |x| of each class.
_NODES = 8


def projected(τ: Array, dimension: int | None) -> tuple[Array, Array]:
    """Return h(τ) and h'(τ), τ > 0; ``dimension`` None is d → ∞."""
    (tail_a, Φ_a), (tail_b, Φ_b) = _tail(START / τ, dimension), _tail(END / τ, dimension)
    h = LOW * Φ_a + HIGH * (1 - Φ_b) + (LOW - SLOPE * START) * (Φ_b - Φ_a) + SLOPE * τ * (tail_a - tail_b)
    return h, SLOPE * (tail_a - tail_b)


def _tail(z: Array, d: int | None) -> tuple[Array, Array]:
    """Return E[Z; Z > z] and P(Z < z) of Z = √d ω, whose density goes as (1 - z²/d)^((d-3)/2); z > 0."""
    if d is None:
        return np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi), special.ndtr(z)
    square = np.minimum(z**2 / d, 1.0)
    height = np.exp(special.gammaln(d / 2) - special.gammaln((d - 1) / 2)) / np.sqrt(np.pi * d) * d / (d - 1)
    return height * (1 - square) ** ((d - 1) / 2), 0.5 + 0.5 * special.betainc(0.5, (d - 1) / 2, square)


class Inputs(NamedTuple):
    """What the limit sees of an input: s = |x| / √d, the label y, and weights that sum to one."""

    s: Array
    y: Array
    weight: Array


def input_nodes(separation: float, dimension: int | None) -> Inputs:
    """Return nodes for the distribution of s and y: Gauss-Laguerre in |x|², one node a class for d → ∞."""
    s, weight = np.ones(1), np.ones(1)
    if dimension is not None:
        half_squares, weight = special.roots_genlaguerre(_NODES, dimension / 2 - 1)
        s = np.sqrt(2 * half_squares / dimension)
    y = np.repeat([1.0, -1.0], len(s))
    return Inputs(np.tile(s, 2) * (1 + separation * y), y, np.tile(weight / weight.sum(), 2) / 2)


def initial_radii(scale: float, dimension: int, n: int) -> Array:
    """Return n quantiles of |θ| for θ ~ N(0, scale²/d I), in order; the flow keeps them so."""
    return scale * np.sqrt(2 * special.gammaincinv(dimension / 2, levels(n)) / dimension)


def flow(radii: Array, inputs: Inputs, dimension: int | None, *, dt: float, steps: int) -> tuple[Array, Array]:
    """Return radii [steps + 1, quantiles] and risk [steps + 1] of the limit; Runge-Kutta of fourth order."""

    def at(r: Array) -> tuple[Array, float]:
        h, slope = projected(r[:, None] * inputs.s, dimension)
        error = inputs.weight * (inputs.y - h.mean(0))
        return 2 * slope @ (error * inputs.s), float((error**2 / inputs.weight).sum())

    r, history, risks = radii, [], []
    for _ in range(steps + 1):
        v1, risk = at(r)
        history.append(r)
        risks.append(risk)
        v2 = at(r + dt / 2 * v1)[0]
        v3 = at(r + dt / 2 * v2)[0]
        r = r + dt / 6 * (v1 + 2 * v2 + 2 * v3 + at(r + dt * v3)[0])
    return np.array(history), np.array(risks)


def levels(n: int) -> Array:
    """Return the levels in (0, 1) of n quantiles."""
    return (np.arange(n) + 0.5) / n


def function_of(radii: Array, s: Array, dimension: int) -> Array:
    """Return f of the limit where |x| = s √d; it is smooth in s, and h is dear."""
    nodes = np.linspace(s.min(), s.max(), 80)
    return interpolate.CubicSpline(nodes, projected(radii[:, None] * nodes, dimension)[0].mean(0))(s)
