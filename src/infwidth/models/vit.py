"""The vision transformer."""

from typing import Any

import torch
from torch import nn

from infwidth.errors import SpecError
from infwidth.models.attention import AttentionNet


class ViT(AttentionNet):
    """Linear embedding of square patches, position embedding, blocks, readout of the mean over all patches.

    Pixels beyond the last whole patch are not seen.

    Args:
        input_shape: [C, H, W] with H and W of at least ``patch_size``.
        n_outputs: number of logits k.
        patch_size: side of a patch in pixels.
        **options: those of :class:`AttentionNet` from ``width`` on.
    """

    def __init__(self, input_shape: tuple[int, int, int], n_outputs: int, *, patch_size: int, **options: Any) -> None:
        channels, height, image_width = input_shape
        n_patches = (height // patch_size) * (image_width // patch_size)
        if n_patches < 1:
            raise SpecError(f"images of {height}×{image_width} pixels hold no patch of {patch_size}×{patch_size}")
        super().__init__(n_patches, n_outputs, is_causal=False, **options)
        self.patches = nn.Conv2d(channels, self.readout.in_features, patch_size, stride=patch_size, bias=False)

    def embed(self, x: torch.Tensor) -> torch.Tensor:
        """Map images [P, C, H, W] to the vectors [P, T, N] of their patches."""
        return self.patches(x).flatten(2).transpose(1, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map images [P, C, H, W] to logits [P, k]."""
        return self.readout(self.features(x).mean(1))
