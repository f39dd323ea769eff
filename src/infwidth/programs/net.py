"""A net of infinite width, and what trains it."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from infwidth.parametrization import ParameterPlan, Plan
from infwidth.programs.layers import GaussianWeight
from infwidth.programs.optimizers import InfiniteAdamW, InfiniteSGD


class InfiniteNet(nn.Module):
    """A net of infinite width, held as a sample of its neurons; made by :func:`infinite`.

    Attributes:
        net: the model with as many sampled neurons as its width says.
        plan: the parametrization of every parameter of the original model.
        gaussian: name of a hidden weight in the plan → the operator that stands for it.
    """

    def __init__(self, net: nn.Module, plan: Plan, gaussian: dict[str, GaussianWeight]) -> None:
        super().__init__()
        self.net, self.plan, self.gaussian = net, plan, gaussian
        #: What is asked of the first inputs, once.
        self.before_first: Callable[[tuple[torch.Tensor, ...]], None] | None = None

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        """Return the outputs, averages over the sampled neurons."""
        if self.before_first is not None:
            self.before_first(inputs)
            self.before_first = None
        outputs: torch.Tensor = self.net(*inputs)
        return outputs

    def optimizer(self) -> torch.optim.Optimizer:
        """Return the plan's optimizer: its ``step()`` also moves the weights between infinite layers."""
        ordinary: dict[str, nn.Parameter] = dict(self.net.named_parameters())
        groups: list[dict[str, Any]] = []
        for path, module in self.net.named_modules(remove_duplicate=False):
            if isinstance(module, GaussianWeight):
                ordinary.pop(f"{path}.anchor", None)
                ordinary.pop(f"{path}.delta", None)
        for name, weight in self.gaussian.items():
            moved = [weight.anchor] if weight.delta is None else [weight.delta, weight.anchor]
            groups.append({"params": moved, "gaussian": weight, **_settings(self.plan, self.plan[name])})
        for name, parameter in ordinary.items():
            if parameter.requires_grad:
                groups.append({"params": [parameter], **_settings(self.plan, self.plan[name])})
        if self.plan.optimizer_name == "sgd":
            return InfiniteSGD(groups, lr=0.0, momentum=self.plan.momentum)
        return InfiniteAdamW(groups, betas=self.plan.betas, weight_decay=0.0)

    def memory(self, products: int) -> int:
        """Return the bytes that so many products with every weight between infinite layers, and its transpose, take."""
        of_target = 4 if self.plan.momentum else 3  # two sides' directions and images, what was learned, its velocity
        return sum(
            weight.anchor.element_size() * products * (2 * weight.law.source.size + of_target * weight.law.target.size)
            for weight in self.gaussian.values()
        )

    @property
    def n_products(self) -> dict[str, tuple[int, int]]:
        """For every weight between infinite layers, how many products with it and its transpose are remembered."""
        return {name: weight.law.n_products for name, weight in self.gaussian.items()}


def _settings(plan: Plan, its: ParameterPlan) -> dict[str, float]:
    settings = {"lr": its.lr, "weight_decay": its.weight_decay}
    return settings if plan.optimizer_name == "sgd" else settings | {"eps": its.eps}
