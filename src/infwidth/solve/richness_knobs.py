"""The knobs by which papers go from lazy to rich, each turned as its paper does, on one task."""

from typing import TYPE_CHECKING, Literal

import numpy as np

from infwidth.results.rows import Rows
from infwidth.solve.small_nets import examples
from infwidth.specs.block import Count, Depth, Nets, Positive, Several, Width
from infwidth.specs.cells import Computation

if TYPE_CHECKING:
    import torch

    from infwidth.solve.stacked_members import Members

#: Losses are looked at every so many steps.
_EVERY = 2


class Spec(Computation):
    """ReLU nets of ``n_hidden`` layers that learn ``n_examples`` ±1 examples by full-batch descent, by every knob.

    The knob that is γ₀ itself takes all values of ``richness``; the others take every other one, in turns, converted to
    what the paper has in its place; Karkada's r goes from 0 to 1/2. Rates are ``factor`` in units of the toy model's
    edge, in the paper's unit of time. A net is measured as soon as ``level`` of its loss is left.
    """

    name: Literal["richness_knobs"]
    n_hidden: Depth
    width: Width
    n_inputs: Count
    n_examples: Count
    richness: Several[Positive]
    factor: Positive
    level: Positive
    steps: Count
    n_seeds: Nets


def rows(spec: Spec, data: None) -> Rows:
    """Return for every knob (layer) and place (index) its ``knob`` value, its ``richness``, and what training moved.

    ``kernel_change`` of the last hidden layer's kernel of features, over its size at the start, when the level of the
    loss is reached; a net that does not come to it has no row.
    """
    import torch

    from infwidth.parametrization.knobs import KNOBS
    from infwidth.solve.stacked_members import train

    signs, targets = examples(spec.n_examples, spec.n_inputs)
    x, y = torch.from_numpy(signs * spec.n_inputs**0.5), torch.from_numpy(targets)
    size = (spec.width, spec.n_hidden + 1, spec.n_inputs)
    out, settings = Rows(), []
    for place, (name, knob) in enumerate(KNOBS.items()):
        mine = np.array(spec.richness, float)[slice(place % 2, None, 2) if place else slice(None)]
        if name == "karkada2024":
            mine = spec.width ** -np.linspace(0.5, 0, 5)
        for index, gamma0 in enumerate(mine.tolist()):
            value = knob.value(gamma0, *size)
            out.add(0, "richness", knob.richness(value, *size), index=index, layer=name)
            out.add(0, "knob", value, index=index, layer=name)
            settings += [(name, index, seed, value, gamma0) for seed in range(spec.n_seeds)]
    members = _members(spec, settings)
    before, enough = members.features(x)[-1], spec.level * members.losses(x, y, "mse")
    waiting = torch.ones(len(members), dtype=torch.bool)
    found: dict[int, float] = {}

    def watch(step: int, present: "Members") -> None:
        if step % _EVERY or not len(present):
            return
        done = waiting[present.numbers] & (present.losses(x, y, "mse") < enough[present.numbers])
        if done.any():
            chosen = present[done]
            waiting[chosen.numbers] = False
            for number, after in zip(chosen.numbers.tolist(), chosen.features(x)[-1], strict=True):
                found[number] = _kernel_change(before[number], after)

    train(members, [(x, y)] * spec.steps, "mse", watch)
    for number, value in found.items():
        name, index, seed, _, _ = settings[number]
        out.add(spec.steps, "kernel_change", value, index=index, layer=name, seed=seed)
    return out


def _members(spec: Spec, settings: list[tuple[str, int, int, float, float]]) -> "Members":
    """Return a member for each (knob, place, seed, value, γ₀), set up as the paper has it."""
    import torch

    from infwidth.limits.richness_toy import rate_unit
    from infwidth.parametrization.knobs import KNOBS
    from infwidth.solve.stacked_members import Members, normals

    N, L, d = spec.width, spec.n_hidden + 1, spec.n_inputs
    draws = normals([d, *[N] * spec.n_hidden, 1], range(spec.n_seeds), "knobs", N)
    recipes = [KNOBS[name].recipe(value, N, L, d) for name, _, _, value, _ in settings]
    seeds = [seed for _, _, seed, _, _ in settings]
    step = N * spec.factor * rate_unit(np.array([gamma0 for *_, gamma0 in settings]), L)
    stds, multipliers, rates = (
        torch.tensor([getattr(recipe, what) for recipe in recipes], dtype=torch.float64)
        for what in ("stds", "multipliers", "rates")
    )
    start = [std[:, None, None] * draw[seeds] for std, draw in zip(stds.T, draws, strict=True)]
    return Members(
        weights=[w.clone() for w in start],
        start=start,
        origin=torch.arange(len(settings)),
        multipliers=multipliers,
        rates=torch.from_numpy(step)[:, None] * rates,
        scale=torch.tensor([recipe.scale for recipe in recipes], dtype=torch.float64),
    )


def _kernel_change(before: "torch.Tensor", after: "torch.Tensor") -> float:
    first, last = before.mT @ before, after.mT @ after
    return float((last - first).norm() / first.norm())
