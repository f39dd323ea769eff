"""NNGP and neural tangent kernels of fully connected networks of any depth, at infinite width.

The network, in the NTK parametrization (every w and b is N(0, 1) and is trained at unit learning rate):

    h_1 = σ_w w_1 x / √d + σ_b b_1,    h_{l+1} = σ_w w_{l+1} φ(h_l) / √n + σ_b b_{l+1},    output h_{L+1}.

As n → ∞ the preactivations of every layer are Gaussian with deterministic covariance Σ_l and the tangent kernel of the
sub-network that ends at layer l tends to a deterministic Θ_l (Neal 1996; Lee et al. 2018; Jacot et al. 2018, Thm 1):

    Σ_1 = σ_w² x·x'/d + σ_b²,    Σ_{l+1} = σ_w² E[φφ] + σ_b²,
    Θ_1 = Σ_1,                   Θ_{l+1} = Σ_{l+1} + σ_w² E[φ'φ'] Θ_l,

the expectations under N(0, Σ_l). The derivative term takes the angle *before* the activation, at layer l.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from infwidth.errors import SpecError
from infwidth.limits.duals import Array, dual_of

#: Pairs handled at once: temporaries stay at a few times 8 MB whatever the number of inputs.
TILE_PAIRS = 2**20


@dataclass(frozen=True)
class Kernels:
    """Kernels of a network of L hidden layers between N1 and N2 inputs; entry ``l - 1`` of a stack is layer l.

    ``covariance`` [L+1, N1, N2] is Σ_l of the preactivations, the last one that of the outputs; ``derivative``
    [L, N1, N2] is E[φ'(h_l) φ'(h_l')]; ``tangent`` [L+1, N1, N2] is Θ_l, the NTK of the sub-network ending at h_l.
    """

    covariance: Array
    derivative: Array
    tangent: Array

    @property
    def nngp(self) -> Array:
        """Covariance [N1, N2] of one output over initialisations."""
        return self.covariance[-1]

    @property
    def ntk(self) -> Array:
        """Neural tangent kernel [N1, N2] of one output, all layers trained."""
        return self.tangent[-1]


def as_inputs(value: ArrayLike, name: str) -> Array:
    """Return ``value`` as a float64 matrix [points, dimension]; SpecError if it is empty, not 2-D or not finite."""
    matrix = np.asarray(value, dtype=np.float64)
    if matrix.ndim != 2 or matrix.size == 0:
        raise SpecError(f"{name} must be a non-empty matrix [points, dimension], not of shape {matrix.shape}")
    if not np.isfinite(matrix).all():
        raise SpecError(f"{name} holds values that are not finite")
    return matrix


def mlp_kernels(
    x1: ArrayLike,
    x2: ArrayLike | None = None,
    *,
    n_hidden: int,
    activation: str,
    sigma_w: float,
    sigma_b: float,
    gain: float | None = None,
) -> Kernels:
    """Return the kernels of every layer between inputs ``x1`` [N1, d] and ``x2`` [N2, d] (``x1`` itself if left out).

    ``n_hidden`` hidden layers of ``x -> gain · activation(x)`` ("relu", "erf" or "linear"; ``gain`` left out is √2 for
    relu, 1 otherwise), weight and bias scales ``sigma_w`` and ``sigma_b``, as in the module's equations. The kernels of
    ``x1`` with itself are exactly symmetric. Raises SpecError for a shape, depth or scale that has no meaning.
    """
    left = as_inputs(x1, "x1")
    right = left if x2 is None else as_inputs(x2, "x2")
    if left.shape[1] != right.shape[1]:
        raise SpecError(f"x1 has dimension {left.shape[1]} but x2 has {right.shape[1]}")
    if n_hidden < 1:
        raise SpecError(f"n_hidden must be at least 1, not {n_hidden}")
    if not 0 < sigma_w < math.inf or not 0 <= sigma_b < math.inf:
        raise SpecError(f"sigma_w must be positive and sigma_b not negative, not {sigma_w} and {sigma_b}")
    dual = dual_of(activation, gain)

    def affine(moment: Array) -> Array:
        return sigma_w**2 * moment + sigma_b**2

    def variances(inputs: Array) -> list[Array]:
        layers = [affine((inputs**2).mean(axis=1))]
        for _ in range(n_hidden - 1):
            layers.append(affine(dual(layers[-1], layers[-1], layers[-1])[0]))
        return layers

    v1, v2 = variances(left), variances(right)
    shape = (len(left), len(right))
    covariance = np.empty((n_hidden + 1, *shape))
    derivative = np.empty((n_hidden, *shape))
    tangent = np.empty((n_hidden + 1, *shape))
    covariance[0] = affine(left @ right.T / left.shape[1])
    if x2 is None:
        # arccos near one turns a rounding error of 1e-16 into 1e-8: the angle of a point with itself is made exactly 0.
        np.fill_diagonal(covariance[0], v1[0])
    tangent[0] = covariance[0]
    rows = max(1, TILE_PAIRS // shape[1])
    for start in range(0, shape[0], rows):
        tile = slice(start, start + rows)
        for layer in range(n_hidden):
            moment, slope = dual(covariance[layer, tile], v1[layer][tile, None], v2[layer])
            derivative[layer, tile] = slope
            covariance[layer + 1, tile] = affine(moment)
            tangent[layer + 1, tile] = covariance[layer + 1, tile] + sigma_w**2 * slope * tangent[layer, tile]
    return Kernels(covariance, derivative, tangent)
