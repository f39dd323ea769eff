r"""A small net in an abc-parametrization with its multipliers written out: the finite partner of exact statements.

h_1 = W_1 ξ, x_l = φ(h_l), h_{l+1} = W_{l+1} x_l, f = W_{L+1} x_L with W_l = n^(-a_l) w_l; the trainable w_l starts at
n^(-b_l) times given standard normals and learns by SGD, one example a step, at rate η n^(-c_l) (Yang & Hu 2021, Eq. 1).
The loss is ½‖f - y‖², so that its derivative is χ = f - y. Float64, all seeds at once, no torch: for nets so small that
a trainer would cost more than the training.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from infwidth.activations import Activation, Array


def normals(rng: np.random.Generator, *, width: int, n_hidden: int, n_inputs: int, n_outputs: int) -> list[Array]:
    """Draw one net's standard normals, a matrix [fan-out, fan-in] for each of the ``n_hidden + 1`` layers."""
    sizes = [n_inputs, *[width] * n_hidden, n_outputs]
    return [rng.standard_normal((after, before)) for before, after in pairwise(sizes)]


class Net(NamedTuple):
    """The multipliers n^(-a_l), the trainable w_l [seeds, fan-out, fan-in] and φ."""

    multipliers: list[float]
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


def trajectory(
    draws: Sequence[Array],
    exponents: tuple[Sequence[float], Sequence[float], Sequence[float]],
    activation: Activation,
    *,
    inputs: Array,
    targets: Array,
    lr: float,
) -> Iterator[Net]:
    """Yield the nets before training and after every step.

    ``draws`` holds for every layer the standard normals [seeds, fan-out, fan-in], ``exponents`` the a, b, c of the
    layers; ``inputs`` is [steps, inputs], ``targets`` [steps, outputs].
    """
    width = float(draws[0].shape[1])
    multipliers, stds, rates = ([width**-x for x in per_layer] for per_layer in exponents)
    net = Net(multipliers, [std * z for std, z in zip(stds, draws, strict=True)], activation)
    yield net
    for ξ, y in zip(inputs, targets, strict=True):
        entering, leaving = net.forward(ξ[:, None])
        gradient = leaving[-1] - y[:, None]
        w = list(net.w)
        for layer in reversed(range(len(w))):
            step = multipliers[layer] * (gradient @ np.swapaxes(entering[layer], -1, -2))
            if layer:
                back = multipliers[layer] * (np.swapaxes(w[layer], -1, -2) @ gradient)
                gradient = back * activation.slope(leaving[layer - 1])
            w[layer] = w[layer] - lr * rates[layer] * step
        net = net._replace(w=w)
        yield net


def train(
    draws: Sequence[Array],
    exponents: tuple[Sequence[float], Sequence[float], Sequence[float]],
    activation: Activation,
    *,
    inputs: Array,
    targets: Array,
    probes: Array,
    lr: float,
) -> Array:
    """Return the outputs at ``probes`` [probes, inputs] before training and after every step.

    [steps + 1, seeds, outputs, probes]; other arguments as for :func:`trajectory`.
    """
    nets = trajectory(draws, exponents, activation, inputs=inputs, targets=targets, lr=lr)
    return np.stack([net.forward(probes.T)[1][-1] for net in nets])
