"""Duals of activations: the two Gaussian moments from which every infinite-width kernel is built.

For (u, v) centred Gaussian with variances ``v1``, ``v2`` and covariance ``c``, the dual of φ is the pair
``E[φ(u) φ(v)]`` and ``E[φ'(u) φ'(v)]``. Nothing else about the activation enters a kernel, of a fully connected or a
convolutional network, at initialisation.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from infwidth.errors import SpecError, nearest

Array = NDArray[np.float64]
Dual = Callable[[Array, Array, Array], tuple[Array, Array]]


def relu(c: Array, v1: Array, v2: Array) -> tuple[Array, Array]:
    """Return the dual of ``max(x, 0)`` from covariances ``c`` and variances ``v1``, ``v2`` (broadcast together).

    With θ the angle of the correlation, ``E[φφ] = √(v1 v2) (sin θ + (π - θ) cos θ) / 2π`` and
    ``E[φ'φ'] = (π - θ) / 2π`` (Cho & Saul 2009, the arc-cosine kernels of degrees 1 and 0). Where a variance is zero
    the angle has no meaning and is taken as π: both moments vanish, which is the convention φ'(0) = 0.
    """
    scale = np.sqrt(v1 * v2)
    # Rounding can carry a cosine past one by a unit in the last place, where arccos is not a number.
    if (scale > 0).all():
        cosine = np.clip(c / scale, -1.0, 1.0)
    else:
        cosine = np.where(scale > 0, np.clip(c / np.where(scale > 0, scale, 1.0), -1.0, 1.0), -1.0)
    # sin θ from the cosine: half the time of taking it from θ.
    past, sine = math.pi - np.arccos(cosine), np.sqrt((1.0 - cosine) * (1.0 + cosine))
    return scale * (sine + past * cosine) / (2 * math.pi), past / (2 * math.pi)


def erf(c: Array, v1: Array, v2: Array) -> tuple[Array, Array]:
    """Return the dual of the error function from covariances ``c`` and variances ``v1``, ``v2`` (broadcast together).

    ``E[φφ] = (2/π) arcsin(2c / √((1 + 2 v1)(1 + 2 v2)))`` (Williams 1997) and, its derivative in ``c`` (Price's
    theorem), ``E[φ'φ'] = (4/π) / √((1 + 2 v1)(1 + 2 v2) - 4c²)``.
    """
    product = (1 + 2 * v1) * (1 + 2 * v2)
    return 2 / math.pi * np.arcsin(2 * c / np.sqrt(product)), 4 / math.pi / np.sqrt(product - 4 * c**2)


def linear(c: Array, v1: Array, v2: Array) -> tuple[Array, Array]:
    """Return the dual of the identity: the covariance itself, and one."""
    return c, np.ones_like(c)


DUALS: dict[str, Dual] = {"relu": relu, "erf": erf, "linear": linear}

#: √2 relu keeps the second moment of a centred Gaussian; the other two are taken as they are.
STANDARD_GAIN = {"relu": math.sqrt(2), "erf": 1.0, "linear": 1.0}


def dual_of(activation: str, gain: float | None = None) -> Dual:
    """Return the dual of ``x -> gain · activation(x)``.

    ``activation`` is "relu", "erf" or "linear"; ``gain`` left out is √2 for relu and 1 for the others.
    Raises SpecError for another name, or a gain that is not positive and finite.
    """
    if activation not in DUALS:
        raise SpecError(
            f"activation '{activation}' has no known dual{nearest(activation, DUALS)}; known: {', '.join(DUALS)}"
        )
    factor = STANDARD_GAIN[activation] if gain is None else gain
    if not 0 < factor < math.inf:
        raise SpecError(f"gain must be positive and finite, not {gain}")
    plain = DUALS[activation]

    def dual(c: Array, v1: Array, v2: Array) -> tuple[Array, Array]:
        moment, derivative = plain(c, v1, v2)
        return factor**2 * moment, factor**2 * derivative

    return dual
