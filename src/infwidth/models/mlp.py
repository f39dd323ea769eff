"""The multilayer perceptron of width N with L hidden layers."""

import itertools
import math

import torch
from torch import nn

from infwidth.models.activations import Pointwise
from infwidth.models.model import Model


class MLP(Model):
    """x ↦ W^{L+1} φ(W^L … φ(W^1 x)), all hidden layers of width N.

    Args:
        input_shape: shape [C, H, W] of one input, flattened to C·H·W.
        n_outputs: number of logits k.
        width: N.
        n_hidden: L.
        activation: unit_relu (√2·relu), relu, tanh, gelu or linear.
        bias: whether the layers have biases.
    """

    def __init__(
        self, input_shape: tuple[int, ...], n_outputs: int, *, width: int, n_hidden: int, activation: str, bias: bool
    ) -> None:
        super().__init__()
        widths = [math.prod(input_shape), *[width] * n_hidden]
        self.hidden = nn.ModuleList(nn.Linear(i, o, bias=bias) for i, o in itertools.pairwise(widths))
        self.readout = nn.Linear(width, n_outputs, bias=bias)
        self.activation = Pointwise(activation)

    @property
    def hidden_layers(self) -> dict[str, nn.Module]:
        """Name → module whose output is the preactivation h^l [P, N]."""
        return {f"h{depth}": layer for depth, layer in enumerate(self.hidden, start=1)}

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map inputs [P, C, H, W] to logits [P, k]."""
        z = x.flatten(1)
        for layer in self.hidden:
            z = self.activation(layer(z))
        return self.readout(z)
