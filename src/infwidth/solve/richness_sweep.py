"""Nets over richness and learning rate, trained online as one stack: at which rates they train, and how well."""

from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from infwidth.results.rows import Rows
from infwidth.specs import data as blocks
from infwidth.specs.block import Count, Depth, Nets, Positive, Several, Width
from infwidth.specs.cells import Computation

if TYPE_CHECKING:
    from infwidth.data.images import Images

Array = np.ndarray

#: A net trains at a rate if, over the last tenth of its steps, it is right on more than half of the fresh examples.
ACCURACY = 0.5


class Spec(Computation):
    """ReLU nets F = (f − f₀)/γ, f of mean-field size, trained online over γ in ``richness`` and learning rates.

    Weights are N(0, 1), read-in and hidden layers divided by √fan-in, the readout by the ``width`` N; SGD at N η, η in
    ``factors`` of γ² (1 + γ)^(2/L − 2), for the cross-entropy of γ (1 + γ)^(2/L − 1), with L = ``n_hidden`` + 1. The
    largest rate that trains is looked for by ``bisections`` of the logarithm between two factors.
    """

    name: Literal["richness_sweep"]
    loss: Literal["mse", "cross_entropy"]
    n_hidden: Depth
    width: Width
    richness: Several[Positive]
    factors: Several[Positive]
    steps: Count
    batch_size: Count
    bisections: Count
    n_seeds: Nets
    takes: ClassVar = (blocks.Images,)


def rows(spec: Spec, data: "Images") -> Rows:
    """Return ``online_loss`` and ``online_accuracy``, over the last tenth of steps, of nets over γ and rates.

    γ is ``richness`` by its place (index), the rate ``rate`` by index and factor (layer). A net that diverged has a row
    ``diverged`` in their place. ``largest_rate`` that trains, of every γ and seed that has one between two factors.
    """
    from infwidth.limits.richness_toy import rate_unit
    from infwidth.solve.richness_problem import Problem
    from infwidth.solve.stacked_members import train

    γ = np.array(spec.richness, float)
    rates = rate_unit(γ, spec.n_hidden + 1, spec.loss)[:, None] * np.array(spec.factors, float)
    problem = Problem(data, spec.loss, width=spec.width, n_hidden=spec.n_hidden, n_seeds=spec.n_seeds)
    batches = problem.batches(spec.steps, spec.batch_size)
    tail = max(1, spec.steps // 10)

    def trained(γ_at: Array, rate: Array, seed: Array) -> tuple[Array, Array, Array]:
        _, losses, right = train(problem.members(γ_at, rate, seed), batches, spec.loss)
        return losses[-tail:].mean(0), right[-tail:].mean(0), np.isfinite(losses).sum(0)

    i, j, seed = np.indices((len(γ), len(spec.factors), spec.n_seeds)).reshape(3, -1)
    loss, accuracy, lasted = trained(γ[i], rates[i, j], seed)
    out = Rows()
    out.add(0, "richness", γ)
    for column, factor in enumerate(spec.factors):
        of, layer = j == column, f"{factor:g}"
        out.add(0, "rate", rates[:, column], index=np.arange(len(γ)), layer=layer)
        on, off = of & np.isfinite(loss), of & ~np.isfinite(loss)
        out.add(spec.steps, "online_loss", loss[on], index=i[on], seed=seed[on], layer=layer)
        out.add(spec.steps, "online_accuracy", accuracy[on], index=i[on], seed=seed[on], layer=layer)
        out.add(lasted[off], "diverged", lasted[off], index=i[off], seed=seed[off], layer=layer)
    trains = (np.nan_to_num(accuracy) > ACCURACY).reshape(len(γ), len(spec.factors), spec.n_seeds)
    i, seed = np.nonzero(trains.any(1) & ~trains[:, -1])
    if len(i):
        last = trains.shape[1] - 1 - trains[:, ::-1].argmax(1)[i, seed]
        low, high = rates[i, last], rates[i, last + 1]
        for _ in range(spec.bisections):
            middle = np.sqrt(low * high)
            good = np.nan_to_num(trained(γ[i], middle, seed)[1]) > ACCURACY
            low, high = np.where(good, middle, low), np.where(good, high, middle)
        out.add(spec.steps, "largest_rate", np.sqrt(low * high), index=i, seed=seed)
    return out
