"""Residual convolutional nets trained at many learning rates and output multipliers, side by side."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import model_validator

from infwidth.solve.rows_of_rates import RowsOfRates
from infwidth.specs import data as data_blocks
from infwidth.specs.block import Count, Fraction01, Listed, Nets, Positive, Several, Width, unsaid
from infwidth.specs.cells import Computation
from infwidth.specs.models import BranchPower
from infwidth.specs.parametrization import NamedRule

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from torch import Tensor

    from infwidth.data.images import Images
    from infwidth.models.resnet import ResNet
    from infwidth.parametrization import Plan

#: Weights of the nets that are trained side by side: 256 MiB in single precision.
_SIDE_BY_SIDE = 2**26
#: Nets that are trained side by side at most; their activations come on top.
_AT_ONCE = 64


class Spec(Computation):
    """ResNets under a ``rule`` that continues ``base_width``, trained by SGD on the cross-entropy at each of ``lrs``.

    The nets are the house's (:class:`infwidth.models.resnet.ResNet`), of stages of so many ``blocks``. Hidden weights
    start as N(0, 1/fan-in) and the readout at zero, so that the ``output_multiplier`` α of the logits is the factor α²
    of the readout's learning rate (Yang et al. 2022, Lemma J.1). Nets at the rate ``tuned_lr``, one of ``lrs``, have
    each of ``output_multipliers`` besides. ``evaluations``: into so many parts training is divided, as equal as they
    can be.
    """

    name: Literal["resnet_sweep"]
    rule: NamedRule
    width: Width
    base_width: Width
    blocks: Listed[Count]
    stem_stride: Literal[1, 2]
    norm: Literal["none", "layer", "batch"]
    branch_power: BranchPower
    output_multiplier: Positive
    lrs: Several[Positive]
    tuned_lr: Positive | None = unsaid()
    output_multipliers: Several[Positive] | None = unsaid()
    momentum: Fraction01
    steps: Count
    batch_size: Count
    evaluations: Count
    n_seeds: Nets
    takes: ClassVar = (data_blocks.Images,)

    @model_validator(mode="after")
    def _can_be_run(self) -> Self:
        if (self.tuned_lr is None) != (self.output_multipliers is None):
            raise ValueError("tuned_lr is the rate at which output_multipliers are swept; say both or neither")
        if self.tuned_lr is not None and self.tuned_lr not in self.lrs:
            raise ValueError(
                f"tuned_lr {self.tuned_lr} must be one of lrs, where the output multiplier is the usual one"
            )
        return self

    @property
    def settings(self) -> list[float]:
        """The output multipliers, the usual one first."""
        usual = self.output_multiplier
        return [usual, *(α for α in self.output_multipliers or () if α != usual)]


@dataclass(frozen=True)
class Member:
    """One net of a sweep; ``index`` is the place of its output multiplier among the settings."""

    lr: float
    seed: int
    index: int = 0


def members(spec: Spec) -> Iterator[Member]:
    """Yield all nets: those of the usual output multiplier at all rates, others at the tuned one."""
    for index in range(len(spec.settings)):
        for lr in spec.lrs if index == 0 else (spec.tuned_lr,):
            assert lr is not None
            for seed in range(spec.n_seeds):
                yield Member(lr, seed, index)


def rows(spec: Spec, data: "Images") -> RowsOfRates:
    """Return the losses of every net, and its output multiplier where that is swept; ``index`` numbers its values.

    - ``running_loss``: the loss on the batches, before each is learned from, mean over a part of training; its step is
      the last of the part. A net whose loss is not finite any more has a row ``diverged`` and no losses from then on
    - ``test_loss``, ``test_accuracy``: at the end, on batches as in training, whose statistics a batch norm takes
    - ``output_multiplier``: of the usual setting (index 0) and of the others

    Seeds draw the same initial weights at all rates and under all rules, and all nets see the same batches.
    """
    import numpy as np

    out = RowsOfRates(spec.lrs)
    spans = np.array_split(np.arange(spec.steps), min(spec.evaluations, spec.steps))
    ends = np.array([span[-1] + 1 for span in spans])
    nets = list(members(spec))
    per_net = sum(p.numel() for p in _net(spec, data, spec.width).parameters())
    together = max(1, min(_AT_ONCE, _SIDE_BY_SIDE // per_net))
    for part in (nets[start : start + together] for start in range(0, len(nets), together)):
        losses, tests = train(spec, data, part)
        means = np.stack([losses[span].mean(0) for span in spans])
        for place, member in enumerate(part):
            mine, finite = out.at[member.lr], np.isfinite(means[:, place])
            mine.add(ends[finite], "running_loss", means[finite, place], seed=member.seed, index=member.index)
            if finite.all():
                for metric, values in tests.items():
                    mine.add(spec.steps, metric, values[place], seed=member.seed, index=member.index)
            else:
                lost = int(np.isfinite(losses[:, place]).argmin())
                mine.add(lost, "diverged", lost, seed=member.seed, index=member.index)
    if spec.tuned_lr is not None:
        for index, α in enumerate(spec.settings):
            out.at[spec.tuned_lr].add(0, "output_multiplier", α, seed=np.arange(spec.n_seeds), index=index)
    return out


def plan_of(spec: Spec, data: "Images", member: Member) -> "Plan":
    """Return how a member starts and learns: as its rule says, the readout at α² times the rate."""
    import torch

    from infwidth.parametrization import parametrize

    with torch.device("meta"):
        net, base, other = (_net(spec, data, width) for width in (spec.width, spec.base_width, 2 * spec.base_width))
    plan = parametrize(net, base, spec.rule, delta_model=other, optimizer="sgd", lr=member.lr,
                       momentum=spec.momentum, zero_readout=True)  # fmt: skip
    faster = spec.settings[member.index] ** 2
    return plan.replace("readout.weight", lr=faster * plan["readout.weight"].lr)


def train(spec: Spec, data: "Images", nets: "Sequence[Member]") -> "tuple[np.ndarray, dict[str, np.ndarray]]":
    """Train nets side by side; return the loss on every batch before it is learned from, [steps, nets], and tests."""
    import torch
    from torch.nn.functional import cross_entropy

    from infwidth.data.streams import Batches
    from infwidth.training.stack import StackedNets
    from infwidth.training.stacked_optimizers import stacked_optimizer

    def losses_of(outputs: "Tensor", y: "Tensor") -> "Tensor":
        labels = y.expand(len(outputs), -1)
        return cross_entropy(outputs.movedim(-1, 1), labels, reduction="none").mean(1)

    plans = [plan_of(spec, data, member) for member in nets]
    modules = [_net(spec, data, spec.width) for _ in nets]
    for module, plan, member in zip(modules, plans, nets, strict=True):
        plan.init_(module, member.seed)
    stack = StackedNets(modules)
    optimizer = stacked_optimizer(plans, stack.parameters)
    batches = Batches(len(data.x_train), min(spec.batch_size, len(data.x_train)))
    found = []
    for step in range(spec.steps):
        seen = batches.indices(step)
        losses = losses_of(stack(data.x_train[seen]), data.y_train[seen])
        # No loss depends on another net: the gradient of the sum is that of each.
        gradients = torch.autograd.grad(losses.sum(), list(stack.parameters.values()))
        with torch.no_grad():
            optimizer.step(dict(zip(stack.parameters, gradients, strict=True)))
        found.append(losses.detach())
    n_parts = -(-len(data.x_test) // spec.batch_size)
    parts = [torch.arange(first, len(data.x_test), n_parts) for first in range(n_parts)]
    with torch.no_grad():
        outputs = torch.cat([stack(data.x_test[part]) for part in parts], 1)[:, torch.cat(parts).argsort()]
        tests = {
            "test_loss": losses_of(outputs, data.y_test),
            "test_accuracy": (outputs.argmax(-1) == data.y_test).double().mean(1),
        }
    return torch.stack(found).double().numpy(), {name: values.numpy() for name, values in tests.items()}


def _net(spec: Spec, data: "Images", width: int) -> "ResNet":
    from infwidth.models.resnet import ResNet

    channels, height, across = data.x_train.shape[1:]
    return ResNet(
        (channels, height, across),
        data.n_classes,
        width=width,
        blocks=spec.blocks,
        stem_stride=spec.stem_stride,
        norm=spec.norm,
        branch_multiplier=1.0,
        branch_power=spec.branch_power,
    )
