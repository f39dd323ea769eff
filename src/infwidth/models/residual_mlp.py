"""The multilayer perceptron with skips: the net in which width and depth go to infinity together."""

import math

import torch
from torch import nn

from infwidth.models.activations import Pointwise
from infwidth.models.model import Model
from infwidth.models.residual import Residual, branch_scale


class ResidualMLP(Model):
    """h^1 = W^0 x, h^{l+1} = h^l + (β/L^α) W^l φ(h^l) for l = 1..L, then W^{L+1} φ(h^{L+1}); no biases.

    It is the net of Bordelon et al. 2024 (depth-wise hyperparameter transfer), theirs with α = 1/2.

    Args:
        input_shape: shape [C, H, W] of one input, flattened to C·H·W.
        n_outputs: number of logits k.
        width: N.
        n_blocks: L.
        activation: φ, one of unit_relu (√2·relu), relu, tanh, gelu or linear.
        branch_multiplier: β.
        branch_power: α as a rational text, such as "1/2".
    """

    def __init__(
        self,
        input_shape: tuple[int, ...],
        n_outputs: int,
        *,
        width: int,
        n_blocks: int,
        activation: str,
        branch_multiplier: float,
        branch_power: str,
    ) -> None:
        super().__init__()
        scale = branch_scale(branch_multiplier, branch_power, n_blocks)
        self.activation = Pointwise(activation)
        self.stem = nn.Linear(math.prod(input_shape), width, bias=False)
        self.blocks = nn.ModuleList(
            Residual(nn.Sequential(self.activation, nn.Linear(width, width, bias=False)), scale)
            for _ in range(n_blocks)
        )
        self.readout = nn.Linear(width, n_outputs, bias=False)

    @property
    def hidden_layers(self) -> dict[str, nn.Module]:
        """Name → module whose output is the residual stream h^l [P, N]."""
        return {f"h{depth}": layer for depth, layer in enumerate([self.stem, *self.blocks], start=1)}

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map inputs [P, C, H, W] to logits [P, k]."""
        h = self.stem(x.flatten(1))
        for block in self.blocks:
            h = block(h)
        return self.readout(self.activation(h))
