"""Transformers of one width trained by Adam at many learning rates side by side, of one depth and rule for depths."""

import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

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

    from infwidth.data.tokens import Windows
    from infwidth.models.residual import Residual
    from infwidth.models.transformer import Transformer
    from infwidth.parametrization import Plan

#: Weights of the nets that are trained side by side: 256 MiB in single precision.
_SIDE_BY_SIDE = 2**26


class Spec(Computation):
    """Nets of :class:`infwidth.models.transformer.Transformer`, trained on the cross-entropy at every rate of ``lr``.

    A branch is divided by (L/L0)^``branch_power``, of ``n_blocks`` and ``base_blocks`` blocks, and its rates and eps
    follow as :func:`infwidth.parametrization.scale_branches` says; with "0" nothing does. At base depth all are one
    net. Products of queries and keys are divided by √(width/heads).

    A batch is at most the whole text. Losses are averaged over the last part ``late_part`` of the steps. After
    training, branches are compared with what is linear in their weights on the first ``probe_windows`` windows. A seed
    starts from the same normal draws at all rates and under all rules; shallower nets are the first blocks of deeper
    ones; all see the same batches.
    """

    name: Literal["depth_sweep"]
    width: Width
    n_heads: Count
    n_blocks: Depth
    base_blocks: Depth
    branch_power: Literal["0", "1/2", "1"]
    mlp_ratio: Positive
    lr: Several[Positive]
    steps: Count
    late_part: Annotated[int | float, Field(gt=0, le=1), Says("must be a part of the steps, above 0 and up to 1")]
    batch_size: Count
    probe_windows: Count
    n_seeds: Nets
    takes: ClassVar = (blocks.Windows,)

    @model_validator(mode="after")
    def _has_whole_heads(self) -> Self:
        if self.width % self.n_heads:
            raise ValueError(f"a width of {self.width} cannot be divided among {self.n_heads} heads")
        return self


def rows(spec: Spec, data: "Windows") -> Rows:
    """Return what every net of every rate comes to.

    - ``late_loss``: mean over the last steps of the loss of a batch before it is learned, at the last step
    - ``diverged``, in its place, where a loss was not finite before: the number of updates until then, at that step
    - ``beyond_linear``, of the nets that did not diverge: :func:`branch_changes.beyond_linear` of the branches of a
      kind (layer ``attention`` or ``mlp``), by their block (index), at the streams of the trained net
    """
    out, nets = RowsOfRates(spec.lr), [(lr, seed) for lr in spec.lr for seed in range(spec.n_seeds)]
    late = max(1, round(spec.late_part * spec.steps))
    together = max(1, _SIDE_BY_SIDE // sum(parameter.numel() for parameter in _shapes(spec, data).parameters()))
    for part in (nets[start : start + together] for start in range(0, len(nets), together)):
        losses, beyond = _trained(spec, data, part)
        for place, (lr, seed) in enumerate(part):
            finite = np.isfinite(losses[:, place])
            if finite.all():
                out.at[lr].add(spec.steps, "late_loss", losses[-late:, place].mean(), seed=seed)
                for kind, ratios in beyond.items():
                    blocks_ = np.arange(spec.n_blocks)
                    out.at[lr].add(spec.steps, "beyond_linear", ratios[place], layer=kind, index=blocks_, seed=seed)
            else:
                updates = int(finite.argmin())
                out.at[lr].add(updates, "diverged", updates, seed=seed)
    return out


def plan(spec: Spec, data: "Windows", lr: float) -> "Plan":
    """Return the starts and rates of the nets at a rate, under Adam."""
    from infwidth.parametrization import parametrize, scale_branches

    model, wider = _shapes(spec, data), _shapes(spec, data, 2 * spec.width)
    its = parametrize(model, model, "mup", optimizer="adam", lr=lr, delta_model=wider)
    if spec.branch_power == "0":
        return its
    inside = {id(weight) for branch in model.residual_branches for weight in branch.parameters()}
    branches = [name for name, weight in model.named_parameters() if id(weight) in inside]
    return scale_branches(its, branches, Fraction(spec.n_blocks, spec.base_blocks), power=spec.branch_power)


def net(spec: Spec, data: "Windows", width: int | None = None) -> "Transformer":
    """Return a net as torch starts it, of another width if one is given."""
    from infwidth.models.transformer import Transformer

    return Transformer(
        (data.x_train.shape[1],),
        data.n_classes,
        width=width or spec.width,
        n_heads=spec.n_heads,
        n_blocks=spec.n_blocks,
        mlp_ratio=spec.mlp_ratio,
        attention_multiplier=math.sqrt(spec.width / spec.n_heads),
        branch_multiplier=(2 * spec.base_blocks) ** float(Fraction(spec.branch_power)),
        branch_power=spec.branch_power,
    )


def _shapes(spec: Spec, data: "Windows", width: int | None = None) -> "Transformer":
    from infwidth.models.shapes import shapes_only

    with shapes_only():
        return net(spec, data, width)


def _stack(spec: Spec, data: "Windows", plans: "list[Plan]", seeds: list[int]) -> "dict[str, Tensor]":
    """Return the initial weights of all nets by name, [nets, …]."""
    import torch

    starts = {}
    for seed in sorted(set(seeds)):
        plans[0].init_(model := net(spec, data), seed)  # of all rates the same
        starts[seed] = {name: weight.detach() for name, weight in model.named_parameters()}
    return {name: torch.stack([starts[seed][name] for seed in seeds]) for name in plans[0]}


def _of_stacks(module: "torch.nn.Module", *, inputs: int | None) -> "Callable[[dict[str, Tensor], Tensor], Tensor]":
    """Return the module as a function of weights [nets, …] and inputs, the nets' own (``inputs`` 0) or one (None)."""
    import torch
    from torch.nn.attention import SDPBackend, sdpa_kernel

    def of_one(weights: "dict[str, Tensor]", x: "Tensor") -> "Tensor":
        with sdpa_kernel(SDPBackend.MATH):  # the fused attention of the CPU knows no stacks
            out: Tensor = torch.func.functional_call(module, weights, (x,))
        return out

    return torch.vmap(of_one, in_dims=(0, inputs))


def _trained(spec: Spec, data: "Windows", nets: list[tuple[float, int]]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return of rates and seeds the loss on every batch before it is learned from, [steps, nets], and their branches.

    The latter are :func:`_beyond_linear`'s.
    """
    import torch
    from torch.nn.functional import cross_entropy

    from infwidth.training.stacked_optimizers import StackedAdam

    of_rates = {lr: plan(spec, data, lr) for lr in dict(nets)}
    plans = [of_rates[lr] for lr, _ in nets]
    start = _stack(spec, data, plans, [seed for _, seed in nets])
    weights = {name: weight.clone().requires_grad_() for name, weight in start.items()}
    forward, optimizer, losses = _of_stacks(_shapes(spec, data), inputs=None), StackedAdam(plans, weights), []
    for x, y in _batches(spec, data):
        logits = forward(weights, x).flatten(1, 2)  # [nets, P·T, V]
        of_nets = cross_entropy(logits.mT, y.flatten().expand(len(nets), -1), reduction="none").mean(1)
        gradients = torch.autograd.grad(of_nets.sum(), list(weights.values()))
        with torch.no_grad():
            optimizer.step(dict(zip(weights, gradients, strict=True)))
        losses.append(of_nets.detach())
    end = {name: weight.detach() for name, weight in weights.items()}
    return torch.stack(losses).double().numpy(), _beyond_linear(spec, data, start, end)


def _beyond_linear(
    spec: Spec, data: "Windows", start: "dict[str, Tensor]", end: "dict[str, Tensor]"
) -> dict[str, np.ndarray]:
    """Return what branches' changes are beyond linear in double precision, by their kind [nets, blocks]."""
    import torch

    from infwidth.solve.branch_changes import beyond_linear

    start, end = ({name: weight.double() for name, weight in weights.items()} for weights in (start, end))
    found: dict[str, list[Tensor]] = {"attention": [], "mlp": []}
    ids = data.x_train[: spec.probe_windows]
    h = end["token.weight"][:, ids] + end["position.weight"][:, None, : ids.shape[1]]
    for number, residual in enumerate(_residuals(_shapes(spec, data))):
        kind = ("attention", "mlp")[number % 2]
        prefix = f"blocks.{number // 2}.{kind}.branch."
        before, after = _inside(start, prefix), _inside(end, prefix)
        branch = _of_stacks(residual.branch, inputs=0)
        found[kind].append(beyond_linear(branch, before, after, h))
        h = h + residual.scale * branch(after, h)
    return {kind: torch.stack(ratios, 1).numpy() for kind, ratios in found.items()}


def _residuals(model: "Transformer") -> "list[Residual]":
    """Return the residual branches with their factors, in order of depth: attention and MLP by turns."""
    from infwidth.models.residual import Residual

    return [module for module in model.modules() if isinstance(module, Residual)]


def _inside(weights: "dict[str, Tensor]", prefix: str) -> "dict[str, Tensor]":
    """Return the weights whose names begin so, by the rest of their names."""
    return {name.removeprefix(prefix): weight for name, weight in weights.items() if name.startswith(prefix)}


def _batches(spec: Spec, data: "Windows") -> "Iterator[tuple[Tensor, Tensor]]":
    from infwidth.data.streams import Batches

    batches = Batches(len(data.x_train), min(spec.batch_size, len(data.x_train)))
    for step in range(spec.steps):
        seen = batches.indices(step)
        yield data.x_train[seen], data.y_train[seen].long()
