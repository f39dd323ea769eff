"""μP limits of nets with φ(x) = x or x² beside their finite nets."""

from typing import Literal

import numpy as np

from infwidth.results.rows import Rows
from infwidth.seeding import numpy_stream
from infwidth.solve.signs import signs
from infwidth.specs.block import Count, Nets, Positive, Width
from infwidth.specs.cells import Computation


class Spec(Computation):
    """Nets with one or two hidden layers of ``width`` units, trained on ±1 examples one by one.

    ``decoupled``: whether backpropagation has matrices of its own, independent of those of the forward pass.
    """

    name: Literal["nonlinear_mup"]
    activation: Literal["linear", "square"]
    n_hidden: Literal[1, 2]
    decoupled: bool
    width: Width
    steps: Count
    lr: Positive
    n_seeds: Nets


def rows(spec: Spec, data: None) -> Rows:
    """Return the loss ½(f - y)² of the infinite net and of ``n_seeds`` finite ones of one width, all on the same ±1.

    ``limit_loss`` (seed -1) and ``loss`` (every net) at step 0, 1, …, ``steps`` - 1, each at the example that the step
    then learns; ``deviation``, |f_n - f_∞| of every net at the last of them. All cells see the beginning of one stream
    of examples; a seed has the same weights whatever the learning rate.
    """
    from infwidth.limits.nonlinear_mup import finite_layers, limit_outputs, train

    steps, n_hidden, seeds = np.arange(spec.steps), spec.n_hidden, np.arange(spec.n_seeds)
    inputs, targets = signs("nonlinear_mup", spec.steps, 2).T
    exact = limit_outputs(
        spec.activation, n_hidden=n_hidden, inputs=inputs, targets=targets, lr=spec.lr, decoupled=spec.decoupled
    )
    rng = numpy_stream("init", "nonlinear_mup", n_hidden, spec.width)
    nets = finite_layers(rng, width=spec.width, n_hidden=n_hidden, n_seeds=spec.n_seeds)
    outputs = train(nets, spec.activation, inputs=inputs, targets=targets, lr=spec.lr, decoupled=spec.decoupled)

    out = Rows(spec.lr)
    out.add(steps, "limit_loss", 0.5 * (exact - targets) ** 2)
    out.add(steps, "loss", 0.5 * (outputs - targets) ** 2, seed=seeds[:, None])
    out.add(spec.steps - 1, "deviation", np.abs(outputs - exact)[:, -1], seed=seeds)
    return out
