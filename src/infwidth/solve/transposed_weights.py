"""Nets with a hidden matrix beside two limits: of the nets, and with another matrix in the place of its transpose."""

from typing import Literal

import numpy as np

from infwidth.results.rows import Rows
from infwidth.seeding import numpy_stream
from infwidth.solve.gauge_exponents import gauge_exponents
from infwidth.solve.signs import signs
from infwidth.specs.block import Count, Nets, Positive, Width
from infwidth.specs.cells import Computation


class Spec(Computation):
    """Linear μP nets with two hidden layers of ``width`` units and one input, which learn y = ξ = ±1, one a step."""

    name: Literal["transposed_weights"]
    width: Width
    steps: Count
    lr: Positive
    n_seeds: Nets


def rows(spec: Spec, data: None) -> Rows:
    """Return the nets' outputs and both limits', and how what backpropagation brings overlaps with what went forward.

    At step t, before the example is learned: ``output`` of every net, ``limit_output`` with Wᵀ in backpropagation
    ("transpose"), and with a matrix independent of W ("copy"); ``overlap``, the cosine of W_0ᵀ d_t with the first
    layer's x_t, d_t what comes back to the second (layer "transpose"), and the same of an independent copy of W_0
    ("copy"). ``deviation`` is the root mean square over steps of the outputs' differences from either limit.
    """
    from infwidth.activations import ACTIVATIONS
    from infwidth.limits.abc_net import normals, trajectory
    from infwidth.limits.nonlinear_mup import limit_outputs

    steps = np.arange(spec.steps)
    inputs = signs("transposed_weights", spec.steps)
    limits = {
        layer: limit_outputs("linear", n_hidden=2, inputs=inputs, targets=inputs, lr=spec.lr, decoupled=layer == "copy")
        for layer in ("transpose", "copy")
    }
    out = Rows(spec.lr)
    for layer, outputs in limits.items():
        out.add(steps, "limit_output", outputs, layer=layer)
    mup = gauge_exponents("mup", 2, "0", transform_rate=True)
    for seed in range(spec.n_seeds):
        rng = numpy_stream("init", "transposed_weights", spec.width, seed)
        draws = [z[None] for z in normals(rng, width=spec.width, n_hidden=2, n_inputs=1, n_outputs=1)]
        copy = rng.standard_normal((spec.width, spec.width))
        column = inputs[:, None]
        nets = trajectory(draws, mup, ACTIVATIONS["linear"], inputs=column, targets=column, lr=spec.lr)
        outputs = np.empty(spec.steps)
        for step, ξ, net in zip(steps, inputs, nets, strict=False):
            entering, leaving = net.forward(np.array([[ξ]]))
            outputs[step] = leaving[-1].item()
            back = net.backward(leaving, np.ones((1, 1, 1)))[1][0, :, 0]
            for layer, weights in (("transpose", draws[1][0]), ("copy", copy)):
                out.add(step, "overlap", _cosine(back @ weights, entering[1][0, :, 0]), layer=layer, seed=seed)
        out.add(steps, "output", outputs, seed=seed, index=-1)
        for layer, limit in limits.items():
            deviation = np.sqrt(((outputs - limit) ** 2).mean())
            out.add(spec.steps - 1, "deviation", deviation, layer=layer, seed=seed)
    return out


def _cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))
