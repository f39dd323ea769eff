"""The first steps of small nets at any point of the space of parametrizations: what moves, and by which power of n."""

from itertools import islice
from typing import Literal, Self

import numpy as np
from pydantic import model_validator

from infwidth.results.rows import Rows
from infwidth.solve.small_nets import Point, examples, point, rms, tanh_net
from infwidth.specs.block import Count, Depth, Nets, Positive, RationalText, Width, unsaid
from infwidth.specs.cells import Computation


class Spec(Computation):
    """Tanh nets that learn ``n_examples`` ±1 examples by full-batch gradient descent from f − f0, at a point ``rule``.

    ``richness`` is for Karkada's family ("stp") and its control ("slow_hidden"), α = ``gamma`` n^richness.
    """

    name: Literal["first_steps"]
    rule: Point
    n_hidden: Depth
    width: Width
    n_inputs: Count
    n_examples: Count
    steps: Count
    lr: Positive
    n_seeds: Nets
    richness: RationalText | None = unsaid()
    gamma: Positive = unsaid(1.0)

    @model_validator(mode="after")
    def _has_the_richness_it_needs(self) -> Self:
        if (self.richness is None) == (self.rule in ("stp", "slow_hidden")):
            raise ValueError(f"rule '{self.rule}' {'needs a' if self.richness is None else 'takes no'} richness")
        return self


def rows(spec: Spec, data: None) -> Rows:
    """Return the sizes of all that W x is made of, before and after ``steps`` steps, for every net.

    For each layer (h1, …, f): ``initial_size`` and ``update_size``, the root mean squares of W_0 x, x the layer's input
    at initialisation, and of ΔW x, x that after training; ``initial_product`` and ``update_product``, the same over
    those of the factors. For hidden layers ``relative_change``, ‖Δh‖/‖h‖, ``layer_part``, ‖ΔW x‖/‖Δh‖, and
    ``useful_update``, −∂L/∂h·Δh over the initial loss, whose decrease relative to it is ``loss_decrease``.
    """
    from infwidth.limits.abc_net import descent

    x, targets = examples(spec.n_examples, spec.n_inputs)
    abc = point(spec.rule, spec.n_hidden, spec.richness)
    layers = [*(f"h{layer}" for layer in range(1, spec.n_hidden + 1)), "f"]
    out = Rows(spec.lr)
    for seed in range(spec.n_seeds):
        net = tanh_net("first_steps", seed, abc, width=spec.width, n_inputs=spec.n_inputs, gamma=spec.gamma)
        path = descent(net, x, targets, lr=spec.lr)
        (first, start), *_, (last, end) = islice(path, spec.steps + 1)
        entered, before = first.forward(x)
        entering, after = last.forward(x)
        backward = first.backward(before, (start - targets) / spec.n_examples)
        initial_loss = 0.5 * (targets**2).mean()

        def add(metric: str, value: float, layer: str = "", seed: int = seed) -> None:
            out.add(spec.steps, metric, value, layer=layer, seed=seed)

        add("loss_decrease", 1.0 - 0.5 * ((end - targets) ** 2).mean() / initial_loss)
        for i, layer in enumerate(layers):
            g, initial, change = first.multipliers[i], first.w[i], last.w[i] - first.w[i]
            update = g * (change @ entering[i])
            add("initial_size", rms(before[i]), layer)
            add("update_size", rms(update), layer)
            add("initial_product", rms(initial @ entered[i]) / (rms(initial) * rms(entered[i])), layer)
            add("update_product", rms(change @ entering[i]) / (rms(change) * rms(entering[i])), layer)
            if layer == "f":
                continue
            moved = after[i] - before[i]
            add("relative_change", rms(moved) / rms(before[i]), layer)
            add("layer_part", rms(update) / rms(moved), layer)
            add("useful_update", float(-np.sum(backward[i] * moved)) / initial_loss, layer)
    return out
