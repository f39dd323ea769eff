"""One small net trained at one point of its gauge orbit."""

from typing import Literal

import numpy as np

from infwidth.results.rows import Rows
from infwidth.seeding import numpy_stream
from infwidth.solve.gauge_exponents import gauge_exponents
from infwidth.solve.signs import signs
from infwidth.specs.block import Count, Depth, Positive, RationalText, Width, unsaid
from infwidth.specs.cells import Computation
from infwidth.specs.parametrization import NamedRule

_N_PROBES = 4


class Spec(Computation):
    """A tanh net under ``rule``, moved by θ: a + θ, b − θ, c − 2θ (Adam: c − θ), or c left where it was.

    ``rate_of`` is the optimizer whose change of the rate is taken, if not its own.
    """

    name: Literal["gauge_orbit"]
    rule: NamedRule
    n_hidden: Depth
    width: Width
    n_inputs: Count
    steps: Count
    lr: Positive
    theta: RationalText
    transform_rate: bool
    optimizer: Literal["sgd", "adam"] = unsaid("sgd")
    rate_of: Literal["sgd", "adam"] | None = unsaid()


def rows(spec: Spec, data: None) -> Rows:
    """Return the outputs of one small tanh net, multipliers written out, at one point θ of its gauge orbit.

    ``output`` at four fixed inputs (index), at every step; initial normals and examples are the same for all θ.
    """
    from infwidth.activations import ACTIVATIONS
    from infwidth.limits.abc_net import Adam, normals, train

    d = spec.n_inputs
    rng = numpy_stream("init", "gauge_orbit", spec.width)
    draws = normals(rng, width=spec.width, n_hidden=spec.n_hidden, n_inputs=d, n_outputs=1)
    examples = signs("gauge_orbit", spec.steps, d + 1)
    outputs = train(
        [layer[None] for layer in draws],
        gauge_exponents(
            spec.rule,
            spec.n_hidden,
            spec.theta,
            transform_rate=spec.transform_rate,
            optimizer=spec.optimizer,
            rate_of=spec.rate_of or spec.optimizer,
        ),
        ACTIVATIONS["tanh"],
        inputs=examples[:, :d],
        targets=examples[:, d:],
        probes=signs("gauge_orbit probes", _N_PROBES, d),
        lr=spec.lr,
        update=Adam() if spec.optimizer == "adam" else None,
    )
    step, index = np.divmod(np.arange(outputs.size), _N_PROBES)
    out = Rows(spec.lr, seed=0)
    out.add(step, "output", outputs.ravel(), index=index)
    return out
