"""Updates of one net by a torch optimizer."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.optim import Optimizer

from infwidth.training.examples import Examples
from infwidth.training.member import Member
from infwidth.training.problem import Problem


class Single:
    """Trains one net by the optimizer of its plan."""

    def __init__(self, problem: Problem, members: list[Member]) -> None:
        (self._member,) = members
        self._loss = problem.loss
        self._optimizer = self._member.plan.optimizer(self._member.model)
        self._update = update_of(self._optimizer)

    def step(self, batch: Examples) -> torch.Tensor:
        """Update the net on a batch; return its loss before it."""
        loss = self._loss(self._member.outputs(batch), batch.y)
        loss.backward()
        self._update()
        self._optimizer.zero_grad(set_to_none=True)
        return loss.detach()

    def keep(self, places: Sequence[int]) -> None:
        """Do nothing: without its one net a loop ends."""

    def state(self) -> dict[str, Any]:
        """Return the optimizer's state."""
        return self._optimizer.state_dict()

    def load(self, state: dict[str, Any]) -> None:
        """Take back what :meth:`state` returned."""
        self._optimizer.load_state_dict(state)


def update_of(optimizer: Optimizer) -> Callable[[], None]:
    """Return a function that does what ``optimizer.step()`` does: its rule, without profiler or compiler."""
    rule = inspect.unwrap(type(optimizer).step)

    def update() -> None:
        with torch.no_grad():
            rule(optimizer)

    return update
