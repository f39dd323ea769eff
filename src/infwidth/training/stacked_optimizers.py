"""The optimizers of plans for stacks of nets: a learning rate, weight decay and eps for each net and parameter.

They are torch's SGD, Adam and AdamW to rounding; torch's own take one setting for a whole stack. Tensors are [nets, …].
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from infwidth.parametrization import ParameterPlan, Plan

Stacks = dict[str, torch.Tensor]


class StackedOptimizer:
    """Base of the optimizers: settings are columns [nets, 1, …], moments are stacks like the parameters.

    Args:
        plans: the plan of each net; they differ in numbers only.
        parameters: name → stack of parameters, updated in place.
    """

    #: Names of the moments.
    kept: tuple[str, ...] = ()

    def __init__(self, plans: Sequence[Plan], parameters: Stacks) -> None:
        self.parameters = parameters

        def columns(number: Callable[[ParameterPlan], float]) -> Stacks:
            return {
                name: torch.tensor([number(plan[name]) for plan in plans], dtype=torch.float64)
                .view(-1, *[1] * (stack.dim() - 1))
                .to(stack)
                for name, stack in parameters.items()
            }

        self.lr, self.eps = columns(lambda its: its.lr), columns(lambda its: its.eps)
        self.weight_decay = columns(lambda its: its.weight_decay)
        self.decays = any(its.weight_decay for plan in plans for its in plan.values())
        self.moments = {kind: {name: torch.zeros_like(p) for name, p in parameters.items()} for kind in self.kept}
        # On the device, so that no step has to bring a number there.
        self.count = torch.zeros((), dtype=torch.float64, device=next(iter(parameters.values())).device)

    def step(self, gradients: Mapping[str, torch.Tensor]) -> None:
        """Update all parameters in place."""
        raise NotImplementedError

    def keep(self, places: Sequence[int], parameters: Stacks) -> None:
        """Go on with the nets at ``places`` only, whose parameters are now these."""
        self.parameters = parameters
        index = torch.tensor(places, device=self.count.device)
        for stacks in (self.lr, self.eps, self.weight_decay, *self.moments.values()):
            for name, stack in stacks.items():
                stacks[name] = stack.index_select(0, index)

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint keeps."""
        return {"moments": self.moments, "count": self.count}

    def load(self, state: Mapping[str, Any]) -> None:
        """Take back what :meth:`state` returned."""
        self.count.copy_(state["count"])
        for kind, stacks in self.moments.items():
            for name, stack in stacks.items():
                stack.copy_(state["moments"][kind][name])


class StackedSGD(StackedOptimizer):
    """Gradient descent with momentum μ and weight decay λ: v ← μ v + g + λ w, w ← w − η v."""

    def __init__(self, plans: Sequence[Plan], parameters: Stacks) -> None:
        self.momentum = plans[0].momentum
        self.kept = ("velocity",) if self.momentum else ()
        super().__init__(plans, parameters)

    def step(self, gradients: Mapping[str, torch.Tensor]) -> None:
        """Update all parameters in place."""
        for name, w in self.parameters.items():
            change = gradients[name]
            if self.decays:
                change = change.addcmul(self.weight_decay[name], w)
            if self.momentum:
                change = self.moments["velocity"][name].mul_(self.momentum).add_(change)
            w.addcmul_(self.lr[name], change, value=-1.0)


class StackedAdam(StackedOptimizer):
    """Adam, and AdamW, whose weight decay λ is decoupled: w ← (1 − η λ) w before each step."""

    kept = ("mean", "square")

    def __init__(self, plans: Sequence[Plan], parameters: Stacks) -> None:
        self.betas = plans[0].betas
        super().__init__(plans, parameters)

    def step(self, gradients: Mapping[str, torch.Tensor]) -> None:
        """Update all parameters in place."""
        self.count += 1
        unbiased, of_squares = (1.0 - beta**self.count for beta in self.betas)
        for name, w in self.parameters.items():
            g, lr = gradients[name], self.lr[name]
            mean = self.moments["mean"][name].lerp_(g, 1.0 - self.betas[0])
            square = self.moments["square"][name].mul_(self.betas[1]).addcmul_(g, g, value=1.0 - self.betas[1])
            if self.decays:
                w.addcmul_(lr * self.weight_decay[name], w, value=-1.0)
            w.addcdiv_(mean * (lr / unbiased), (square.sqrt() / of_squares.sqrt()).add_(self.eps[name]), value=-1.0)


def stacked_optimizer(plans: Sequence[Plan], parameters: Stacks) -> StackedOptimizer:
    """Return the optimizer of the plans."""
    return (StackedSGD if plans[0].optimizer_name == "sgd" else StackedAdam)(plans, parameters)
