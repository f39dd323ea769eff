"""Myrtle-5: four 3×3 convolutions and a linear readout of their spatial mean."""

import torch
from torch import nn
from torch.nn import functional as F

from infwidth.errors import SpecError
from infwidth.models.activations import Pointwise
from infwidth.models.model import Model


class MyrtleCNN(Model):
    """[conv, φ], two times [conv, φ, 2×2 mean], [conv, φ, mean of all pixels], readout; φ = √2·ReLU, no biases.

    On 32×32 images the last mean is over 8×8 pixels, as in the companion notebook of Karkada 2024.

    Args:
        input_shape: [C, H, W] with H and W of at least 4.
        n_outputs: number of logits k.
        width: channels N of every convolution.
    """

    def __init__(self, input_shape: tuple[int, int, int], n_outputs: int, *, width: int) -> None:
        super().__init__()
        channels, height, image_width = input_shape
        if min(height, image_width) < 4:
            raise SpecError(f"two 2×2 poolings need images of at least 4 pixels a side, not {height}×{image_width}")
        self.convolutions = nn.ModuleList([self.read_in(channels, width), *(self.mixing(width) for _ in range(3))])
        self.readout = nn.Linear(width, n_outputs, bias=False)
        self.activation = Pointwise("unit_relu")

    @staticmethod
    def read_in(channels: int, width: int) -> nn.Module:
        """Return the first convolution, from the image."""
        return nn.Conv2d(channels, width, 3, padding=1, bias=False)

    @staticmethod
    def mixing(width: int) -> nn.Module:
        """Return one of the convolutions between hidden layers."""
        return nn.Conv2d(width, width, 3, padding=1, bias=False)

    @property
    def hidden_layers(self) -> dict[str, nn.Module]:
        """Name → module whose output is the preactivation h^l [P, N, H_l, W_l]."""
        return {f"h{depth}": layer for depth, layer in enumerate(self.convolutions, start=1)}

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map images [P, C, H, W] to logits [P, k]."""
        z = x
        for depth, layer in enumerate(self.convolutions):
            z = self.activation(layer(z))
            if depth in (1, 2):
                z = F.avg_pool2d(z, 2)
        return self.readout(z.mean((2, 3)))
