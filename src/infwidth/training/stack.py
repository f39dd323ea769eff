"""Updates of many nets at once: their weights are stacked, and one step is that of all.

Nets of one cell differ in seeds and learning rates only. Their tensors become stacks [nets, …], of which the tensors of
each net are views, so that probes see single nets as ever. One net's infinities reach no other.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.func import functional_call, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel

from infwidth.training.cuda_graph import Replayed
from infwidth.training.examples import Examples, Split
from infwidth.training.initial import InitialFunction
from infwidth.training.member import Member
from infwidth.training.problem import Problem
from infwidth.training.stacked_optimizers import stacked_optimizer


class StackedNets:
    """Nets of one shape as one function; their parameters and buffers become views of the stacks.

    Args:
        nets: in the mode, training or evaluation, in which the function is to be.
    """

    def __init__(self, nets: Sequence[nn.Module]) -> None:
        self._template = copy.deepcopy(nets[0]).to("meta")  # how to compute, without numbers
        self.parameters = _stacked([dict(net.named_parameters()) for net in nets])
        self.buffers = _stacked([dict(net.named_buffers()) for net in nets])

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Return the outputs of all nets on the same inputs, [nets, P, …]."""
        return vmap(self._of_one, in_dims=(0, 0, None))(self.parameters, self.buffers, x)

    def _of_one(self, parameters: Any, buffers: Any, x: torch.Tensor) -> torch.Tensor:
        return functional_call(self._template, (parameters, buffers), (x,))


def _stacked(of_nets: Sequence[Mapping[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """Return the stacks [nets, …] of tensors of the same names, shapes and memory formats, and make these views."""
    stacks = {}
    for name, like in of_nets[0].items():
        shape, strides = (len(of_nets), *like.shape), (like.numel(), *like.stride())
        stack = torch.empty_strided(shape, strides, dtype=like.dtype, device=like.device)
        for of_net, tensors in zip(stack, of_nets, strict=True):
            tensors[name].data = of_net.copy_(tensors[name].detach())
        stacks[name] = stack.requires_grad_(like.requires_grad)
    return stacks


class StackedInitial:
    """The initial functions of nets, as one function."""

    def __init__(self, functions: Sequence[InitialFunction]) -> None:
        self._functions = functions
        self._nets: StackedNets | None = None
        self._values: dict[Split, torch.Tensor] = {}

    def __call__(self, of: Examples) -> torch.Tensor:
        """Return f0 [nets, P, k] of the examples."""
        if not self._functions[0].keeps(of.split):
            if self._nets is None:
                self._nets = StackedNets([function.model for function in self._functions])
            with torch.no_grad():
                return self._nets(of.x)
        if of.split not in self._values:
            self._values[of.split] = torch.stack([function.of_split(of.split) for function in self._functions])
            for function, values in zip(self._functions, self._values[of.split], strict=True):
                function.values[of.split] = values  # a view: nothing is held twice
        assert isinstance(of.rows, torch.Tensor)
        return self._values[of.split].index_select(1, of.rows)


class Stack:
    """Trains nets of one shape by the optimizers of their plans, all with the same batches.

    Args:
        problem: what the nets have in common.
        members: the nets at initialisation.
        graphed: whether to replay a step from a CUDA graph.
    """

    def __init__(self, problem: Problem, members: Sequence[Member], *, graphed: bool = False) -> None:
        self._losses = vmap(problem.loss, in_dims=(0, None))
        self._graphed = graphed
        # The fused attention of the CPU knows no stacks.
        fused = problem.device.type != "cpu"
        self._attention: Callable[[], AbstractContextManager[None]] = (
            nullcontext if fused else partial(sdpa_kernel, SDPBackend.MATH)
        )
        self._take(members)
        self._optimizer = stacked_optimizer([member.plan for member in members], self._nets.parameters)

    def _take(self, members: Sequence[Member]) -> None:
        self._members = members
        self._nets = StackedNets([member.model for member in members])
        functions = [member.initial for member in members if member.initial is not None]
        self._initial = StackedInitial(functions) if functions else None
        self._update: Callable[..., torch.Tensor] = Replayed(self._updated) if self._graphed else self._updated

    def step(self, batch: Examples) -> torch.Tensor:
        """Update all nets on a batch; return their losses [nets] before it."""
        initial = () if self._initial is None else (self._initial(batch),)
        return self._update(batch.x, batch.y, *initial)

    def _updated(self, x: torch.Tensor, y: torch.Tensor, initial: torch.Tensor | None = None) -> torch.Tensor:
        with self._attention():
            outputs = self._nets(x)
        losses = self._losses(outputs if initial is None else outputs - initial, y)
        # No loss depends on another net: the gradient of the sum is that of each.
        gradients = torch.autograd.grad(losses.sum(), list(self._nets.parameters.values()))
        with torch.no_grad():
            self._optimizer.step(dict(zip(self._nets.parameters, gradients, strict=True)))
        return losses.detach()

    def keep(self, places: Sequence[int]) -> None:
        """Go on with the nets at these places only."""
        if places:
            self._take([self._members[place] for place in places])
            self._optimizer.keep(places, self._nets.parameters)

    def state(self) -> dict[str, Any]:
        """Return the optimizer's state."""
        return self._optimizer.state()

    def load(self, state: Mapping[str, Any]) -> None:
        """Take back what :meth:`state` returned."""
        self._optimizer.load(state)
