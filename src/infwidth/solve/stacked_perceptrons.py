"""Nets of one width side by side: each layer of all of them is one batched product."""

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from infwidth.activations import Activation, activation_of
from infwidth.empirical import mlp_empirical_ntk
from infwidth.seeding import numpy_stream
from infwidth.solve.perceptrons import Perceptrons


@dataclass(frozen=True)
class Stack:
    """S nets by their effective weights σ_w W/√fan-in [S, fan-out, fan-in] and biases σ_b b [S, fan-out, 1].

    These move at ``rates``, σ_w²/fan-in a layer, and at ``bias_rate``, σ_b². Examples are columns, [d, P].
    """

    weights: list[Tensor]
    biases: list[Tensor]
    rates: list[float]
    bias_rate: float
    activation: Activation

    @classmethod
    def initial(
        cls, spec: Perceptrons, n_inputs: int, seeds: Iterable[int], dtype: torch.dtype = torch.float32
    ) -> "Stack":
        """Draw the nets of these seeds; those of a width and seed are the same in all computations."""
        sizes = [n_inputs, *[spec.width] * spec.n_hidden, 1]
        weights: list[Tensor] = []
        biases: list[Tensor] = []
        rngs = [numpy_stream("init", "perceptrons", spec.width, int(seed)) for seed in seeds]
        for fan_in, fan_out in itertools.pairwise(sizes):
            for kept, size, shape in (
                (weights, spec.sigma_w / math.sqrt(fan_in), (fan_out, fan_in)),
                (biases, spec.sigma_b, (fan_out, 1)),
            ):
                drawn = np.stack([rng.standard_normal(shape, dtype=np.float32) for rng in rngs])
                kept.append(torch.from_numpy(drawn).to(dtype).mul_(size))
        rates = [spec.sigma_w**2 / fan_in for fan_in in sizes[:-1]]
        return cls(weights, biases, rates, spec.sigma_b**2, activation_of(spec.activation))

    def copy(self) -> "Stack":
        """Return the same nets, which training these does not move."""
        return replace(self, weights=[w.clone() for w in self.weights], biases=[b.clone() for b in self.biases])

    def outputs(self, x: Tensor) -> np.ndarray:
        """Return the outputs [S, P]."""
        entering, _ = self._forward(x)
        return entering[-1][:, 0].double().numpy()

    def _forward(self, x: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """Return what enters every layer, the outputs last, and the slopes of the hidden ones, [S, n, P] each."""
        a = x.to(self.weights[0]).expand(len(self.weights[0]), -1, -1)
        entering, slopes = [a], []
        for i, (w, b) in enumerate(zip(self.weights, self.biases, strict=True)):
            h = torch.baddbmm(b, w, entering[-1])
            last = i == len(self.weights) - 1
            entering.append(h if last else self.activation.value(h))
            if not last:
                slopes.append(self.activation.slope(h))
        return entering, slopes

    def descend(self, x: Tensor, targets: Tensor, lr: float) -> None:
        """Move by one step of gradient descent on ½ the mean of (f − ``targets``)²; targets are [P] or [S, P]."""
        entering, slopes = self._forward(x)
        errors = entering[-1] - targets.to(entering[-1]).reshape(-1, 1, x.shape[1])
        self._push(entering, slopes, lr / x.shape[1] * errors)

    def push(self, x: Tensor, pushes: np.ndarray) -> None:
        """Move the parameters by −Σ_p ``pushes``_p ∂f(x_p)/∂θ at their rates; pushes are [S, P]."""
        entering, slopes = self._forward(x)
        self._push(entering, slopes, torch.from_numpy(pushes)[:, None].to(entering[-1]))

    def _push(self, entering: list[Tensor], slopes: list[Tensor], δ: Tensor) -> None:
        for i in reversed(range(len(self.weights))):
            before = self.weights[i].mT @ δ * slopes[i - 1] if i else δ
            self.weights[i].baddbmm_(δ, entering[i].mT, alpha=-self.rates[i])
            self.biases[i].sub_(δ.sum(2, keepdim=True), alpha=self.bias_rate)
            δ = before

    def kernels(self, x: Tensor) -> np.ndarray:
        """Return the tangent kernels [S, P, P] with which the functions move, in double precision."""
        return np.stack([self._kernel(seed, x) for seed in range(len(self.weights[0]))])

    def _kernel(self, seed: int, x: Tensor) -> np.ndarray:
        kernel = mlp_empirical_ntk(
            [w[seed].double() for w in self.weights],
            x.T.double(),
            activation=self.activation,
            biases=[b[seed, :, 0].double() for b in self.biases],
            rates=self.rates,
            bias_rates=[self.bias_rate] * len(self.biases),
        )
        return kernel.numpy()
