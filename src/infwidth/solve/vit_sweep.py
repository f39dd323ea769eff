"""Vision transformers trained by Adam at many learning rates side by side, of one rule, width and depth."""

import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Protocol, Self

import numpy as np
from pydantic import Field, model_validator

from infwidth.results.rows import Rows
from infwidth.solve.rows_of_rates import RowsOfRates
from infwidth.specs import data as blocks
from infwidth.specs.block import Count, Depth, Nets, Positive, Says, Several, Width
from infwidth.specs.cells import Computation

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from infwidth.models.vit import ViT
    from infwidth.parametrization import Plan

#: Weights of the nets that are trained side by side: 256 MiB in single precision.
_SIDE_BY_SIDE = 2**26


class Labelled(Protocol):
    """Images x [P, C, H, W] and their classes y [P]."""

    x_train: "torch.Tensor"
    y_train: "torch.Tensor"
    n_classes: int


class Spec(Computation):
    """Nets of :class:`infwidth.models.vit.ViT`, trained on the cross-entropy at every rate of ``lr``.

    Under a ``rule`` they continue that of ``base_width`` in width. Products of queries and keys are divided by √d,
    d = width/heads, under "sp", by d/√d0 under "mup", d0 = ``base_width``/heads. A branch is divided by
    (L/L0)^``branch_power``, of ``n_blocks`` and ``base_blocks`` blocks; with "1/2" the branches' rates are, too, by
    √(L/L0). At base width and depth all are one net.

    Losses are averaged over the last part ``late_part`` of the steps. A seed starts from the same normal draws at all
    rates and under all rules; shallower nets are the first blocks of deeper ones; all see the same batches.
    """

    name: Literal["vit_sweep"]
    rule: Literal["sp", "mup"]
    width: Width
    base_width: Width
    n_heads: Count
    n_blocks: Depth
    base_blocks: Depth
    branch_power: Literal["0", "1/2"]
    mlp_ratio: Count
    patch_size: Count
    lr: Several[Positive]
    steps: Count
    late_part: Annotated[int | float, Field(gt=0, le=1), Says("must be a part of the steps, above 0 and up to 1")]
    batch_size: Count
    n_seeds: Nets
    takes: ClassVar = (blocks.Images,)

    @model_validator(mode="after")
    def _has_whole_heads(self) -> Self:
        for width in (self.width, self.base_width):
            if width % self.n_heads:
                raise ValueError(f"a width of {width} cannot be divided among {self.n_heads} heads")
        return self

    @property
    def attention_multiplier(self) -> float:
        """What products of queries and keys over d are multiplied with."""
        return math.sqrt((self.width if self.rule == "sp" else self.base_width) / self.n_heads)


def rows(spec: Spec, data: Labelled) -> Rows:
    """Return what every net of every rate comes to.

    ``late_loss``: mean over the last steps of the loss of a batch before it is learned, at the last step;
    ``diverged``, in its place, where a loss was not finite before: the number of updates until then, at that step.
    """
    out, nets = RowsOfRates(spec.lr), [(lr, seed) for lr in spec.lr for seed in range(spec.n_seeds)]
    late = max(1, round(spec.late_part * spec.steps))
    together = max(1, _SIDE_BY_SIDE // sum(parameter.numel() for parameter in _shapes(spec, data).parameters()))
    for start in range(0, len(nets), together):
        part = nets[start : start + together]
        for (lr, seed), losses in zip(part, _losses(spec, data, part).T, strict=True):
            finite = np.isfinite(losses)
            if finite.all():
                out.at[lr].add(spec.steps, "late_loss", losses[-late:].mean(), seed=seed)
            else:
                updates = int(finite.argmin())
                out.at[lr].add(updates, "diverged", updates, seed=seed)
    return out


def plan(spec: Spec, data: Labelled, lr: float) -> "Plan":
    """Return the starts and rates of the nets at a rate, under Adam."""
    from infwidth.parametrization import parametrize, scale_with_depth

    model = _shapes(spec, data)
    base, wider = (_shapes(spec, data, width) for width in (spec.base_width, 2 * spec.base_width))
    its = parametrize(model, base, spec.rule, optimizer="adam", lr=lr, delta_model=wider)
    if spec.branch_power == "0":
        return its
    inside = {id(weight) for branch in model.residual_branches for weight in branch.parameters()}
    branches = [name for name, weight in model.named_parameters() if id(weight) in inside]
    return scale_with_depth(its, branches, Fraction(spec.n_blocks, spec.base_blocks))


def net(spec: Spec, data: Labelled, width: int | None = None) -> "ViT":
    """Return a net as torch starts it, of another width if one is given."""
    from infwidth.models.vit import ViT

    _, *image = data.x_train.shape
    return ViT(
        (image[0], image[1], image[2]),
        data.n_classes,
        patch_size=spec.patch_size,
        width=width or spec.width,
        n_heads=spec.n_heads,
        n_blocks=spec.n_blocks,
        mlp_ratio=spec.mlp_ratio,
        attention_multiplier=spec.attention_multiplier,
        branch_multiplier=(2 * spec.base_blocks) ** float(Fraction(spec.branch_power)),
        branch_power=spec.branch_power,
    )


def _shapes(spec: Spec, data: Labelled, width: int | None = None) -> "ViT":
    from infwidth.models.shapes import shapes_only

    with shapes_only():
        return net(spec, data, width)


def _stack(spec: Spec, data: Labelled, plans: "list[Plan]", seeds: list[int]) -> "dict[str, Tensor]":
    """Return the initial weights of all nets by name, [nets, …]."""
    import torch

    starts = {}
    for seed in sorted(set(seeds)):
        plans[0].init_(model := _shapes(spec, data).to_empty(device="cpu"), seed)  # of all rates the same
        starts[seed] = {name: weight.detach() for name, weight in model.named_parameters()}
    return {name: torch.stack([starts[seed][name] for seed in seeds]).requires_grad_() for name in plans[0]}


def _forward(spec: Spec, data: Labelled) -> "Callable[[dict[str, Tensor], Tensor], Tensor]":
    """Return what makes of weights [nets, …] and images [P, C, H, W] the logits [nets, P, k]."""
    import torch
    from torch.nn.attention import SDPBackend, sdpa_kernel

    template = _shapes(spec, data)

    def of_one(weights: "dict[str, Tensor]", x: "Tensor") -> "Tensor":
        with sdpa_kernel(SDPBackend.MATH):  # the fused attention of the CPU knows no stacks
            logits: Tensor = torch.func.functional_call(template, weights, (x,))
        return logits

    return torch.vmap(of_one, in_dims=(0, None))


def _losses(spec: Spec, data: Labelled, nets: list[tuple[float, int]]) -> np.ndarray:
    """Return the loss on every batch before it is learned from, [steps, nets], of rates and seeds."""
    import torch
    from torch.nn.functional import cross_entropy

    from infwidth.training.stacked_optimizers import StackedAdam

    of_rates = {lr: plan(spec, data, lr) for lr in dict(nets)}
    plans = [of_rates[lr] for lr, _ in nets]
    weights = _stack(spec, data, plans, [seed for _, seed in nets])
    forward, optimizer, losses = _forward(spec, data), StackedAdam(plans, weights), []
    for x, y in _batches(spec, data):
        logits = forward(weights, x)
        of_nets = cross_entropy(logits.flatten(0, 1), y.repeat(len(nets)), reduction="none").view(len(nets), -1).mean(1)
        gradients = torch.autograd.grad(of_nets.sum(), list(weights.values()))
        with torch.no_grad():
            optimizer.step(dict(zip(weights, gradients, strict=True)))
        losses.append(of_nets.detach())
    return torch.stack(losses).double().numpy()


def _batches(spec: Spec, data: Labelled) -> "Iterator[tuple[Tensor, Tensor]]":
    from infwidth.data.streams import Batches

    batches = Batches(len(data.x_train), spec.batch_size)
    for step in range(spec.steps):
        seen = batches.indices(step)
        yield data.x_train[seen], data.y_train[seen].long()
