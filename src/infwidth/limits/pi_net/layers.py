"""The layers of π-nets: what a layer computes, and what one step of SGD makes of it.

All tensors have the number of nets S first; inputs [S, N, r], gradients by the outputs [S, N, k]. No tensor of a layer
has a gradient of torch's: a step needs only the gradient by the layer's outputs.
"""

from abc import ABC, abstractmethod
from typing import NamedTuple

import torch
from torch import Tensor

from infwidth.limits.pi_net.moments import Activation


class Step(NamedTuple):
    """One step of SGD: its rate, the factor that decay leaves of what was there, the largest norm of a gradient."""

    lr: float
    kept: float = 1.0
    clip: float | None = None


class Layer(ABC):
    """z ↦ ``scale`` · (linear(z) + ``bias_scale`` · β) with β [S, k] trained from zero, of S nets.

    ``metric`` [S, k, k] is (ΩᵀΩ/n)⁻¹ of the neurons that a hidden layer of finite width leads to, of which the
    projection Ω (ΩᵀΩ)⁻¹ Ωᵀ consists in coordinates g; None is the identity, its limit.
    """

    def __init__(self, bias: Tensor, *, scale: float, bias_scale: float, metric: Tensor | None = None) -> None:
        self.bias, self.scale, self.bias_scale, self.metric = bias, scale, bias_scale, metric

    def __call__(self, z: Tensor) -> Tensor:
        """Return the outputs [S, N, k]."""
        return self.scale * (self.linear(z) + self.bias_scale * self.bias[:, None])

    @property
    @abstractmethod
    def size(self) -> int:
        """Numbers that an input of all nets takes inside of the layer."""

    @abstractmethod
    def linear(self, z: Tensor) -> Tensor:
        """Return what the weights make of the inputs, [S, N, k]."""

    @abstractmethod
    def gram(self, z: Tensor) -> Tensor:
        """Return inner products [S, N, N] of what the weights are multiplied with."""

    @abstractmethod
    def add(self, d: Tensor, z: Tensor, kept: float, rates: Tensor) -> None:
        """Keep a part of the weights and add the outer products of ``d`` and ``z``, times ``rates`` [S]."""

    def learn(self, gradient: Tensor, z: Tensor, step: Step) -> None:
        """Take the step, given the loss's ``gradient`` by the outputs; weights and bias are clipped each by itself."""
        d = self.scale * gradient
        projected = d if self.metric is None else d @ self.metric
        self.add(projected, z, step.kept, self._rates(step, (projected @ d.mT).mul_(self.gram(z)).sum((1, 2))))
        if self.bias_scale:
            by_bias, of_projected = self.bias_scale * d.sum(1), self.bias_scale * projected.sum(1)
            rates = self._rates(step, (by_bias * of_projected).sum(1))
            self.bias = step.kept * self.bias + rates[:, None] * of_projected

    def norms(self, gradient: Tensor, z: Tensor) -> Tensor:
        """Return the squared norms [S] of the projected gradients by weights and bias together."""
        d = self.scale * gradient
        projected = d if self.metric is None else d @ self.metric
        return ((projected @ d.mT) * (self.gram(z) + self.bias_scale**2)).sum((1, 2))

    @staticmethod
    def _rates(step: Step, squares: Tensor) -> Tensor:
        """Return minus the rate of every net, clipped."""
        if step.clip is None:
            return torch.full_like(squares, -step.lr)
        norms = squares.clamp_min(torch.finfo(squares.dtype).tiny).sqrt()
        return -step.lr * (step.clip / norms).clamp_max(1.0)


class ReadIn(Layer):
    """A_1ᵀ ξ, ``weights`` [S, d, r]; inputs [N, d] or [S, N, d]."""

    def __init__(self, weights: Tensor, bias: Tensor, **more: object) -> None:
        super().__init__(bias, **more)  # type: ignore[arg-type]
        self.weights = weights

    @property
    def size(self) -> int:
        """Numbers of the outputs."""
        return self.bias.numel()

    def linear(self, z: Tensor) -> Tensor:
        """Return the outputs [S, N, r]."""
        return z @ self.weights

    def gram(self, z: Tensor) -> Tensor:
        """Return inner products of inputs."""
        return z @ z.mT

    def add(self, d: Tensor, z: Tensor, kept: float, rates: Tensor) -> None:
        """Take the step."""
        self.weights = kept * self.weights + rates[:, None, None] * (z.mT @ d)


class NeuronLayer(Layer):
    """A layer on neurons φ(ω · z), with ω of the layer below: all but the first."""

    phi: Activation

    @abstractmethod
    def kernel(self, z: Tensor, others: Tensor) -> Tensor:
        """Return means over neurons of φ(ω · z) φ(ω · z'), [S, N, N'], with gradients by both."""

    def gram(self, z: Tensor) -> Tensor:
        """Return the kernel of the inputs with each other."""
        return self.kernel(z, z)


class InfiniteLayer(NeuronLayer):
    """Σ_m c_m a_m V(b_m, z): ``a`` [S, M, k], ``b`` [S, M, r], ``c`` [S, M]; M grows by the examples of a step."""

    def __init__(self, terms: tuple[Tensor, Tensor, Tensor], bias: Tensor, phi: Activation, **more: object) -> None:
        super().__init__(bias, **more)  # type: ignore[arg-type]
        self._a, self._b, self._c = terms
        self.phi, self.n_terms = phi, terms[0].shape[1]

    @property
    def size(self) -> int:
        """Moments with all terms."""
        return len(self._a) * self.n_terms

    @property
    def terms(self) -> tuple[Tensor, Tensor, Tensor]:
        """a, b and c."""
        a, b, c = (part[:, : self.n_terms] for part in (self._a, self._b, self._c))
        return a, b, c

    def linear(self, z: Tensor) -> Tensor:
        """Return the outputs [S, N, k]."""
        a, b, c = self.terms
        return self.phi.moment(z, b) @ (c[..., None] * a)

    def kernel(self, z: Tensor, others: Tensor) -> Tensor:
        """Return the moments."""
        return self.phi.moment(z, others)

    def add(self, d: Tensor, z: Tensor, kept: float, rates: Tensor) -> None:
        """Append the examples."""
        end = self.n_terms + z.shape[1]
        if end > self._a.shape[1]:
            # Doubling, so that copying takes a constant share of the time.
            more = max(end, 2 * self._a.shape[1]) - self._a.shape[1]
            self._a, self._b, self._c = (
                torch.cat([part, part.new_zeros(part.shape[0], more, *part.shape[2:])], 1)
                for part in (self._a, self._b, self._c)
            )
        self._c[:, : self.n_terms] *= kept
        new = slice(self.n_terms, end)
        self._a[:, new], self._b[:, new], self._c[:, new] = d, z, rates[:, None]
        self.n_terms = end


class FiniteLayer(NeuronLayer):
    """n⁻¹ Σ_α u_α φ(ω_α · z): ``u`` [S, n, k], ``omega`` [S, n, r] of the layer below."""

    def __init__(self, u: Tensor, omega: Tensor, bias: Tensor, phi: Activation, **more: object) -> None:
        super().__init__(bias, **more)  # type: ignore[arg-type]
        self.u, self.omega, self.phi = u, omega, phi

    @property
    def size(self) -> int:
        """Features."""
        return self.omega.shape[0] * self.omega.shape[1]

    def features(self, z: Tensor) -> Tensor:
        """Return φ(ω_α · z), [S, N, n]."""
        return self.phi.value(z @ self.omega.mT)

    def linear(self, z: Tensor) -> Tensor:
        """Return the outputs [S, N, k]."""
        return self.features(z) @ self.u / self.omega.shape[1]

    def kernel(self, z: Tensor, others: Tensor) -> Tensor:
        """Return means over the n neurons."""
        return self.features(z) @ self.features(others).mT / self.omega.shape[1]

    def add(self, d: Tensor, z: Tensor, kept: float, rates: Tensor) -> None:
        """Take the step."""
        self.u = kept * self.u + rates[:, None, None] * (self.features(z).mT @ d)
