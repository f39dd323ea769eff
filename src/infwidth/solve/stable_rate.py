"""The largest learning rate at which nets of one output scale train without a rise of the loss above its start."""

import math
from itertools import islice
from typing import TYPE_CHECKING, Literal

import numpy as np

from infwidth.results.rows import Rows
from infwidth.solve.bracket import bracket
from infwidth.solve.small_nets import Point, examples, point, tanh_net
from infwidth.specs.block import Count, Depth, Nets, Positive, Width
from infwidth.specs.cells import Computation

if TYPE_CHECKING:
    from infwidth.limits.abc_net import Net

#: Of the two rates on either side; their mean is then known to 2 %.
_PRECISION = 0.03


class Spec(Computation):
    """Tanh nets f = ``alpha`` (h − h0) that learn ``n_examples`` ±1 examples by gradient descent at one rate η."""

    name: Literal["stable_rate"]
    rule: Point
    alpha: Positive
    n_hidden: Depth
    width: Width
    n_inputs: Count
    n_examples: Count
    steps: Count
    n_seeds: Nets


def rows(spec: Spec, data: None) -> Rows:
    """Return ``largest_rate`` of every net, the largest η at which no loss of ``steps`` steps exceeds the initial one.

    Octaves up from a thousandth of 2/λ of the net's own kernel, and a bisection in log₂ of the last one.
    """
    from infwidth.limits.abc_net import descent

    x, targets = examples(spec.n_examples, spec.n_inputs)
    out = Rows()
    for seed in range(spec.n_seeds):
        net = tanh_net("stable_rate", seed, point(spec.rule, spec.n_hidden), width=spec.width, n_inputs=spec.n_inputs)

        def trains(rate: float, net: "Net" = net) -> bool:
            path = descent(net, x, targets, lr=rate * spec.alpha**2, scale=spec.alpha)
            with np.errstate(over="ignore", invalid="ignore"):
                losses = [((f - targets) ** 2).mean() for _, f in islice(path, spec.steps + 1)]
            return bool(np.max(losses) <= losses[0])

        start = 2e-3 * spec.n_examples / (float(np.linalg.eigvalsh(net.kernel(x)[0])[-1]) * spec.alpha**2)
        low, high = bracket(trains, start=start, precision=_PRECISION)
        out.add(spec.steps, "largest_rate", math.sqrt(low * high), seed=seed)
    return out
