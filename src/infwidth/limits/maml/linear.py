r"""MAML of linear nets with one hidden layer in μP, of finite and of infinite width: Algorithms 2 and 3 as one code.

    h = u ξ + b,    f = v h,    u: [n, d],    b: [n],    v: [d_o, n].

The bias is α β with β trained: it starts at zero and learns α² times as fast. In μP the forward multipliers of a
linear net cancel, and all widths have the same learning rates. The infinite-width limit is itself such a net, of
n = d + d_o hidden units and special initial weights (Thm D.1); a net of width n is drawn from it by Gaussians
ω [n, d + d_o], as u = n^-1/2 ω u_∞, b = n^-1/2 ω b_∞ and v = n^-1/2 v_∞ ωᵀ.

Adapted weights are never formed. After steps with errors χ_s and readouts v_s on the support X, u has moved by
-ε (Σ χ_s v_s)ᵀ X and b by -ε α² (Σ χ_s v_s)ᵀ 1, so that hidden units at x move by -ε (x Xᵀ + α²) Σ χ_s v_s: products
of matrices as small as a task, for all tasks in one call.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from infwidth.limits.maml.protocol import OuterStep, Rates, TaskBatch, errors, labels, query_loss


class Weights(NamedTuple):
    """``u`` [n, d], ``b`` [n] and ``v`` [d_o, n] of f = v (u ξ + b)."""

    u: Tensor
    b: Tensor
    v: Tensor

    def sample(self, omega: Tensor) -> "Weights":
        """Return the net of finite width that the standard normals ``omega`` [width, n] draw from this infinite one."""
        omega = omega.to(self.u) / math.sqrt(len(omega))
        return Weights(omega @ self.u, omega @ self.b, self.v @ omega.T)

    def clone(self) -> "Weights":
        """Return a copy."""
        return Weights(*(part.clone() for part in self))


def infinite_weights(
    d: int, d_o: int, *, sigma_u: float, sigma_v: float, dtype: torch.dtype = torch.float32
) -> Weights:
    """Return the untrained limit, n = d + d_o: u = [σ_u I; 0], b = 0, v = [0, σ_v I] (Algorithm 3)."""
    u, v = torch.zeros(d + d_o, d, dtype=dtype), torch.zeros(d_o, d + d_o, dtype=dtype)
    u.fill_diagonal_(sigma_u)
    v[:, d:].fill_diagonal_(sigma_v)
    return Weights(u, u.new_zeros(d + d_o), v)


class _Adapted(NamedTuple):
    """The adapted nets at their query sets: hidden units [B, Q, n], readouts v [B, d_o, n], outputs [B, Q, d_o]."""

    hidden: Tensor
    readout: Tensor
    outputs: Tensor


class LinearLearner:
    """First-order MAML of one net; ``weights`` are changed in place. ``bias_lr`` is α, zero for a net without bias."""

    def __init__(self, weights: Weights, rates: Rates, *, bias_lr: float) -> None:
        self.weights, self.rates, self.bias_lr = weights, rates, bias_lr

    def _adapt(self, tasks: TaskBatch, steps: int) -> _Adapted:
        u, b, v = self.weights
        support, ε = tasks.support, self.rates.inner
        n, of_support = support.shape[1], labels(support, tasks.ways)
        points = torch.cat([support, tasks.query], dim=1)
        at_points = points @ u.T + b
        # Rows: all points of a task. Columns: its support, which moves the hidden units at them.
        products = points @ support.mT + self.bias_lr**2
        at_support, within = at_points[:, :n], products[:, :n]
        readout, hidden = v.expand(len(support), *v.shape), at_support
        moved = torch.zeros_like(at_support)  # Σ χ v
        for step in range(steps):
            if step:
                hidden = torch.baddbmm(at_support, within, moved, alpha=-ε)
            χ = errors(hidden @ readout.mT, of_support)
            moved = torch.baddbmm(moved, χ, readout)
            readout = torch.baddbmm(readout, χ.mT, hidden, alpha=-ε)
        at_query = torch.baddbmm(at_points[:, n:], products[:, n:], moved, alpha=-ε)
        return _Adapted(at_query, readout, at_query @ readout.mT)

    def query_outputs(self, tasks: TaskBatch, steps: int) -> Tensor:
        """Return the outputs [B, Q, ways] on the query sets after ``steps`` steps of adaptation, and forget these."""
        return self._adapt(tasks, steps).outputs

    def outer_step(self, tasks: TaskBatch) -> OuterStep:
        """Adapt by one step to each task, and move by the clipped sum of the tasks' first-order gradients."""
        adapted = self._adapt(tasks, steps=1)
        χ = errors(adapted.outputs, labels(tasks.query, tasks.ways))
        to_hidden, inputs = (χ @ adapted.readout).flatten(0, 1), tasks.query.flatten(0, 1)
        du, dv = to_hidden.T @ inputs, χ.flatten(0, 1).T @ adapted.hidden.flatten(0, 1)
        db = self.bias_lr * to_hidden.sum(0)  # the gradient by β
        norm = math.hypot(*(float(torch.linalg.vector_norm(gradient)) for gradient in (du, db, dv)))
        rate = self.rates.clipped(norm)
        for part, gradient, factor in zip(self.weights, (du, db, dv), (1.0, self.bias_lr, 1.0), strict=True):
            part.sub_(gradient, alpha=rate * factor)
        return OuterStep(query_loss(adapted.outputs, tasks.ways), norm)

    def state(self) -> Weights:
        """Return a copy of the weights."""
        return self.weights.clone()

    def load(self, state: Weights) -> None:
        """Take back what :meth:`state` returned."""
        self.weights = state.clone()
