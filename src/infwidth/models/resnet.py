"""Convolutional residual nets: ResNet-18 for small images, and its smaller relatives."""

from collections.abc import Sequence

import torch
from torch import nn

from infwidth.errors import SpecError
from infwidth.models.activations import Pointwise
from infwidth.models.model import Model
from infwidth.models.residual import Residual, branch_scale


def _norm(name: str, channels: int) -> nn.Module:
    match name:
        case "none":
            return nn.Identity()
        case "layer":
            return nn.GroupNorm(1, channels)
        case "batch":
            return nn.BatchNorm2d(channels)
        case _:
            raise SpecError(f"unknown norm '{name}'; it is none, layer or batch")


def _block(channels: int, out_channels: int, stride: int, norm: str, scale: float) -> Residual:
    """Return h ↦ skip(h) + scale · conv φ(norm(conv φ(norm(h)))); a 1×1 convolution is the skip where shapes change."""
    branch = nn.Sequential(
        _norm(norm, channels),
        Pointwise("unit_relu"),
        nn.Conv2d(channels, out_channels, 3, stride=stride, padding=1, bias=False),
        _norm(norm, out_channels),
        Pointwise("unit_relu"),
        nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False),
    )
    if channels == out_channels:
        return Residual(branch, scale)
    return Residual(branch, scale, nn.Conv2d(channels, out_channels, 1, stride=stride, bias=False))


class ResNet(Model):
    """3×3 stem, stages of pre-activation blocks, [norm, φ, mean of all pixels], readout; φ = √2·ReLU, no biases.

    A block is h + (β/L^α) · [norm, φ, 3×3 conv, norm, φ, 3×3 conv](h), L blocks in all. Every stage after the first
    halves the sides (an odd one is rounded up) and doubles the channels.

    Args:
        input_shape: [C, H, W] with H and W of at least stem_stride · 2^(stages - 1).
        n_outputs: number of logits k.
        width: channels N of the first stage; stage i = 0, 1, … has 2^i·N.
        blocks: number of blocks of each stage; [2, 2, 2, 2] is ResNet-18.
        stem_stride: 1 as for small images, or 2, which makes everything after it four times cheaper.
        norm: none, layer (over channels and pixels of an image) or batch.
        branch_multiplier: β.
        branch_power: α as a rational text, such as "1/2".
    """

    def __init__(
        self,
        input_shape: tuple[int, int, int],
        n_outputs: int,
        *,
        width: int,
        blocks: Sequence[int],
        stem_stride: int,
        norm: str,
        branch_multiplier: float,
        branch_power: str,
    ) -> None:
        super().__init__()
        in_channels, height, image_width = input_shape
        least = stem_stride * 2 ** (len(blocks) - 1)
        if min(height, image_width) < least:
            raise SpecError(
                f"{len(blocks)} stages need images of at least {least} pixels a side, not {height}×{image_width}"
            )
        scale = branch_scale(branch_multiplier, branch_power, sum(blocks))
        channels = width
        self.stem = nn.Conv2d(in_channels, channels, 3, stride=stem_stride, padding=1, bias=False)
        self.blocks = nn.ModuleList()
        for stage, n_blocks in enumerate(blocks):
            for index in range(n_blocks):
                out_channels = width * 2**stage
                stride = 2 if stage > 0 and index == 0 else 1
                self.blocks.append(_block(channels, out_channels, stride, norm, scale))
                channels = out_channels
        self.norm = _norm(norm, channels)
        self.activation = Pointwise("unit_relu")
        self.readout = nn.Linear(channels, n_outputs, bias=False)

    @property
    def hidden_layers(self) -> dict[str, nn.Module]:
        """Name → module whose output is the residual stream h^l [P, 2^i·N, H_i, W_i]."""
        return {f"h{depth}": layer for depth, layer in enumerate([self.stem, *self.blocks], start=1)}

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map images [P, C, H, W] to logits [P, k]."""
        h = self.stem(x)
        for block in self.blocks:
            h = block(h)
        return self.readout(self.activation(self.norm(h)).mean((2, 3)))
