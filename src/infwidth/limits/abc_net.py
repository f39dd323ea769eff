r"""A small net in an abc-parametrization with its multipliers written out: the finite partner of exact statements.

h_1 = W_1 ξ, x_l = φ(h_l), h_{l+1} = W_{l+1} x_l, f = W_{L+1} x_L with W_l = n^(-a_l) w_l; the trainable w_l starts at
n^(-b_l) times given standard normals and learns by SGD, one example a step, at rate η n^(-c_l) (Yang & Hu 2021, Eq. 1).
The loss is ½‖f - y‖², so that its derivative is χ = f - y. Float64, all seeds at once, no torch: for nets so small that
a trainer would cost more than the training.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from infwidth.activations import Activation, Array


def normals(rng: np.random.Generator, *, width: int, n_hidden: int, n_inputs: int, n_outputs: int) -> list[Array]:
    """Draw one net's standard normals, a matrix [fan-out, fan-in] for each of the ``n_hidden + 1`` layers."""
    sizes = [n_inputs, *[width] * n_hidden, n_outputs]
    return [rng.standard_normal((after, before)) for before, after in pairwise(sizes)]


class Net(NamedTuple):
    """The multipliers n^(-a_l), the rates n^(-c_l), the trainable w_l [seeds, fan-out, fan-in] and φ."""

    multipliers: list[float]
    rates: list[float]
    w: list[Array]
    activation: Activation

    def forward(self, x: Array) -> tuple[list[Array], list[Array]]:
        """Return for every layer what goes in and what comes out before φ, [seeds, units, examples]."""
        entering: list[Array] = []
        leaving: list[Array] = []
        for layer, (g, weight) in enumerate(zip(self.multipliers, self.w, strict=True)):
            entering.append(self.activation.value(leaving[-1]) if layer else x)
            leaving.append(g * (weight @ entering[-1]))
        return entering, leaving

    def backward(self, leaving: list[Array], gradient: Array) -> list[Array]:
        """Return ∂ℓ/∂h_l of every layer [seeds, units, examples], given that of the outputs."""
        gradients = [gradient]
        for layer in reversed(range(1, len(self.w))):
            back = self.multipliers[layer] * (_transposed(self.w[layer]) @ gradients[0])
            gradients.insert(0, back * self.activation.slope(leaving[layer - 1]))
        return gradients

    def gradients(self, entering: list[Array], backward: list[Array]) -> list[Array]:
        """Return ∂ℓ/∂w_l, summed over examples, from what :meth:`forward` and :meth:`backward` return."""
        layers = zip(self.multipliers, backward, entering, strict=True)
        return [g * (gradient @ _transposed(x)) for g, gradient, x in layers]

    def moved(self, gradients: Sequence[Array], lr: float) -> "Net":
        """Return the net after a step of gradient descent at rates lr n^(-c_l)."""
        layers = zip(self.w, self.rates, gradients, strict=True)
        return self._replace(w=[w - lr * rate * gradient for w, rate, gradient in layers])

    def kernel(self, x: Array) -> Array:
        """Return the tangent kernel K(x, x) [seeds, P, P] of a net with one output, x [inputs, P], rates included.

        Σ_l n^(-2a_l - c_l) (∂f/∂h_l · ∂f/∂h_l') (x_l · x_l'): gradient descent at rate η moves f by -η K ∂ℓ/∂f.
        """
        entering, leaving = self.forward(x)
        backward = self.backward(leaving, np.ones((1, x.shape[-1])))
        layers = zip(self.multipliers, self.rates, backward, entering, strict=True)
        kernels = [
            g**2 * rate * (_transposed(gradient) @ gradient) * (_transposed(z) @ z) for g, rate, gradient, z in layers
        ]
        return np.asarray(sum(kernels[1:], kernels[0]))


def _transposed(matrices: Array) -> Array:
    return np.swapaxes(matrices, -1, -2)


def initial(
    draws: Sequence[Array], exponents: tuple[Sequence[float], Sequence[float], Sequence[float]], activation: Activation
) -> Net:
    """Return the nets before training.

    ``draws`` holds for every layer the standard normals [seeds, fan-out, fan-in], ``exponents`` the a, b, c of the
    layers.
    """
    width = float(draws[0].shape[1])
    multipliers, stds, rates = ([width**-x for x in per_layer] for per_layer in exponents)
    return Net(multipliers, rates, [std * z for std, z in zip(stds, draws, strict=True)], activation)


def descent(net: Net, x: Array, targets: Array, *, lr: float, scale: float = 1.0) -> Iterator[tuple[Net, Array]]:
    """Yield, without end, nets and their functions scale · (f - f_0) at ``x`` under full-batch gradient descent.

    ``x`` is [inputs, P], ``targets`` [outputs, P]; the loss is the mean over examples of ½‖scale · (f - f_0) - y‖²,
    the learning rates are lr / scale² times n^(-c_l) (Chizat, Oyallon & Bach 2019). Functions: [seeds, outputs, P].
    """
    start: Array | None = None
    while True:
        entering, leaving = net.forward(x)
        start = leaving[-1] if start is None else start
        function = scale * (leaving[-1] - start)
        yield net, function
        error = scale * (function - targets) / x.shape[-1]
        net = net.moved(net.gradients(entering, net.backward(leaving, error)), lr / scale**2)


def trajectory(
    draws: Sequence[Array],
    exponents: tuple[Sequence[float], Sequence[float], Sequence[float]],
    activation: Activation,
    *,
    inputs: Array,
    targets: Array,
    lr: float,
    update: "Update | None" = None,
) -> Iterator[Net]:
    """Yield the nets before training and after every step, which learns one example.

    ``draws`` and ``exponents`` are as for :func:`initial`; ``inputs`` is [steps, inputs], ``targets`` [steps, outputs].
    ``update`` turns the gradients of a step into what is subtracted in their place (SGD: themselves).
    """
    net = initial(draws, exponents, activation)
    yield net
    for ξ, y in zip(inputs, targets, strict=True):
        entering, leaving = net.forward(ξ[:, None])
        gradients = net.gradients(entering, net.backward(leaving, leaving[-1] - y[:, None]))
        net = net.moved(gradients if update is None else update(net, gradients), lr)
        yield net


#: A net and its gradients → what gradient descent is to subtract, times the rates.
Update = Callable[[Net, list[Array]], list[Array]]


class Adam:
    """The update of Adam (β = 0.9 and 0.999), with eps in units of the multipliers, which gradients are made of."""

    def __init__(self, eps: float = 1e-8) -> None:
        self._eps, self._step = eps, 0
        self._moments: list[tuple[Array, Array]] = []

    def __call__(self, net: Net, gradients: list[Array]) -> list[Array]:
        """Return m̂/(√v̂ + eps) of every layer."""
        self._step += 1
        moments = self._moments or [(np.zeros_like(g), np.zeros_like(g)) for g in gradients]
        pairs = zip(moments, gradients, strict=True)
        self._moments = [(0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2) for (m, v), g in pairs]
        first, second = 1 - 0.9**self._step, 1 - 0.999**self._step
        return [
            (m / first) / (np.sqrt(v / second) + self._eps * multiplier)
            for (m, v), multiplier in zip(self._moments, net.multipliers, strict=True)
        ]


def train(
    draws: Sequence[Array],
    exponents: tuple[Sequence[float], Sequence[float], Sequence[float]],
    activation: Activation,
    *,
    inputs: Array,
    targets: Array,
    probes: Array,
    lr: float,
    update: Update | None = None,
) -> Array:
    """Return the outputs at ``probes`` [probes, inputs] before training and after every step.

    [steps + 1, seeds, outputs, probes]; other arguments as for :func:`trajectory`.
    """
    nets = trajectory(draws, exponents, activation, inputs=inputs, targets=targets, lr=lr, update=update)
    return np.stack([net.forward(probes.T)[1][-1] for net in nets])
