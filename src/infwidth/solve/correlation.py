"""Weights times activations in trained nets: independent weights against their correlated change."""

from typing import Literal

from infwidth.results.rows import Rows
from infwidth.seeding import numpy_stream
from infwidth.solve.gauge_exponents import gauge_exponents
from infwidth.solve.signs import signs
from infwidth.solve.small_nets import rms
from infwidth.specs.block import Count, Nets, Positive, Width
from infwidth.specs.cells import Computation


class Spec(Computation):
    """Tanh nets with two hidden layers of ``width`` units in μP, trained on ±1 examples one by one."""

    name: Literal["correlation"]
    width: Width
    n_inputs: Count
    steps: Count
    lr: Positive
    n_seeds: Nets


def rows(spec: Spec, data: None) -> Rows:
    """Return how large W x is for weights independent of x and for their change, which is not, in a trained tanh net.

    Of the second of two hidden layers in μP, at the last example, for every net (seed): ``initial_product``, the root
    mean square of W_0 x over those of W_0 and x, which the central limit theorem says is √n, and ``update_product``,
    the same of the change of W, for which the law of large numbers says n.
    """
    from infwidth.activations import ACTIVATIONS
    from infwidth.limits.abc_net import normals, trajectory

    d, width = spec.n_inputs, spec.width
    examples = signs("correlation", spec.steps, d + 1)
    mup = gauge_exponents("mup", 2, "0", transform_rate=True)
    out = Rows(spec.lr)
    for seed in range(spec.n_seeds):
        rng = numpy_stream("init", "correlation", width, seed)
        draws = [z[None] for z in normals(rng, width=width, n_hidden=2, n_inputs=d, n_outputs=1)]
        nets = trajectory(draws, mup, ACTIVATIONS["tanh"], inputs=examples[:, :d], targets=examples[:, d:], lr=spec.lr)
        first = last = next(nets)
        for net in nets:
            last = net
        x = last.forward(examples[-1, :d, None])[0][1]
        for metric, weights in (("initial_product", first.w[1]), ("update_product", last.w[1] - first.w[1])):
            out.add(spec.steps, metric, rms(weights @ x) / (rms(weights) * rms(x)), seed=seed)
    return out
