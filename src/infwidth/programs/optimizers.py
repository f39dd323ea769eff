"""Optimizers of nets of infinite width: torch's own, which also move the Gaussian weights."""

from collections.abc import Callable
from typing import Any

import torch


class InfiniteSGD(torch.optim.SGD):
    """``torch.optim.SGD``; groups with a ``gaussian`` weight make its step, at the group's rate, momentum and decay."""

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Move everything by one step."""
        loss = super().step(closure)
        for group in self.param_groups:
            if (weight := group.get("gaussian")) is not None:
                weight.step(lr=group["lr"], momentum=group["momentum"], weight_decay=group["weight_decay"])
        return loss

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients, those of Gaussian weights too."""
        super().zero_grad(set_to_none)
        for group in self.param_groups:
            if (weight := group.get("gaussian")) is not None:
                weight.pending.clear()


class InfiniteAdamW(torch.optim.AdamW):
    """``torch.optim.AdamW`` (Adam without decay): the changes of Gaussian weights are parameters of their own.

    The decoupled decay shrinks them by itself; here it also shrinks what the weights started from.
    """

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Move everything by one step."""
        loss = super().step(closure)
        for group in self.param_groups:
            if (weight := group.get("gaussian")) is not None:
                weight.scale *= 1 - group["lr"] * group["weight_decay"]
        return loss
