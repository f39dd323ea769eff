"""Gradient flow of stacked perceptrons to its end, in steps that are as long as their tangent kernels stay.

A net without biases has f = f̃ - f̃_0, its outputs less those at initialisation, and descends ½ Σ_p (f - y)² by gradient
flow; on its training points df/dt = K (y - f), K the tangent kernel of now. One step of length τ is linearly implicit,

    θ → θ + (∂f/∂θ)ᵀ (K + 1/τ)⁻¹ (y - f),

stable for every τ, and with a fixed kernel at its end the interpolant of gradient flow whatever the steps. τ is such
that what the kernel did not foresee of f and the change of the kernel itself stay small; both, since f is close to
zero for long where nets are rich, and since kernels of few neurons change by whole units at the kinks of ReLU.
"""

import functools
import itertools
from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from infwidth.activations import activation_of
from infwidth.seeding import numpy_stream
from infwidth.solve.stacked_perceptrons import Stack

#: What of a kernel may change in a step, more than a neuron's part; how much longer the next may be; their number.
_KERNEL, _LONGER, _MOST = 0.4, 2.0, 1000

#: Rows of a kernel that are computed together.
_ROWS = 256


class Tangent(NamedTuple):
    """What enters every layer, the outputs last, and ∂f/∂ of what leaves it, [S, n, P] each."""

    entering: list[Tensor]
    gradients: list[Tensor]

    def at(self, points: slice) -> "Tangent":
        """Return the passes at some of the points."""
        return Tangent(*([z[:, :, points] for z in layers] for layers in self))

    def put_back(self, nets: Tensor, before: "Tangent") -> None:
        """Let some of the nets [S] be as they were ``before``; what enters their first layer is the same."""
        for layers, old in zip(self, before, strict=True):
            for z, was in zip(layers[-len(self.gradients) :], old[-len(self.gradients) :], strict=True):
                z[nets] = was[nets]


class Flowing(Stack):
    """Nets without biases, h = σ_w W a/√fan-in in every layer, W from N(0, 1); ``push`` and others as in Stack."""

    @classmethod
    def drawn(
        cls, *, width: int, n_hidden: int, n_inputs: int, sigma_w: float, seeds: Iterable[int], dtype: torch.dtype
    ) -> "Flowing":
        """Draw ReLU nets of these seeds; those of a width and seed are the same for every σ_w."""
        sizes = [n_inputs, *[width] * n_hidden, 1]
        rngs = [numpy_stream("init", "flowing", width, seed) for seed in seeds]
        weights, rates = [], []
        for fan_in, fan_out in itertools.pairwise(sizes):
            drawn = np.stack([rng.standard_normal((fan_out, fan_in), dtype=np.float32) for rng in rngs])
            weights.append(torch.from_numpy(drawn).to(dtype).mul_(sigma_w / fan_in**0.5))
            rates.append(sigma_w**2 / fan_in)
        biases = [torch.zeros(len(rngs), fan_out, 1, dtype=dtype) for fan_out in sizes[1:]]
        return cls(weights, biases, rates, 0.0, activation_of("relu"))

    def double(self) -> "Flowing":
        """Return the same nets in double precision."""
        weights, biases = ([z.double() for z in layers] for layers in (self.weights, self.biases))
        return replace(self, weights=weights, biases=biases)

    def tangent(self, x: Tensor) -> Tangent:
        """Return the passes at ``x`` [d, P] from which outputs and kernels are made."""
        entering, slopes = self._forward(x)
        gradients = [torch.ones_like(entering[-1])]
        for w, slope in zip(reversed(self.weights[1:]), reversed(slopes), strict=True):
            gradients.append(w.mT @ gradients[-1] * slope)
        return Tangent(entering, gradients[::-1])

    def kernel(self, of: Tangent, others: Tangent | None = None) -> Tensor:
        """Return the tangent kernels [S, P, Q] at the layers' rates, between ``of`` and ``others``, or itself."""
        if others is not None:
            return self._products(of, others)
        last = of.entering[-1]
        kernel = last.new_empty(len(last), last.shape[2], last.shape[2])
        for end in range(_ROWS, last.shape[2] + _ROWS, _ROWS):  # one triangle
            rows = slice(end - _ROWS, end)
            block = self._products(of.at(rows), of.at(slice(end)))
            kernel[:, rows, :end] = block
            kernel[:, : end - _ROWS, rows] = block[:, :, : end - _ROWS].mT
        return kernel

    def _products(self, of: Tangent, others: Tangent) -> Tensor:
        layers = zip(of.entering[:-1], of.gradients, others.entering[:-1], others.gradients, self.rates, strict=True)
        terms = ((a.mT @ a2).mul_(g.mT @ g2).mul_(rate) for a, g, a2, g2, rate in layers)
        return functools.reduce(Tensor.add_, terms)

    def flow(self, x: Tensor, targets: Tensor, *, accuracy: float, left: float) -> Tensor:
        """Train the nets in place on ``x`` [d, P] with ``targets`` [P]; return what is left of the loss [S].

        It is in units of the loss at zero, and ``left`` where a net stops; a net that is not there after a thousand
        steps returns more. ``accuracy`` is what a step may leave unforeseen, in units of the error.
        """
        now = self.tangent(x)
        kernel, start = self.kernel(now), now.entering[-1][:, 0].clone()
        f, loss = torch.zeros_like(start), torch.ones(len(start), dtype=start.dtype)
        τ = accuracy / kernel.diagonal(dim1=1, dim2=2).sum(dim=1)
        for _ in range(_MOST):
            error = targets - f
            loss = error.square().mean(dim=1) / targets.square().mean()
            done = loss < left
            if done.all():
                break
            # Beyond the rounding errors of a kernel a longer step is no other.
            rounding = torch.finfo(f.dtype).eps * kernel.diagonal(dim1=1, dim2=2).sum(dim=1)
            push = _solved(kernel, torch.maximum(1 / τ, rounding), error).masked_fill(done[:, None], 0.0)
            before = [w.clone() for w in self.weights]
            for w, a, g, rate in zip(self.weights, now.entering[:-1], now.gradients, self.rates, strict=True):
                w.baddbmm_(g * push[:, None], a.mT, alpha=rate)
            then = self.tangent(x)
            new, reached = self.kernel(then), then.entering[-1][:, 0] - start
            foreseen = f + (kernel @ push[..., None])[..., 0]
            off = torch.maximum(
                (reached - foreseen).norm(dim=1) / error.norm(dim=1) / accuracy,
                (new - kernel).norm(dim=(1, 2)) / new.norm(dim=(1, 2)) / _KERNEL,
            )
            back = ~(off <= 2.0) & ~done  # not numbers go back as well
            τ = torch.where(done, τ, τ * torch.nan_to_num(0.8 / off, nan=0.0).clamp(0.3, _LONGER))
            if back.any():
                for w, old in zip(self.weights, before, strict=True):
                    w[back] = old[back]
                then.put_back(back, now)
                new[back], reached[back] = kernel[back], f[back]
            now, kernel, f = then, new, reached
        return loss


def _solved(kernels: Tensor, shifts: Tensor, errors: Tensor) -> Tensor:
    """Return (K + shift)⁻¹ e for symmetric K [S, P, P]; without a Cholesky factor where rounding left it indefinite."""
    shifted = kernels.clone()
    shifted.diagonal(dim1=1, dim2=2).add_(shifts[:, None])
    factors, failed = torch.linalg.cholesky_ex(shifted)
    solved = torch.cholesky_solve(errors[..., None], factors)[..., 0]
    indefinite = failed > 0
    if indefinite.any():
        solved[indefinite] = torch.linalg.solve(shifted[indefinite], errors[indefinite])
    return solved
