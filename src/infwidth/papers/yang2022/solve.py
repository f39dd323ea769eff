"""The equal formulations of μP, trained."""

from typing import Literal, Self

import numpy as np
from pydantic import model_validator

from infwidth.papers.yang2022.limits import PRINTED, solved
from infwidth.results.rows import Rows
from infwidth.seeding import numpy_stream
from infwidth.specs.block import Count, Depth, Positive, Width
from infwidth.specs.cells import Computation


class Formulations(Computation):
    """Tanh nets of one width, initial normals and stream of examples, in the form of each table."""

    name: Literal["yang2022.formulations"]
    optimizer: Literal["sgd", "adam"]
    width: Width
    n_hidden: Depth
    n_inputs: Count
    n_outputs: Count
    steps: Count
    lr: Positive
    n_seeds: Count

    @model_validator(mode="after")
    def _has_hidden_weights(self) -> Self:
        if self.n_hidden < 2:
            raise ValueError("n_hidden 1 has no hidden weights, which are a column of the tables: say 2 or more")
        return self


def formulations(spec: Formulations, data: None) -> Rows:
    """Return of each table (layer) the ``output`` at one input, and the exponents that the solver derives.

    ``output`` (index: of which class) at every step of float64 training by one example a step, multipliers written out,
    rates and initial sizes as printed. ``a``, ``b``, ``c`` of input, hidden and output weights (index) as derived.
    """
    from infwidth.activations import ACTIVATIONS
    from infwidth.limits.abc_net import Adam, normals, trajectory

    out = Rows(spec.lr)
    rng = numpy_stream("evaluation", "formulations")
    inputs = rng.standard_normal((spec.steps, spec.n_inputs))
    targets = rng.standard_normal((spec.steps, spec.n_outputs))
    probe = rng.standard_normal((spec.n_inputs, 1))
    sizes = {
        "width": spec.width,
        "n_hidden": spec.n_hidden,
        "n_inputs": spec.n_inputs,
        "n_outputs": spec.n_outputs,
    }
    draws = [normals(numpy_stream("init", "formulations", seed), **sizes) for seed in range(spec.n_seeds)]
    together = [np.stack(layer) for layer in zip(*draws, strict=True)]
    seeds, classes = np.arange(spec.n_seeds)[:, None], np.arange(spec.n_outputs)
    for table, printed in PRINTED.items():
        abc = printed.abc(spec.optimizer, spec.n_hidden)
        a, b, c = ([float(x) for x in letter] for letter in (abc.a, abc.b, abc.c))
        nets = trajectory(
            together,
            (a, b, c),
            ACTIVATIONS["tanh"],
            inputs=inputs / spec.n_inputs**0.5,
            targets=targets,
            lr=spec.lr,
            update=Adam() if spec.optimizer == "adam" else None,
        )
        for step, net in enumerate(nets):
            outputs = net.forward(probe / spec.n_inputs**0.5)[1][-1][:, :, 0]
            out.add(step, "output", outputs, layer=table, seed=seeds, index=classes)
        derived = solved(table, spec.optimizer, spec.n_hidden)
        for letter, values in (("a", derived.a), ("b", derived.b), ("c", derived.c)):
            out.add(0, letter, [float(values[layer]) for layer in (0, 1, -1)], layer=table)
    return out
