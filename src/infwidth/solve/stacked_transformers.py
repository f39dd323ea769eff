"""Decoder-only transformers of one shape side by side: each layer of all of them is one batched product.

Their weights, starts and rates are those of :class:`infwidth.models.transformer.Transformer` and of its plan; the
forward pass is written here for stacks, with the norm before a branch or after it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

from pydantic import model_validator

from infwidth.specs.block import Count, Depth, Positive, Width
from infwidth.specs.cells import Computation
from infwidth.specs.parametrization import NamedRule

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from infwidth.models.transformer import Transformer
    from infwidth.parametrization import Plan

Schedule = Literal["constant", "linear", "cosine", "inverse_root", "two_steps", "two_early_steps"]

#: Parts of training after which the rate falls, and by what.
_FALLS = {"two_steps": ((0.5, 0.8), 0.1), "two_early_steps": ((0.4, 0.7), 0.3)}


class Transformers(Computation):
    """Nets under a ``rule`` that continues those of ``base_width``, ``base_head_width`` and ``base_mlp_ratio``.

    Products of queries and keys are divided by √d, d = width/heads, under "sp", by d/√(base_head_width) under "mup".
    Norms have gains and shifts, layers no biases. MLPs have ``mlp_ratio`` · width units, GELU. Readout and queries
    start at zero. ``norm``: "post", LayerNorm(h + branch(h)), or "pre", h + branch(LayerNorm(h)) and a last LayerNorm.
    """

    rule: NamedRule
    base_width: Count
    base_head_width: Count
    base_mlp_ratio: Positive
    width: Width
    n_heads: Count
    n_blocks: Depth
    mlp_ratio: Positive
    norm: Literal["pre", "post"]

    @model_validator(mode="after")
    def _has_whole_heads(self) -> Self:
        if self.width % self.n_heads:
            raise ValueError(f"a width of {self.width} cannot be divided among {self.n_heads} heads")
        return self

    @property
    def attention_scale(self) -> float:
        """What the products of queries and keys are multiplied with."""
        d = self.width // self.n_heads
        return math.sqrt(self.base_head_width) / d if self.rule == "mup" else 1.0 / math.sqrt(d)


@dataclass(frozen=True)
class Member:
    """What tells the nets of a stack apart.

    Attributes:
        seed: of the initial weights.
        lr: the base rate η.
        output_multiplier: α_output, the factor of the logits.
        attention_multiplier: α_attn, a factor of the attention's logits.
        init_scale: σ, the factor of the standard deviation of hidden matrices.
        schedule: how the rate falls.
    """

    seed: int
    lr: float
    output_multiplier: float = 1.0
    attention_multiplier: float = 1.0
    init_scale: float = 1.0
    schedule: Schedule = "constant"


def schedule_factor(schedule: Schedule, part: float) -> float:
    """Return what the rate is multiplied with after that part (0 to 1) of training; inverse_root: (1 + 10 t)^(−1/2)."""
    if schedule == "linear":
        return 1.0 - part
    if schedule == "cosine":
        return (1.0 + math.cos(math.pi * part)) / 2.0
    if schedule == "inverse_root":
        return (1.0 + 10.0 * part) ** -0.5
    places, factor = _FALLS.get(schedule, ((), 1.0))
    return factor ** sum(part >= place for place in places)


class StackedTransformers:
    """The nets of ``members``, for texts of ``context`` words of ``vocabulary``; weights are stacks [members, …].

    Nets of one seed start from the same normal draws in all stacks.
    """

    def __init__(
        self,
        spec: Transformers,
        members: Sequence[Member],
        *,
        context: int,
        vocabulary: int,
        dtype: "torch.dtype | None" = None,
    ) -> None:
        import torch

        from infwidth.training.stacked_optimizers import StackedAdam

        self.spec, self.members = spec, members
        plans = {lr: plan(spec, lr, context, vocabulary) for lr in {member.lr for member in members}}
        starts = {seed: _start(spec, plans[members[0].lr], seed, context, vocabulary) for seed in _seeds(members)}
        scales = torch.tensor([member.init_scale for member in members], dtype=torch.float64)
        self.weights: dict[str, Tensor] = {}
        for name, its in plans[members[0].lr].items():
            if spec.norm == "post" and name.startswith("norm."):
                continue  # the last branch ends in a norm
            stack = torch.stack([starts[member.seed][name] for member in members])
            if its.role == "hidden":
                stack *= scales.view(-1, 1, 1)
            self.weights[name] = stack.to(dtype or torch.float32).requires_grad_()
        self._optimizer = StackedAdam([plans[member.lr] for member in members], self.weights)
        self._rates = dict(self._optimizer.lr)
        self._output = self._column([member.output_multiplier for member in members])
        self._attention = self._column([spec.attention_scale * member.attention_multiplier for member in members])

    def _column(self, numbers: Sequence[float]) -> "Tensor":
        """Return one number a net, [members, 1, 1]."""
        import torch

        return torch.tensor(numbers, dtype=torch.float64).view(-1, 1, 1).to(self.weights["token.weight"])

    def forward(self, ids: "Tensor") -> "tuple[Tensor, list[Tensor]]":
        """Return for texts [P, T] the logits [members, P·T, V], and the attention's [members, P, heads, T, T] by depth.

        The latter are not masked.
        """
        import torch

        seen = []
        hidden = torch.ones(ids.shape[1], ids.shape[1], dtype=torch.bool).triu(1)
        h = self.embedded(ids)
        for depth in range(self.spec.n_blocks):

            def attend(z: "Tensor", block: str = f"blocks.{depth}.attention.branch.") -> "Tensor":
                query, key, value = (
                    self._heads(self._layer(block + name, z), ids) for name in ("query", "key", "value")
                )
                logits = self._attention[..., None, None] * (query @ key.mT)
                seen.append(logits)
                mixed = logits.masked_fill(hidden, -torch.inf).softmax(-1) @ value
                return self._layer(block + "out", mixed.transpose(2, 3).flatten(3).flatten(1, 2))

            def think(z: "Tensor", block: str = f"blocks.{depth}.mlp.branch.") -> "Tensor":
                up = torch.nn.functional.gelu(self._layer(block + "up", z))
                return self._layer(block + "down", up)

            for branch, norm in ((attend, "attention"), (think, "mlp")):
                norm = f"blocks.{depth}.{norm}.branch.norm"
                h = h + branch(self._norm(norm, h)) if self.spec.norm == "pre" else self._norm(norm, h + branch(h))
        if self.spec.norm == "pre":
            h = self._norm("norm", h)
        return self._output * self._layer("readout", h), seen

    def embedded(self, ids: "Tensor") -> "Tensor":
        """Return the vectors [members, P·T, N] of words and places, with which the residual stream starts."""
        words = self.weights["token.weight"][:, ids.flatten().long()].unflatten(1, ids.shape)
        return (words + self.weights["position.weight"][:, None, : ids.shape[1]]).flatten(1, 2)

    def _layer(self, name: str, z: "Tensor") -> "Tensor":
        """[members, places, fan-in] → [members, places, fan-out]."""
        return z @ self.weights[f"{name}.weight"].mT

    def _norm(self, name: str, h: "Tensor") -> "Tensor":
        import torch

        normed = torch.nn.functional.layer_norm(h, h.shape[-1:])
        return torch.addcmul(self.weights[f"{name}.bias"][:, None], normed, self.weights[f"{name}.weight"][:, None])

    def _heads(self, z: "Tensor", ids: "Tensor") -> "Tensor":
        """[members, P·T, N] → [members, P, heads, T, d]."""
        return z.unflatten(2, (self.spec.n_heads, -1)).unflatten(1, ids.shape).transpose(2, 3)

    def step(self, ids: "Tensor", following: "Tensor", part: float) -> "Tensor":
        """Let all nets learn from texts and the words that follow [P, T]; return their losses [members] before it.

        ``part`` (0 to 1) is how much of training is over, for the schedules.
        """
        import torch

        logits, _ = self.forward(ids)
        losses = torch.nn.functional.cross_entropy(
            logits.transpose(1, 2), following.flatten().long().expand(len(logits), -1), reduction="none"
        ).mean(1)
        gradients = torch.autograd.grad(losses.sum(), list(self.weights.values()))
        factors = self._column([schedule_factor(member.schedule, part) for member in self.members])
        self._optimizer.lr = {name: lr * factors.view(-1, *[1] * (lr.dim() - 1)) for name, lr in self._rates.items()}
        with torch.no_grad():
            self._optimizer.step(dict(zip(self.weights, gradients, strict=True)))
        return losses.detach()


def plan(spec: Transformers, lr: float, context: int, vocabulary: int) -> "Plan":
    """Return the starts and rates of the nets of a block, under Adam."""
    from infwidth.models.shapes import shapes_only
    from infwidth.parametrization import parametrize

    with shapes_only():
        model, base, wider = (
            _model(spec, context, vocabulary, width, ratio)
            for width, ratio in (
                (spec.width, spec.mlp_ratio),
                (spec.base_width, spec.base_mlp_ratio),
                (2 * spec.base_width, spec.base_mlp_ratio),
            )
        )
    made = parametrize(model, base, spec.rule, optimizer="adam", lr=lr, zero_readout=True, delta_model=wider)
    queries = {id(layer.weight) for layer in model.queries}
    for name, parameter in model.named_parameters():
        if id(parameter) in queries:
            made = made.replace(name, init_std=0.0)
    return made


def n_weights(spec: Transformers, context: int, vocabulary: int) -> int:
    """Return how many weights a net has."""
    from infwidth.models.shapes import shapes_only

    with shapes_only():
        model = _model(spec, context, vocabulary, spec.width, spec.mlp_ratio)
    return sum(parameter.numel() for parameter in model.parameters())


def _model(spec: Transformers, context: int, vocabulary: int, width: int, ratio: float) -> "Transformer":
    from infwidth.models.transformer import Transformer

    return Transformer(
        (context,),
        vocabulary,
        width=width,
        n_heads=1,  # of which no weight's shape depends
        n_blocks=spec.n_blocks,
        mlp_ratio=ratio,
        attention_multiplier=1.0,
        branch_multiplier=1.0,
        branch_power="0",
    )


def _start(spec: Transformers, its: "Plan", seed: int, context: int, vocabulary: int) -> "dict[str, Tensor]":
    """Return the initial weights of a seed by name."""
    import torch

    from infwidth.models.shapes import shapes_only

    with shapes_only():
        model = _model(spec, context, vocabulary, spec.width, spec.mlp_ratio)
    model = model.to_empty(device="cpu")
    its.init_(model, seed)
    return {name: parameter.detach().to(torch.float64) for name, parameter in model.named_parameters()}


def _seeds(members: Sequence[Member]) -> set[int]:
    return {member.seed for member in members}
