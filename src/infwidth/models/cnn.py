"""A plain convolutional net with N channels: the one behind the comparison of NTK and μP on images."""

import torch
from torch import nn
from torch.nn import functional as F

from infwidth.errors import SpecError
from infwidth.models.activations import Pointwise
from infwidth.models.model import Model


class CNN(Model):
    """``n_convolutions`` times [3×3 convolution, √2·ReLU, 2×2 average pooling], then a linear readout of all features.

    No biases and no normalisation. An odd side loses its last row and column in the pooling.

    Args:
        input_shape: [C, H, W].
        n_outputs: number of logits k.
        width: channels N of every convolution.
        n_convolutions: L; needs H and W of at least 2^L.
    """

    def __init__(self, input_shape: tuple[int, int, int], n_outputs: int, *, width: int, n_convolutions: int) -> None:
        super().__init__()
        channels, height, image_width = input_shape
        sides = (height >> n_convolutions, image_width >> n_convolutions)
        if min(sides) < 1:
            raise SpecError(
                f"{n_convolutions} poolings need images of at least {2**n_convolutions} pixels a side, "
                f"not {height}×{image_width}"
            )
        self.convolutions = nn.ModuleList(
            nn.Conv2d(channels if depth == 0 else width, width, 3, padding=1, bias=False)
            for depth in range(n_convolutions)
        )
        self.readout = nn.Linear(width * sides[0] * sides[1], n_outputs, bias=False)
        self.activation = Pointwise("unit_relu")

    @property
    def hidden_layers(self) -> dict[str, nn.Module]:
        """Name → module whose output is the preactivation h^l [P, N, H_l, W_l]."""
        return {f"h{depth}": layer for depth, layer in enumerate(self.convolutions, start=1)}

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map images [P, C, H, W] to logits [P, k]."""
        z = x
        for layer in self.convolutions:
            z = F.avg_pool2d(self.activation(layer(z)), 2)
        return self.readout(z.flatten(1))
