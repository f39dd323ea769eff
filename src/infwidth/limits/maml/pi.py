r"""MAML of π-nets, of finite and of infinite width, of which tasks adapt the readout alone.

As in Yang, Santacroce & Hu 2022 (their released commands) the readout starts at zero for every task and is forgotten
after it; what is learned are the layers below. Adaptation is kernel descent from zero with the last layer's feature
kernel K of the moment,

    f(ξ) = -ε Σ_t Σ_s K(ξ, ξ_s) χ_s^t,    χ^t = ∂L/∂f at the support set after t steps,

and the outer gradient is that of the query loss by the layers, through K in both its arguments: the adaptation, of one
step, is differentiated as well.
"""

import copy
import math

import torch
from torch import Tensor

from infwidth.limits.maml.protocol import OuterStep, Rates, TaskBatch, errors, labels, query_loss
from infwidth.limits.pi_net import PiNets
from infwidth.limits.pi_net.layers import Layer, Step


class PiLearner:
    """MAML of one π-net, whose layers are changed in place; ``first_lr`` is a factor of the first layer's rate."""

    def __init__(self, net: PiNets, rates: Rates, *, first_lr: float = 1.0) -> None:
        self.net, self.rates, self.first_lr = net, rates, first_lr

    def _adapted(self, g: Tensor, tasks: TaskBatch, steps: int) -> Tensor:
        """Return the outputs [B, Q, ways] on the query sets, of the last features of all points [1, B·(N + Q), r]."""
        n = tasks.support.shape[1]
        points = g.view(len(tasks.support), -1, g.shape[2])
        to_support = self.net.readout.kernel(points, points[:, :n])
        outputs = points.new_zeros(*points.shape[:2], tasks.ways)
        for _ in range(steps):
            χ = errors(outputs[:, :n], labels(points[:, :n], tasks.ways))
            outputs = torch.baddbmm(outputs, to_support, χ, alpha=-self.rates.inner)
        return outputs[:, n:]

    @staticmethod
    def _points(tasks: TaskBatch) -> Tensor:
        """Return the inputs [B·(N + Q), d] of supports and queries, task by task."""
        return torch.cat([tasks.support, tasks.query], 1).flatten(0, 1).double()

    @torch.no_grad()
    def query_outputs(self, tasks: TaskBatch, steps: int) -> Tensor:
        """Return the outputs [B, Q, ways] on the query sets after ``steps`` steps of adaptation, and forget these."""
        return self._adapted(self.net.hidden_outputs(self._points(tasks))[-1], tasks, steps)

    def outer_step(self, tasks: TaskBatch) -> OuterStep:
        """Adapt by one step to each task, and move by the clipped sum of the tasks' gradients."""
        x = self._points(tasks)
        with torch.enable_grad():
            features = self.net.hidden_outputs(x)
            outputs = self._adapted(features[-1], tasks, steps=1)
            of_query = labels(outputs, tasks.ways)
            loss = torch.nn.functional.cross_entropy(outputs.flatten(0, 1), of_query.flatten())
            gradients = torch.autograd.grad(len(tasks.query) * loss, features)
        learned = list(zip(self.net.layers, gradients, self.net.inputs(x, features), strict=False))
        norm = math.sqrt(sum(float(layer.norms(d, z)) for layer, d, z in learned))
        rate = self.rates.clipped(norm)
        for depth, (layer, d, z) in enumerate(learned):
            layer.learn(d, z, Step(rate * (self.first_lr if depth == 0 else 1.0)))
        return OuterStep(query_loss(outputs.detach(), tasks.ways), norm)

    def state(self) -> list[Layer]:
        """Return a copy of the layers."""
        return copy.deepcopy(self.net.layers)

    def load(self, state: list[Layer]) -> None:
        """Take back what :meth:`state` returned."""
        self.net.layers = copy.deepcopy(state)
