r"""Infinite-width training of linear residual nets of any depth, all of whose blocks learn features: exact vectors.

The net (Yang et al. 2023, Tensor Programs VI, Section 4; Bordelon et al. 2023, Section 2, with φ linear) has L blocks,

    h^0 = U x / √D,    h^l = h^{l-1} + a L^{-α} W^l h^{l-1},    f = ⟨V, h^L⟩ / γ0,    ⟨V, h⟩ = (1/n) Σ V_i h_i,

with U and V that start at N(0, 1) and W^l at N(0, 1/n). Let g^l = γ0 n ∂f/∂h^l, of an output, and χ = -∂loss/∂f. A step
adds η γ0 a L^{-γ} Σ_P χ g^l ⟨h^{l-1}, ·⟩ to W^l: for α = γ that is SGD at rate η γ0², for α = γ = 1/2 of Depth-μP.

As n → ∞ the coordinates of every vector are independent copies of one Gaussian variable, a sum of independent standard
ones: those of U and V, and two new ones for every product, with W^l or its transpose, that is not a sum of older ones.
A vector is therefore kept by its coefficients in these, ⟨h, h'⟩ is their inner product, and products with the initial
matrices follow the rule of Tensor Programs: if Y are orthonormal and W^T Y = B is known, for a new unit vector q

    W q = ĝ + Y ⟨B, q⟩,    ĝ a new standard Gaussian,    and for W^T the same with the sides exchanged.

The second term is the response that dynamical mean-field theory calls A and B, and the paper's recursion Γ. Nothing is
sampled and nothing iterated: the numbers are exact for gradient descent by finite steps, at finite depth L.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from infwidth.activations import Array
from infwidth.errors import InfwidthError, SpecError

#: Outputs [P, k] of a batch of examples (their places) → χ = -∂loss/∂f [P, k].
Slope = Callable[[Array, Sequence[int]], Array]

#: A vector is known already if what is new in it is relatively shorter than this.
_NEW = 1e-9
#: Outputs beyond this are those of a descent that will not come back.
_DIVERGED = 1e6


@dataclass(frozen=True, kw_only=True)
class DepthScaling:
    """How a block enters: a L^{-α} times, and what a step adds to it: L^{-γ}. The defaults are those of Depth-μP."""

    multiplier: float = 1.0
    branch_power: float = 0.5
    update_power: float = 0.5

    def branch(self, n_blocks: int) -> float:
        """Return a L^{-α}."""
        return self.multiplier * n_blocks**-self.branch_power

    def update(self, n_blocks: int) -> float:
        """Return a L^{-γ}."""
        return self.multiplier * n_blocks**-self.update_power


class Moment(NamedTuple):
    """What the net says of the batch of one step, before it learns from it."""

    outputs: Array
    """f [P, k]."""
    kernels: Array
    """⟨h^l_μ, h^l_ν⟩ of l = 0, …, L, [L + 1, P, P]."""

    @property
    def rms(self) -> Array:
        """The root mean square of the neurons of every layer, [L + 1, P]."""
        return np.sqrt(np.einsum("lpp->lp", self.kernels))


def train_linear_residual(
    kernel: Array,
    batches: Sequence[Sequence[int]],
    slope: Slope,
    *,
    n_blocks: int,
    n_outputs: int,
    lr: float,
    scaling: DepthScaling | None = None,
    gamma0: float = 1.0,
    train_ends: bool = True,
) -> Iterator[Moment]:
    """Yield what the infinitely wide linear residual net says of every batch, and train it on that.

    ``kernel`` is K^x = x xᵀ/D of all examples, ``batches`` the places of the examples of each step, ``lr`` the η of the
    module's docstring; U and V learn at the rates of μP, η γ0² n / D and η n for f = V·h / (γ0 n), or stay as they are
    (``train_ends`` false, as in Tensor Programs VI). ``scaling`` is that of Depth-μP if left out. T batches of P
    examples and k outputs take about 16 (L T (P + min(P, k)))² bytes.
    Raises SpecError for arguments that do not fit, InfwidthError when the descent diverges.
    """
    kernel = np.asarray(kernel, dtype=np.float64)
    if kernel.ndim != 2 or len(kernel) != kernel.shape[1] or not np.allclose(kernel, kernel.T, rtol=1e-6):
        raise SpecError(f"the kernel must be x xᵀ/D, square and symmetric, not {kernel.shape}")
    if n_blocks < 1 or n_outputs < 1 or not all(math.isfinite(x) and x > 0 for x in (lr, gamma0)):
        raise SpecError(f"n_blocks {n_blocks}, n_outputs {n_outputs}, lr {lr:g} and gamma0 {gamma0:g} must be positive")
    if not all(0 <= place < len(kernel) for batch in batches for place in batch):
        raise SpecError(f"batches name examples that the kernel of {len(kernel)} does not have")
    scaling = scaling or DepthScaling()
    c, update = scaling.branch(n_blocks), lr * gamma0 * scaling.update(n_blocks)
    products = [(len(batch), min(len(batch), n_outputs)) for batch in batches]  # forward and backward, a block
    axes = _Axes(n_outputs + len(kernel) + n_blocks * sum(map(sum, products)))
    readout = axes.take(n_outputs)
    root = _root(kernel)
    inputs = root @ axes.take(root.shape[1])
    blocks = [_Block(axes, *(sum(n) for n in zip(*products, strict=True))) for _ in range(n_blocks)]
    for batch in batches:
        places = list(batch)
        layers = [inputs[places]]
        for block in blocks:
            layers.append(layers[-1] + c * block.forward(layers[-1]))
        moment = Moment(layers[-1] @ readout.T / gamma0, np.stack([h @ h.T for h in layers]))
        if not np.abs(moment.outputs).max() <= _DIVERGED:
            raise InfwidthError(f"the infinite linear residual net diverges (n_blocks {n_blocks}, lr {lr:g})")
        yield moment
        χ = slope(moment.outputs, batch)
        # Σ_P χ g hᵀ is a sum over examples of (χ g) hᵀ, or over outputs of g (χ h)ᵀ: whichever has fewer products.
        by_example = len(places) <= n_outputs
        g = χ @ readout if by_example else readout.copy()
        for block, h in zip(reversed(blocks), reversed(layers[:-1]), strict=True):
            back = g + c * block.backward(g)
            block.learn(update * g, h if by_example else χ.T @ h)
            g = back
        if train_ends:
            readout = readout + lr * gamma0 * χ.T @ layers[-1]
            inputs = inputs + lr * gamma0 * (kernel[:, places] @ (g if by_example else χ @ g))


def _root(kernel: Array) -> Array:
    """Return R [S, r] with R Rᵀ = kernel, r its rank; raises SpecError where there is none."""
    values, vectors = np.linalg.eigh(kernel)
    if values[0] < -1e-6 * max(values[-1], 0.0):
        raise SpecError("the kernel must have no negative eigenvalue, as x xᵀ/D has none")
    kept = values > 1e-13 * values[-1]
    root: Array = vectors[:, kept] * np.sqrt(values[kept])
    return root


class _Axes:
    """The independent standard Gaussians that all vectors are sums of, taken one after the other."""

    def __init__(self, most: int) -> None:
        self.size, self._taken = most, 0

    def take(self, n: int) -> Array:
        """Return n that no vector holds yet, [n, size]."""
        fresh = np.zeros((n, self.size))
        fresh[np.arange(n), self._taken + np.arange(n)] = 1.0
        self._taken += n
        return fresh


@dataclass
class _Side:
    """Of one side of W: orthonormal vectors that were multiplied, in rows [r, size], and what came out [r, size]."""

    basis: Array
    images: Array
    known: int = 0


@dataclass
class _Block:
    """W = W_0 + Σ g hᵀ, given by its products."""

    axes: _Axes
    most_forward: int
    most_backward: int
    gradients: list[Array] = field(default_factory=list)
    activations: list[Array] = field(default_factory=list)

    def __post_init__(self) -> None:
        forward, backward = (self.most_forward, self.axes.size), (self.most_backward, self.axes.size)
        self.source = _Side(np.zeros(forward), np.zeros(forward))
        self.target = _Side(np.zeros(backward), np.zeros(backward))

    def forward(self, vectors: Array) -> Array:
        """Return W h of each row h."""
        return _initial_product(vectors, self.source, self.target, self.axes) + _outer(
            vectors, self.activations, self.gradients
        )

    def backward(self, vectors: Array) -> Array:
        """Return Wᵀ g of each row g."""
        return _initial_product(vectors, self.target, self.source, self.axes) + _outer(
            vectors, self.gradients, self.activations
        )

    def learn(self, gradients: Array, activations: Array) -> None:
        """Add the sum over rows of g hᵀ to W."""
        self.gradients.append(gradients)
        self.activations.append(activations)


def _outer(vectors: Array, inner: Sequence[Array], outer: Sequence[Array]) -> Array:
    total = np.zeros_like(vectors)
    for a, b in zip(inner, outer, strict=True):
        total += (vectors @ a.T) @ b
    return total


def _initial_product(vectors: Array, own: _Side, other: _Side, axes: _Axes) -> Array:
    """Return the products of rows with W_0 (or its transpose, the sides exchanged), and remember what was new."""
    products = np.empty_like(vectors)
    for i, vector in enumerate(vectors):
        basis, rest = own.basis[: own.known], vector
        for _ in range(2):  # twice is enough to be orthogonal to the last digit
            rest = rest - (basis @ rest) @ basis
        length = float(np.linalg.norm(rest))
        products[i] = (basis @ vector) @ own.images[: own.known]
        if length > _NEW * float(np.linalg.norm(vector)):
            q = rest / length
            image = axes.take(1)[0] + (other.images[: other.known] @ q) @ other.basis[: other.known]
            own.basis[own.known], own.images[own.known] = q, image
            own.known += 1
            products[i] += length * image
    return products
