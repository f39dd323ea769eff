"""The linear μP limit beside its finite nets, which are too small to need a trainer."""

from typing import Literal

import numpy as np

from infwidth.results.rows import Rows
from infwidth.seeding import numpy_stream
from infwidth.solve.gauge_exponents import gauge_exponents
from infwidth.solve.signs import signs
from infwidth.specs.block import Count, Nets, Positive, Width
from infwidth.specs.cells import Computation


class Spec(Computation):
    """Linear nets with one hidden layer of ``width`` units, trained on ±1 examples one by one."""

    name: Literal["linear_mup"]
    n_inputs: Count
    n_outputs: Count
    width: Width
    steps: Count
    lr: Positive
    n_seeds: Nets


def rows(spec: Spec, data: None) -> Rows:
    """Return the linear μP limit beside its finite nets of one width.

    ``limit_output``, and ``output_mean`` and ``output_std`` over nets: first output at the first input, at every step.
    For every net (seed), after the last step: ``trained_deviation``, the root mean square of f_n - f over outputs and
    ±1 inputs, and ``sampled_deviation``, that of a net drawn from the infinite one with the same initial weights.
    """
    from infwidth.activations import ACTIVATIONS
    from infwidth.limits import linear_mup
    from infwidth.limits.abc_net import normals, train

    d, d_o, width, seeds = spec.n_inputs, spec.n_outputs, spec.width, range(spec.n_seeds)
    examples = signs("linear_mup", spec.steps, d + d_o)
    inputs, targets = examples[:, :d], examples[:, d:]
    history = linear_mup.train(inputs, targets, lr=spec.lr)
    functions = np.stack([coefficients.function for coefficients in history])

    nets = [
        normals(numpy_stream("init", "linear_mup", width, seed), width=width, n_hidden=1, n_inputs=d, n_outputs=d_o)
        for seed in seeds
    ]
    draws = [np.stack(layer) for layer in zip(*nets, strict=True)]
    mup = gauge_exponents("mup", 1, "0", transform_rate=True)
    trained = train(draws, mup, ACTIVATIONS["linear"], inputs=inputs, targets=targets, probes=np.eye(d), lr=spec.lr)
    sampled = history[-1].sample(*draws)

    def deviation(of_nets: np.ndarray) -> np.ndarray:
        # The mean of (xᵀ M x) over x in {±1}^d is the trace of M.
        return np.sqrt(((of_nets - functions[-1]) ** 2).sum(axis=(1, 2)) / d_o)

    first, steps = inputs[0], range(len(functions))
    outputs = trained[:, :, 0] @ first
    out = Rows(spec.lr)
    out.add(steps, "limit_output", functions[:, 0] @ first)
    out.add(steps, "output_mean", outputs.mean(axis=1), of="ensemble")
    out.add(steps, "output_std", outputs.std(axis=1, ddof=1), of="ensemble")
    out.add(spec.steps, "trained_deviation", deviation(trained[-1]), seed=seeds)
    out.add(spec.steps, "sampled_deviation", deviation(sampled), seed=seeds)
    return out
