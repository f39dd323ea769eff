"""The toy model f(w) = (w^L − 1)/γ with target f = 1, of learning rates from lazy (γ ≪ 1) to ultra-rich (γ ≫ 1).

After Atanasov et al. (2025); its minimum, curvature and edges of stability in closed form.
"""

import math
from typing import Literal

import numpy as np

Array = np.ndarray
LossName = Literal["mse", "cross_entropy"]

#: The probability of the right answer that makes f = 1 the minimum of the cross-entropy: σ(1).
TARGET = 1 / (1 + math.exp(-1))


def rate_unit(gamma: Array, n_layers: int, loss: LossName = "mse") -> Array:
    """Return the unit of learning rates: γ² for γ ≪ 1 (γ for the cross-entropy), and γ^(2/L) for γ ≫ 1.

    With both powers of L layers joined, γ² (1 + γ)^(2/L − 2): up to a factor the toy model's edge of stability.
    """
    lazy = 2 if loss == "mse" else 1
    unit: Array = gamma**lazy * (1 + gamma) ** (2 / n_layers - lazy)
    return unit


def minimum(gamma: Array, n_layers: int) -> Array:
    """Return the weight (1 + γ)^(1/L) at which f = 1."""
    weight: Array = (1 + gamma) ** (1 / n_layers)
    return weight


def hessian(gamma: Array, n_layers: int, loss: LossName = "mse") -> Array:
    """Return the loss's second derivative in w at its minimum: L² (1 + γ)^(2 − 2/L)/γ² of ½(f − 1)².

    Of the cross-entropy σ(1) σ(−1) times that.
    """
    curvature: Array = n_layers**2 * (1 + gamma) ** (2 - 2 / n_layers) / gamma**2
    return curvature * (1.0 if loss == "mse" else TARGET * (1 - TARGET))


def excess(f: Array, loss: LossName) -> Array:
    """Return the loss at outputs ``f`` less its minimum: ½(f − 1)², or the divergence of σ(f) from σ(1)."""
    if loss == "mse":
        square: Array = (f - 1) ** 2 / 2
        return square
    with np.errstate(invalid="ignore"):
        above: Array = np.logaddexp(0, f) - TARGET * f - (np.logaddexp(0, 1) - TARGET)
    return above


def descend(w: Array, gamma: Array, rate: Array, *, n_layers: int, loss: LossName, steps: int) -> Array:
    """Return the weights after so many steps of gradient descent from ``w``; not numbers where they diverged."""
    with np.errstate(all="ignore"):
        for _ in range(steps):
            f = (w**n_layers - 1) / gamma
            error = f - 1 if loss == "mse" else np.exp(-np.logaddexp(0, -f)) - TARGET
            w = w - rate * error * n_layers * w ** (n_layers - 1) / gamma
    return np.where(np.isfinite(w), w, np.nan)
