r"""MAML in the kernel regime (Algorithm 4): an infinitely wide net is a sum of kernels over the examples it has met.

    f(ξ) = Σ_(ζ,q) K(ζ, ξ) q.

A gradient step with errors χ on inputs x adds (x, -ε χ): in function space, so that no parameters are needed. The
adaptation's terms are dropped once the query errors are known. Over a training of T outer steps the sum has
min(T · queries of a batch, different inputs) terms, since inputs met again share a coefficient: an outer step costs
(terms) × (inputs of a batch) kernel values, time grows as T² until every input has been met and as T from then on, and
memory as the different inputs. A linear kernel is evaluated by its features instead, at a cost that does not grow.

Kernels are those of the authors' code for one hidden layer, f = v φ(u ξ + b), with first-layer variances σ_u² and σ_b²,
zero initial output, and no training of b: with s² = σ_u² ‖ξ‖² + σ_b², θ the angle of the preactivations,

    GP:  K = s s' (sin θ + (π - θ) cos θ) / 2π               (v is trained)
    NTK: K = (the above) + σ_v² ξ·ξ' (π - θ) / 2π            (v and u are trained)
"""

import math
from collections.abc import Callable
from typing import Any, Protocol

import torch
from torch import Tensor

from infwidth.limits.maml.protocol import OuterStep, Rates, TaskBatch, errors, labels, query_loss

#: Kernel of [..., N1, d] and [..., N2, d]: [..., N1, N2].
Kernel = Callable[[Tensor, Tensor], Tensor]

_TILE = 4096  # terms at once: with a batch of 320 inputs temporaries of 5 MB


def relu_kernel(*, sigma_u: float, sigma_b: float, sigma_v: float) -> Kernel:
    """Return the NTK of a ReLU net with one hidden layer, as above; ``sigma_v`` zero gives that of the GP."""

    def kernel(x1: Tensor, x2: Tensor) -> Tensor:
        products = x1 @ x2.mT
        s1, s2 = ((sigma_u**2 * x.square().sum(-1) + sigma_b**2).sqrt() for x in (x1, x2))
        scale = s1[..., :, None] * s2[..., None, :]
        # Of a zero preactivation the angle has no meaning; π makes the kernel vanish, as φ'(0) = 0.
        cosine = torch.where(scale > 0, (sigma_u**2 * products + sigma_b**2) / scale, -1.0).clamp_(-1.0, 1.0)
        slope = (math.pi - cosine.acos()).div_(2 * math.pi)
        moment = (1 - cosine.square()).sqrt_().div_(2 * math.pi).addcmul_(slope, cosine).mul_(scale)
        return moment.addcmul_(slope, products, value=sigma_v**2) if sigma_v else moment

    return kernel


def linear_kernel(*, sigma_u: float, sigma_b: float) -> Kernel:
    """Return K = σ_u² ξ·ξ' + σ_b²: both limits of a linear net without hidden layer."""

    def kernel(x1: Tensor, x2: Tensor) -> Tensor:
        return sigma_u**2 * (x1 @ x2.mT) + sigma_b**2

    return kernel


class Function(Protocol):
    """A function in the space of a kernel, to which terms can be added."""

    def __call__(self, x: Tensor) -> Tensor:
        """Return the outputs [N, d_o] at ``x`` [N, d]."""

    def add(self, ids: Tensor, x: Tensor, q: Tensor) -> None:
        """Add the terms K(x_i, ·) q_i, ``x`` [N, d], ``q`` [N, d_o]; ``ids`` [N] are equal where inputs are."""

    def state(self) -> Any:
        """Return a copy."""

    def load(self, state: Any) -> None:
        """Take back what :meth:`state` returned."""


class Expansion:
    """The sum over all terms, for any kernel; ``n_ids`` is one more than the largest id."""

    def __init__(self, kernel: Kernel, *, d: int, d_o: int, n_ids: int, dtype: torch.dtype = torch.float32) -> None:
        self.kernel, self.n_terms = kernel, 0
        self._place = torch.full((n_ids,), -1)
        self._x = torch.zeros(0, d, dtype=dtype)
        self._q = torch.zeros(0, d_o, dtype=dtype)

    def __call__(self, x: Tensor) -> Tensor:
        """Return the outputs [N, d_o] at ``x`` [N, d]."""
        outputs = x.new_zeros(len(x), self._q.shape[1])
        for start in range(0, self.n_terms, _TILE):
            tile = slice(start, min(start + _TILE, self.n_terms))
            outputs.addmm_(self.kernel(x, self._x[tile]), self._q[tile])
        return outputs

    def add(self, ids: Tensor, x: Tensor, q: Tensor) -> None:
        """Add the terms K(x_i, ·) q_i, ``x`` [N, d], ``q`` [N, d_o]; ``ids`` [N] are equal where inputs are."""
        new = torch.unique(ids[self._place[ids] < 0])
        end = self.n_terms + len(new)
        self._reserve(end)
        self._place[new] = torch.arange(self.n_terms, end)
        self.n_terms = end
        places = self._place[ids]
        self._x[places] = x
        self._q.index_add_(0, places, q)

    def _reserve(self, size: int) -> None:
        """Make room for ``size`` terms, doubling, so that copying takes a constant share of the time."""
        if size > len(self._x):
            more = min(max(2 * len(self._x), size, 1024), len(self._place)) - len(self._x)
            self._x, self._q = (torch.cat([part, part.new_zeros(more, part.shape[1])]) for part in (self._x, self._q))

    def state(self) -> Tensor:
        """Return a copy of the coefficients; inputs are only ever added, and keep their places."""
        return self._q[: self.n_terms].clone()

    def load(self, state: Tensor) -> None:
        """Take back what :meth:`state` returned, of this function: later inputs stay, with coefficient zero."""
        self._q.zero_()[: len(state)] = state


class LinearFunction:
    """The same function for a linear kernel, as weights [d_o, d + 1] of the features (σ_u ξ, σ_b)."""

    def __init__(self, *, sigma_u: float, sigma_b: float, d: int, d_o: int, dtype: torch.dtype = torch.float32) -> None:
        self.sigma_u, self.sigma_b = sigma_u, sigma_b
        self.weights = torch.zeros(d_o, d + 1, dtype=dtype)

    def _features(self, x: Tensor) -> Tensor:
        return torch.cat([self.sigma_u * x, x.new_full((len(x), 1), self.sigma_b)], dim=1)

    def __call__(self, x: Tensor) -> Tensor:
        """Return the outputs [N, d_o] at ``x`` [N, d]."""
        return self._features(x) @ self.weights.T

    def add(self, ids: Tensor, x: Tensor, q: Tensor) -> None:
        """Add the terms K(x_i, ·) q_i, ``x`` [N, d], ``q`` [N, d_o]; ``ids`` are not needed."""
        self.weights.addmm_(q.T, self._features(x))

    def state(self) -> Tensor:
        """Return a copy of the weights."""
        return self.weights.clone()

    def load(self, state: Tensor) -> None:
        """Take back what :meth:`state` returned."""
        self.weights = state.clone()


class KernelLearner:
    """First-order MAML of a function that starts at zero, in the space of ``kernel``."""

    def __init__(self, kernel: Kernel, function: Function, rates: Rates) -> None:
        self.kernel, self.function, self.rates = kernel, function, rates

    def query_outputs(self, tasks: TaskBatch, steps: int) -> Tensor:
        """Return the outputs [B, Q, ways] on the query sets after ``steps`` steps of adaptation, and forget these."""
        support, query = tasks.support, tasks.query
        n = support.shape[1]
        points = torch.cat([support, query], dim=1)
        outputs = self.function(points.flatten(0, 1)).view(*points.shape[:2], -1)
        to_all = self.kernel(points, support)
        of_support = labels(support, tasks.ways)
        for _ in range(steps):
            χ = errors(outputs[:, :n], of_support)
            outputs = torch.baddbmm(outputs, to_all, χ, alpha=-self.rates.inner)
        return outputs[:, n:]

    def outer_step(self, tasks: TaskBatch) -> OuterStep:
        """Adapt by one step to each task, and move by the clipped sum of the tasks' first-order gradients."""
        outputs = self.query_outputs(tasks, steps=1)
        χ = errors(outputs, labels(outputs, tasks.ways)).flatten(0, 1)
        x = tasks.query.flatten(0, 1)
        norm = math.sqrt(max(0.0, float(((χ @ χ.T) * self.kernel(x, x)).sum())))
        self.function.add(tasks.query_ids.flatten(), x, -self.rates.clipped(norm) * χ)
        return OuterStep(query_loss(outputs, tasks.ways), norm)

    def state(self) -> Any:
        """Return a copy of the function."""
        return self.function.state()

    def load(self, state: Any) -> None:
        """Take back what :meth:`state` returned."""
        self.function.load(state)
