"""Small nets beside kernel descent, with their own initial kernel and with that of the infinite net."""

from typing import Literal

import numpy as np

from infwidth.results.rows import Rows
from infwidth.solve.small_nets import Point, examples, point, rms, tanh_net
from infwidth.specs.block import Count, Depth, Nets, Positive, Width
from infwidth.specs.cells import Computation


class Spec(Computation):
    """Tanh nets f = ``alpha`` (h − h0) that learn ``n_examples`` ±1 examples by gradient descent at rate lr/α²."""

    name: Literal["lazy_nets"]
    rule: Point
    alpha: Positive
    n_hidden: Depth
    width: Width
    n_inputs: Count
    n_examples: Count
    steps: Count
    lr: Positive
    n_seeds: Nets


def rows(spec: Spec, data: None) -> Rows:
    """Return how far every net is from kernel descent, f_(t+1) − f_t = −η K L′(f_t), and how far it moved.

    ``step_error``: the root mean square over steps and examples of f_(t+1) − f_t + η K L′ over that of f_(t+1) − f_t,
    K the net's own kernel at initialisation (layer "own") or that of the infinite net ("limit"). ``kernel_deviation``:
    ‖K − K_∞‖/‖K_∞‖ of the former from the latter. After training ``relative_change`` of each hidden layer, and
    ``entry_change``, the root mean square of the change of its weights over that of their initial values.
    """
    from infwidth.limits.abc_net import descent
    from infwidth.limits.kernels import mlp_kernels

    x, targets = examples(spec.n_examples, spec.n_inputs)
    inputs = np.sqrt(spec.n_inputs) * x.T  # the kernels' inputs are divided by √d there
    limit = mlp_kernels(inputs, n_hidden=spec.n_hidden, activation="tanh", sigma_w=1.0, sigma_b=0.0).ntk
    abc = point(spec.rule, spec.n_hidden)
    out = Rows(spec.lr)
    for seed in range(spec.n_seeds):
        first = tanh_net("lazy_nets", seed, abc, width=spec.width, n_inputs=spec.n_inputs)
        path = descent(first, x, targets, lr=spec.lr, scale=spec.alpha)
        functions = []
        last = first
        for _ in range(spec.steps + 1):
            last, function = next(path)
            functions.append(function[0, 0])
        f = np.array(functions)
        own = first.kernel(x)[0]
        errors = (f[:-1] - targets) / spec.n_examples
        for layer, kernel in (("own", own), ("limit", limit)):
            error = rms(np.diff(f, axis=0) + spec.lr * errors @ kernel) / rms(np.diff(f, axis=0))
            out.add(spec.steps, "step_error", error, layer=layer, seed=seed)
        out.add(0, "kernel_deviation", np.linalg.norm(own - limit) / np.linalg.norm(limit), seed=seed)
        _, before = first.forward(x)
        _, after = last.forward(x)
        for i in range(spec.n_hidden):
            layer = f"h{i + 1}"
            out.add(spec.steps, "relative_change", rms(after[i] - before[i]) / rms(before[i]), layer=layer, seed=seed)
            entries = rms(last.w[i] - first.w[i]) / rms(first.w[i])
            out.add(spec.steps, "entry_change", entries, layer=layer, seed=seed)
    return out
