"""The toy model of learning rates over richness: its descent beside the closed form of its edge of stability."""

from typing import Literal

import numpy as np

from infwidth.results.rows import Rows
from infwidth.specs.block import Count, Depth, Positive, Several
from infwidth.specs.cells import Computation

Array = np.ndarray

#: Descent has converged where its loss is within so much of the minimum, in units of what f = 0 has.
_CONVERGED = 1e-3
#: How far beside the minimum the local edge is looked for, in units of f; and the halvings of a logarithm of a bracket.
_BESIDE, _HALVINGS = 1e-3, 30


class Spec(Computation):
    """The model f(w) = (w^L − 1)/γ of ``n_layers`` L with target 1, started at w = 1, at every γ in ``richness``.

    Rates are ``factors`` of γ² (1 + γ)^(2/L − 2), for the cross-entropy of γ (1 + γ)^(2/L − 1).
    """

    name: Literal["richness_toy"]
    loss: Literal["mse", "cross_entropy"]
    n_layers: Depth
    richness: Several[Positive]
    factors: Several[Positive]
    steps: Count


def rows(spec: Spec, data: None) -> Rows:
    """Return the ``excess_loss`` after training over γ (index; ``richness``) and ``rate`` (layer: its factor).

    ``largest_rate`` at which descent from w = 1 converges (layer "start") or stays finite ("bounded"), and at which it
    comes back from a place beside the minimum ("minimum"), by bisection; ``edge`` is 2 over the minimum's curvature.
    """
    from infwidth.limits import richness_toy as model

    γ, L = np.array(spec.richness, float), spec.n_layers
    rates = model.rate_unit(γ, L, spec.loss)[:, None] * np.array(spec.factors, float)

    def left(start: Array, rate: Array, richness: Array) -> Array:
        w = model.descend(start, richness, rate, n_layers=L, loss=spec.loss, steps=spec.steps)
        with np.errstate(over="ignore"):
            return model.excess((w**L - 1) / richness, spec.loss)

    out, index = Rows(), np.arange(len(γ))
    edge = 2 / model.hessian(γ, L, spec.loss)
    out.add(0, "richness", γ)
    out.add(0, "edge", edge)
    final = left(np.ones_like(rates), rates, γ[:, None])
    for j, factor in enumerate(spec.factors):
        out.add(0, "rate", rates[:, j], index=index, layer=f"{factor:g}")
        seen = np.isfinite(final[:, j])
        out.add(spec.steps, "excess_loss", final[seen, j], index=index[seen], layer=f"{factor:g}")
    one, worst = np.ones_like(γ), model.excess(np.zeros(1), spec.loss)
    beside = (1 + γ * (1 + _BESIDE)) ** (1 / L)
    moved = model.excess(np.array([1 + _BESIDE]), spec.loss)
    holds = {
        "start": lambda rate: left(one, rate, γ) < _CONVERGED * worst,
        "bounded": lambda rate: np.isfinite(left(one, rate, γ)),
        "minimum": lambda rate: left(beside, rate, γ) < moved,
    }
    for name, does in holds.items():
        low, high = edge / 4, 1e3 * np.maximum(edge, model.rate_unit(γ, L, spec.loss))
        for _ in range(_HALVINGS):
            middle = np.sqrt(low * high)
            good = does(middle)
            low, high = np.where(good, middle, low), np.where(good, high, middle)
        out.add(spec.steps, "largest_rate", low, index=index, layer=name)
    return out
