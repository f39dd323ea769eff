"""Perceptrons of one output and no biases, each the row of one tensor: what an integrator of flows moves."""

import itertools
from dataclasses import dataclass

import torch
from torch import Tensor

from infwidth.activations import Activation


@dataclass(frozen=True)
class Passed:
    """What enters every layer [A, fan-in, P], and the slopes of the hidden ones [A, fan-out, P]."""

    entering: list[Tensor]
    slopes: list[Tensor]


@dataclass(frozen=True)
class FlatNets:
    """The shape of nets h_l = g_l W_l φ(h_(l−1)), h_0 = x, the last of which is f.

    ``sizes`` are those of the inputs, the hidden layers and the output, 1; ``multipliers`` g_l, one a layer. States are
    [A, n], the weights [fan-out, fan-in] of all layers one after the other.
    """

    sizes: tuple[int, ...]
    multipliers: tuple[float, ...]
    activation: Activation

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """[fan-out, fan-in] of every layer."""
        return [(out, into) for into, out in itertools.pairwise(self.sizes)]

    @property
    def n(self) -> int:
        """Weights of a net."""
        return sum(out * into for out, into in self.shapes)

    def matrices(self, state: Tensor) -> list[Tensor]:
        """Return the weights of every layer [A, fan-out, fan-in], views of the state."""
        parts = state.split([out * into for out, into in self.shapes], dim=1)
        return [part.unflatten(1, shape) for part, shape in zip(parts, self.shapes, strict=True)]

    def effective(self, state: Tensor) -> list[Tensor]:
        """Return g_l W_l of every layer; the flow on W moves them at the rates g_l²."""
        return [g * w for g, w in zip(self.multipliers, self.matrices(state), strict=True)]

    def forward(self, state: Tensor, x: Tensor) -> tuple[Tensor, Passed]:
        """Return outputs [A, P] at inputs [d, P] or [A, d, P], one a column, and what :meth:`pull` needs."""
        a = x.expand(len(state), *x.shape[-2:])
        entering: list[Tensor] = [a]
        slopes: list[Tensor] = []
        matrices = self.matrices(state)
        for depth, (w, g) in enumerate(zip(matrices, self.multipliers, strict=True), start=1):
            h = (w @ entering[-1]).mul_(g)
            if depth == len(matrices):
                return h[:, 0], Passed(entering, slopes)
            entering.append(self.activation.value(h))
            slopes.append(self.activation.slope(h))
        raise ValueError("a net needs a layer")

    def pull(self, state: Tensor, passed: Passed, pulls: Tensor) -> Tensor:
        """Return Σ_p ``pulls``_p ∂f(x_p)/∂W [A, n]; pulls are [A, P]."""
        matrices, parts = self.matrices(state), []
        δ = pulls[:, None]
        for i in reversed(range(len(matrices))):
            δ = self.multipliers[i] * δ
            parts.append((δ @ passed.entering[i].mT).flatten(1))
            if i:
                δ = (matrices[i].mT @ δ).mul_(passed.slopes[i - 1])
        return torch.cat(parts[::-1], dim=1)
