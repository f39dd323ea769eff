r"""The μP limit of nets with one or two hidden layers and φ(x) = x or x², exact for the first steps of training.

The net has scalar inputs and outputs and learns one example (ξ, y) a step, with L = ½(f - y)² (Yang & Hu 2021, Fig. 4):

    h = ξ U,    x = φ(h),    [h̄ = W x,    x̄ = φ(h̄),]    f = V·x̄ / n,    χ = f - y;

U and V start with standard normal entries, W with N(0, 1/n), and all learn at a rate η that does not depend on n. With
d = V φ'(h̄) the updates are V ← V - η χ x̄, W ← W - η χ d xᵀ/n and U ← U - η χ ξ φ'(h) (Wᵀ d), Wᵀ of before the step.

A neuron of the infinite net is a function of independent standard Gaussians, and an average over neurons is the
expectation E. One hidden layer has no more to it (Thm 6.1). With two, neurons of the first layer are functions of U_0
and of what Wᵀ brings, those of the second of V_0 and of what W brings: one new Gaussian for each product. For x
orthonormal to all that W was multiplied with before, and the y orthonormal that Wᵀ was multiplied with,

    W x = g + Σ_r y_r E[x Wᵀy_r],    g standard Gaussian and independent of all before,

which is Ŵx + Ẇx of the paper (Def. 7.3, ZDot by Stein's lemma; Thm 6.4). The same holds for n neurons, with averages
for E and g projected off the y (the law of a Gaussian matrix given its products; derived here). So one code trains
infinite nets and, without ever writing W down, finite ones. In the decoupled net (Thm 6.3) the W_0ᵀ of backpropagation
is another matrix than W_0, independent of it.

For φ(x) = x neurons are linear in the Gaussians: vectors of coefficients, whose inner product is E. For φ(x) = x² they
are polynomials: values at the nodes of a Gauss–Hermite rule that is exact for their degrees.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import special

from infwidth.activations import ACTIVATIONS, Activation, Array
from infwidth.errors import SpecError, nearest

#: Quadrature nodes of one layer at most; a few arrays of this length are held for every step.
MAX_NODES = 2**22


#: Of these the limit is known. (The slope of the first is one, for neurons that are given by coefficients too.)
KNOWN = ("linear", "square")


@dataclass
class Layer:
    """The neurons of one hidden layer: an array [..., dim] holds one number a neuron, node, or Gaussian.

    ``start`` is U_0 or V_0, ``fresh`` yields standard Gaussians independent of it and of each other, and averages over
    neurons are sums of products with ``weights`` [dim].
    """

    start: Array
    fresh: Iterator[Array]
    weights: Array

    def mean(self, a: Array, b: Array) -> Array:
        """Return the average of a b over neurons, [..., 1]."""
        return ((a * b) @ self.weights)[..., None]


@dataclass
class _Products:
    """One side of a Gaussian matrix: what it was multiplied with there, orthonormal, and the products."""

    layer: Layer
    basis: list[Array] = field(default_factory=list)
    images: list[Array] = field(default_factory=list)


class GaussianMatrix:
    """An N(0, 1/n) matrix from layer ``source`` to layer ``target``, known only by the products taken so far."""

    def __init__(self, source: Layer, target: Layer) -> None:
        self._source, self._target = _Products(source), _Products(target)

    def forward(self, x: Array) -> Array:
        """Return W x, given all products so far."""
        return _multiply(x, self._source, self._target)

    def backward(self, y: Array) -> Array:
        """Return Wᵀ y, given all products so far."""
        return _multiply(y, self._target, self._source)


def _multiply(z: Array, source: _Products, target: _Products) -> Array:
    """Return the product of the matrix with ``z``, a vector of ``source``, and remember it (module's equation)."""
    mean = source.layer.mean
    rest, product = z, np.zeros(())
    for _ in range(2):  # Gram and Schmidt twice: orthogonal to the last digit
        for q, image in zip(source.basis, source.images, strict=True):
            c = mean(q, rest)
            rest, product = rest - c * q, product + c * image
    norm = np.sqrt(mean(rest, rest))
    new = norm > 1e-10 * np.sqrt(mean(z, z))  # else z is in the span of what came before
    q = np.where(new, rest, 0.0) / np.where(new, norm, 1.0)
    g = next(target.layer.fresh)
    image = g
    for y, back in zip(target.basis, target.images, strict=True):
        image = image + y * (mean(back, q) - target.layer.mean(y, g))
    source.basis.append(q)
    source.images.append(image)
    return product + norm * image


def train(
    layers: Sequence[Layer], activation: str, *, inputs: Array, targets: Array, lr: float, decoupled: bool = False
) -> Array:
    """Return f_t(ξ_t), the outputs at the examples [steps] before each is learned: [..., steps].

    One or two ``layers``: the infinite net of :func:`infinite_layers` or the finite ones of :func:`finite_layers`, not
    used before. ``decoupled`` makes no difference to one layer.
    """
    φ = ACTIVATIONS[activation]
    with np.errstate(over="ignore", invalid="ignore"):  # nets that diverge end as inf or nan
        if len(layers) == 1:
            return _one_hidden(layers[0], φ, inputs, targets, lr)
        return _two_hidden(layers[0], layers[1], φ, inputs, targets, lr, decoupled)


def _one_hidden(layer: Layer, φ: Activation, inputs: Array, targets: Array, lr: float) -> Array:
    """Thm 6.1, for the loss ½(f - y)²."""
    u, v = layer.start, next(layer.fresh)
    outputs = []
    for ξ, y in zip(inputs, targets, strict=True):
        h = ξ * u
        x = φ.value(h)
        f = layer.mean(v, x)
        outputs.append(f)
        χ = f - y
        u, v = u - lr * χ * ξ * (φ.slope(h) * v), v - lr * χ * x
    return np.concatenate(outputs, axis=-1)


def _two_hidden(
    first: Layer, second: Layer, φ: Activation, inputs: Array, targets: Array, lr: float, decoupled: bool
) -> Array:
    """Thms 6.3 (decoupled) and 6.4, for the loss ½(f - y)²."""
    u, v = first.start, second.start
    W = GaussianMatrix(first, second)
    W_back = GaussianMatrix(first, second) if decoupled else W
    outputs: list[Array] = []
    learned: list[tuple[Array, Array, Array]] = []  # W_t = W_0 - η Σ χ d xᵀ/n
    for ξ, y in zip(inputs, targets, strict=True):
        h = ξ * u
        x = φ.value(h)
        h2 = W.forward(x)
        for χ_s, d_s, x_s in learned:
            h2 = h2 - lr * χ_s * d_s * first.mean(x_s, x)
        x2 = φ.value(h2)
        f = second.mean(v, x2)
        outputs.append(f)
        if len(outputs) == len(inputs):
            break  # what the last example teaches is not asked for, and would need more Gaussians
        χ = f - y
        d = φ.slope(h2) * v
        back = W_back.backward(d)
        for χ_s, d_s, x_s in learned:
            back = back - lr * χ_s * x_s * second.mean(d_s, d)
        learned.append((χ, d, x))
        u, v = u - lr * χ * ξ * (φ.slope(h) * back), v - lr * χ * x2
    return np.concatenate(outputs, axis=-1)


def infinite_layers(activation: str, *, n_hidden: int, steps: int) -> list[Layer]:
    """Return the hidden layers of the infinite net, good for ``steps`` steps.

    Raises SpecError for an activation, depth or number of steps that has no meaning or would need too many nodes.
    """
    _check(activation, n_hidden, steps)
    if activation == "linear":
        sizes = [2] if n_hidden == 1 else [steps, steps + 1]
        return [_layer(np.eye(size), np.ones(size)) for size in sizes]
    return [_quadrature(degrees) for degrees in _degrees(n_hidden, steps)]


def finite_layers(rng: np.random.Generator, *, width: int, n_hidden: int, n_seeds: int) -> list[Layer]:
    """Return the hidden layers of ``n_seeds`` nets of ``width`` neurons, which draw their weights from ``rng``."""
    _check("linear", n_hidden, 1)
    if width < 1 or n_seeds < 1:
        raise SpecError(f"width and n_seeds must be at least 1, not {width} and {n_seeds}")

    def normals() -> Iterator[Array]:
        while True:
            yield rng.standard_normal((n_seeds, width))

    return [Layer(next(normals()), normals(), np.full(width, 1 / width)) for _ in range(n_hidden)]


def limit_outputs(
    activation: str, *, n_hidden: int, inputs: Array, targets: Array, lr: float, decoupled: bool = False
) -> Array:
    """Return f_t(ξ_t) of the infinite net at the examples [steps] before each is learned, [steps].

    ``activation`` is "linear" or "square", ``n_hidden`` 1 or 2 (``decoupled`` is for 2). Raises SpecError as
    :func:`infinite_layers` does, where inputs and targets are not two vectors of one length, and where the training
    diverges beyond what floating point holds (x² after two hidden layers does from η of a few hundredths).
    """
    if inputs.ndim != 1 or inputs.shape != targets.shape:
        raise SpecError(f"inputs and targets must be vectors of one length, not {inputs.shape} and {targets.shape}")
    layers = infinite_layers(activation, n_hidden=n_hidden, steps=len(inputs))
    outputs = train(layers, activation, inputs=inputs, targets=targets, lr=lr, decoupled=decoupled)
    if not np.isfinite(outputs).all():
        raise SpecError(f"at learning rate {lr} the infinite net has diverged after {len(inputs)} steps; take less")
    return outputs


def _check(activation: str, n_hidden: int, steps: int) -> None:
    if activation not in KNOWN:
        raise SpecError(
            f"activation '{activation}' is unknown here{nearest(activation, KNOWN)}; known: {', '.join(KNOWN)}"
        )
    if n_hidden not in (1, 2):
        raise SpecError(f"n_hidden must be 1 or 2, not {n_hidden}")
    if steps < 1:
        raise SpecError(f"steps must be at least 1, not {steps}")


def _layer(variables: Array, weights: Array) -> Layer:
    """Return the layer whose independent Gaussians are the rows of ``variables``, the first of them ``start``."""
    return Layer(variables[0], iter(variables[1:]), weights)


def _degrees(n_hidden: int, steps: int) -> list[list[int]]:
    """Return, for each layer of a net with φ(x) = x², the degree in each of its Gaussians of all whose mean is taken.

    They are bounds, reached where nothing cancels; T is the last step.
    """
    T = steps - 1
    if n_hidden == 1:
        return [[_shallow_degree(1, 0, T), _shallow_degree(0, 1, T)]]
    # U_{t+1} ∝ U_t (Wᵀd)_t, where Wᵀd is a new Gaussian (r) plus multiples of U_s², s ≤ t; the mean is of U_T⁴.
    first = [4 * 3**T, *(4 * 3 ** (T - 1 - r) for r in range(T))]
    return [first, [_readout_degree(1, 0, T), *(_readout_degree(0, 1, T - r) for r in range(steps))]]


def _shallow_degree(u: int, v: int, steps: int) -> int:
    """Return the degree of V U² after some steps in a Gaussian of degree u in U and v in V at first."""
    for _ in range(steps):
        u, v = u + v, max(v, 2 * u)
    return v + 2 * u


def _readout_degree(v: int, h: int, steps: int) -> int:
    """Return the highest degree of a mean in the second layer, in a Gaussian of degree v in V and h in h̄ at first."""
    highest = v + 2 * h
    for _ in range(steps):
        d = v + h  # d = V 2h̄
        v, h = max(v, 2 * h), max(h, d)
        highest = max(highest, 2 * d, v + 2 * h)
    return highest


def _quadrature(degrees: Sequence[int]) -> Layer:
    """Return a layer on the tensor grid of Gauss–Hermite rules that are exact for polynomials of ``degrees``."""
    sizes = [degree // 2 + 1 for degree in degrees]
    if math.prod(sizes) > MAX_NODES:
        raise SpecError(
            f"so many steps need polynomials of degrees {', '.join(map(str, degrees))} "
            f"({math.prod(sizes):.1e} nodes, more than {MAX_NODES}); take fewer"
        )
    rules = [special.roots_hermitenorm(size) for size in sizes]
    variables = np.meshgrid(*(nodes for nodes, _ in rules), indexing="ij")
    weights = np.ones(())
    for _, weight in rules:
        weights = np.multiply.outer(weights, weight / weight.sum())
    return _layer(np.stack([variable.ravel() for variable in variables]), weights.ravel())
