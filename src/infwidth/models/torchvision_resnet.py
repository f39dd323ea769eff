"""torchvision's ResNet-18 at any width. Importing this module imports torchvision, as no other model does."""

import torch
from torch import nn
from torchvision.models.resnet import BasicBlock, ResNet

from infwidth.models.model import Model


class TorchvisionResNet18(ResNet, Model):
    """torchvision.models.resnet18 with N channels in its first stage; at N = 64 it is that net, name by name.

    A 7×7 stem, a 3×3 maximum, four stages of two post-activation blocks with N, 2N, 4N and 8N channels, batch
    normalisation, a linear readout of the mean over all pixels.

    torchvision's constructor has no width: its ``width_per_group`` widens what is inside bottleneck blocks, which
    ResNet-18 has none of, and leaves the residual stream at 64 channels. So its own ``_make_layer`` is called with N in
    place of 64; blocks and forward pass are torchvision's.

    Args:
        input_shape: [C, H, W].
        n_outputs: number of logits k.
        width: N.
    """

    layer1: nn.Sequential
    layer2: nn.Sequential
    layer3: nn.Sequential
    layer4: nn.Sequential

    def __init__(self, input_shape: tuple[int, int, int], n_outputs: int, *, width: int) -> None:
        with torch.device("meta"):  # all that has a width is made again below
            super().__init__(BasicBlock, [2, 2, 2, 2], num_classes=n_outputs)
        self.inplanes = width
        self.conv1 = nn.Conv2d(input_shape[0], width, kernel_size=7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        for stage in range(4):
            stride = 1 if stage == 0 else 2
            setattr(self, f"layer{stage + 1}", ResNet._make_layer(self, BasicBlock, width * 2**stage, 2, stride=stride))
        self.fc = nn.Linear(8 * width, n_outputs)

    @property
    def readout(self) -> nn.Linear:  # type: ignore[override]
        """The last layer, torchvision's ``fc``."""
        return self.fc

    @property
    def hidden_layers(self) -> dict[str, nn.Module]:
        """h1: the stem's convolution; h2, h3, …: blocks, whose outputs are the residual stream behind its ReLU."""
        blocks = [block for stage in (self.layer1, self.layer2, self.layer3, self.layer4) for block in stage]
        return {f"h{depth}": layer for depth, layer in enumerate([self.conv1, *blocks], start=1)}
