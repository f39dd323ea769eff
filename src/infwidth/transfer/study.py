"""What is trained to see whether hyperparameters transfer: the nets, and one net's plan, batches and loss."""

import inspect
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from fractions import Fraction
from itertools import islice
from operator import index
from typing import Any, NamedTuple

import torch
from torch import nn

from infwidth.errors import SpecError
from infwidth.parametrization.depth_rules import scale_branches
from infwidth.parametrization.plan import Plan, parametrize
from infwidth.parametrization.rationals import Rational
from infwidth.parametrization.watching import Inputs, called

#: A batch: what the model takes (a tensor, several in order, or by the names of arguments) and the targets.
Batch = tuple[Inputs, torch.Tensor]


class Shape(NamedTuple):
    """The size of one net; ``depth`` is None where depth is not varied."""

    width: int
    depth: int | None = None


class Trained(NamedTuple):
    """One net at the end: its loss, and that before the first step; not a number where it diverged."""

    loss: float
    initial: float


@dataclass(frozen=True, kw_only=True)
class TransferStudy:
    """A sweep of the learning rate over widths, and over depths at the base width.

    Attributes:
        build_model: ``build_model(width)``, or ``build_model(width, depth)`` where there are ``depths``.
        batches: ``batches(seed)`` yields (inputs, targets); every net of a seed sees the same ones in the same order.
        loss: ``loss(outputs, targets)``, one number.
        widths: of the nets; a span of 8 or more tells most.
        base_width: the width at which ``rates`` are what every parameter learns at; one of ``widths``, best the least.
        rates: learning rates, ascending by a factor of 2 or √2, with the best of every width well inside.
        rule: of :func:`infwidth.parametrization.exponents`, such as ``mup``, ``sp`` or ``ntk``.
        optimizer: sgd, adam or adamw.
        steps: of training.
        seeds: nets a setting, which differ in their start and their batches.
        depths: numbers of residual blocks, ``base_depth`` among them; none: depth is not varied.
        base_depth: the depth at which widths are compared.
        branches: patterns of the names of the residual branches' parameters (``"blocks.*"``), whose rates and eps
            follow the depth; none: they do not.
        branch_power: the model divides its branches by depth^power: 1/2 (depth-μP) or 1 (CompleteP).
        held_out: a batch whose loss at the end is judged; without one, the mean over the last tenth of the steps.
        plan_options: anything else that :func:`infwidth.parametrization.parametrize` takes.

    Raises SpecError, of all of it before anything is trained.
    """

    build_model: Callable[..., nn.Module]
    batches: Callable[[int], Iterator[Batch]]
    loss: Callable[[Any, torch.Tensor], torch.Tensor]
    widths: Sequence[int]
    base_width: int
    rates: Sequence[float]
    rule: str = "mup"
    optimizer: str = "adam"
    steps: int = 200
    seeds: int = 4
    depths: Sequence[int] = ()
    base_depth: int | None = None
    branches: Sequence[str] = ()
    branch_power: Rational = "1/2"
    held_out: Batch | None = None
    plan_options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._count_in_whole_numbers()
        for name, values, base in (("widths", self.widths, self.base_width), ("depths", self.depths, self.base_depth)):
            if any(x < 1 for x in values) or list(values) != sorted(set(values)):
                raise SpecError(f"{name} are {list(values)}; they are positive whole numbers, ascending")
            if values and base not in values:
                raise SpecError(f"base_{name[:-1]} is {base}, none of the {name} {list(values)}")
        if len(self.widths) < 2 and len(self.depths) < 2:
            raise SpecError("give at least two widths, or two depths: one net shows no transfer")
        if any(not (math.isfinite(x) and x > 0) for x in self.rates) or list(self.rates) != sorted(set(self.rates)):
            raise SpecError(f"rates are {list(self.rates)}; they are positive numbers, ascending")
        if len(self.rates) < 3:
            raise SpecError(f"{len(self.rates)} rates show no optimum; give seven or more, a factor of 2 or √2 apart")
        if self.steps < 1 or self.seeds < 1:
            raise SpecError(f"steps is {self.steps} and seeds {self.seeds}; both are at least 1")
        if self.branches and not self.depths:
            raise SpecError("branches are given, but no depths")
        if unknown := set(self.plan_options) & {"optimizer", "lr", "delta_model"}:
            raise SpecError(f"plan_options hold {', '.join(sorted(unknown))}, which the study sets itself")
        taken = len(inspect.signature(self.build_model).parameters)
        if self.depths and taken < 2:
            raise SpecError("build_model takes one argument; with depths it is called as build_model(width, depth)")

    def _count_in_whole_numbers(self) -> None:
        """Make Python's own of all whole numbers, numpy's and torch's included, which JSON would not hold."""
        for name in ("widths", "depths", "base_width", "base_depth", "steps", "seeds"):
            value = getattr(self, name)
            try:
                whole = (
                    tuple(map(index, value))
                    if name in ("widths", "depths")
                    else None
                    if value is None
                    else index(value)
                )
            except TypeError as error:
                raise SpecError(f"{name}: {value!r}; it takes positive whole numbers") from error
            object.__setattr__(self, name, whole)

    @property
    def shapes(self) -> list[Shape]:
        """Every net's size, the cheapest first: all widths at the base depth, all depths at the base width."""
        across = [Shape(width, self.base_depth if self.depths else None) for width in self.widths]
        along = [Shape(self.base_width, depth) for depth in self.depths]
        return sorted({*across, *along}, key=lambda shape: (shape.width, shape.depth or 0))

    def built(self, shape: Shape, seed: int = 0) -> nn.Module:
        """Build a net, with any chance in it seeded."""
        torch.manual_seed(seed)
        return self.build_model(*(x for x in shape if x is not None))

    def plan(self, model: nn.Module, shape: Shape, lr: float) -> Plan:
        """Return the plan of a net of this size at a rate of the base: the rule over the width, then over the depth."""
        base = self.built(Shape(self.base_width, shape.depth))
        other = self.built(Shape(2 * self.base_width, shape.depth))
        plan = parametrize(
            model, base, self.rule, optimizer=self.optimizer, lr=lr, delta_model=other, **self.plan_options
        )
        if not (self.branches and shape.depth and self.base_depth):
            return plan
        names = {name for name in plan if any(fnmatchcase(name, pattern) for pattern in self.branches)}
        if not names:
            raise SpecError(f"branches {list(self.branches)} name no parameter; there are {', '.join(plan)}")
        return scale_branches(plan, names, Fraction(shape.depth, self.base_depth), power=self.branch_power)

    def trained(self, shape: Shape, lr: float, seed: int) -> Trained:
        """Train one net and return its loss; one that is no finite number at any step ends it there.

        The global generator is seeded (for dropout), so that equal calls give equal numbers.
        """
        model = self.built(shape, seed)
        plan = self.plan(model, shape, lr)
        torch.manual_seed(seed)
        plan.init_(model, seed)
        optimizer = plan.optimizer(model)
        losses: list[float] = []
        for inputs, targets in islice(self.batches(seed), self.steps):
            value = self.loss(called(model, inputs), targets)
            losses.append(value.item())
            if not math.isfinite(losses[-1]):
                return Trained(math.nan, losses[0])
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
        if len(losses) < self.steps:
            raise SpecError(f"batches({seed}) ended after {len(losses)} of {self.steps} steps; let it go on, or fewer")
        if self.held_out is None:
            last = losses[-max(self.steps // 10, 1) :]
            return Trained(sum(last) / len(last), losses[0])
        model.eval()
        with torch.no_grad():
            end = self.loss(called(model, self.held_out[0]), self.held_out[1]).item()
        return Trained(end if math.isfinite(end) else math.nan, losses[0])

    def settings(self) -> dict[str, object]:
        """Return what has to be equal for nets of two calls to belong to one study, as JSON holds it."""
        # Not of the narrowest net or the shallowest, which a second call may add.
        base = self.built(Shape(self.base_width, self.base_depth if self.depths else None))
        return {
            "rule": self.rule,
            "optimizer": self.optimizer,
            "steps": self.steps,
            "base_width": self.base_width,
            "base_depth": self.base_depth,
            "branches": list(self.branches),
            "branch_power": str(self.branch_power),
            "held_out": self.held_out is not None,
            "plan_options": {name: repr(value) for name, value in sorted(self.plan_options.items())},
            "base": {name: list(p.shape) for name, p in base.named_parameters()},
        }
