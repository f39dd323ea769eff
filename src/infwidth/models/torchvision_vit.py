"""torchvision's vision transformer at any width. Importing this module imports torchvision."""

from typing import Any

from torch import nn
from torchvision.models.vision_transformer import VisionTransformer

from infwidth.errors import SpecError
from infwidth.models.model import Model


class TorchvisionViT(VisionTransformer, Model):
    """torchvision.models.VisionTransformer with N = ``hidden_dim`` and N / ``head_size`` heads.

    A class token and learned positions, pre-norm blocks of attention and MLP with biases, a linear readout of the class
    token. Logits of the attention are divided by the square root of a head's length, which is therefore fixed: the
    width grows by heads.

    Args:
        input_shape: [3, H, H]; H is a multiple of ``patch_size``.
        n_outputs: number of logits k.
        width: N, a multiple of ``head_size``.
        head_size: length of a head.
        n_blocks: number of blocks.
        mlp_ratio: units inside an MLP over the width.
        patch_size: side of a patch in pixels.
    """

    encoder: Any
    heads: Any

    def __init__(
        self,
        input_shape: tuple[int, int, int],
        n_outputs: int,
        *,
        width: int,
        head_size: int,
        n_blocks: int,
        mlp_ratio: int,
        patch_size: int,
    ) -> None:
        channels, height, image_width = input_shape
        if channels != 3 or height != image_width or height % patch_size:
            raise SpecError(
                f"torchvision's ViT takes square images of 3 channels whose side is a multiple of {patch_size}, "
                f"not {channels}×{height}×{image_width}"
            )
        if width % head_size:
            raise SpecError(f"a width of {width} cannot be divided into heads of {head_size}")
        super().__init__(
            image_size=height,
            patch_size=patch_size,
            num_layers=n_blocks,
            num_heads=width // head_size,
            hidden_dim=width,
            mlp_dim=mlp_ratio * width,
            num_classes=n_outputs,
        )
        self.heads.head.reset_parameters()  # torchvision's is zero; here the parametrization says how it starts

    @property
    def readout(self) -> nn.Linear:  # type: ignore[override]
        """The last layer, torchvision's ``heads.head``."""
        head: nn.Linear = self.heads.head
        return head

    @property
    def hidden_layers(self) -> dict[str, nn.Module]:
        """ffn1, ffn2, …: modules whose outputs are the MLPs' preactivations; final: the last LayerNorm."""
        mlps = {f"ffn{depth}": block.mlp[0] for depth, block in enumerate(self.encoder.layers, start=1)}
        return {**mlps, "final": self.encoder.ln}
