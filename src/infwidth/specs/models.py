"""Blocks of models: the arguments of the constructors in ``infwidth.models``, which say what each is."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from infwidth.specs.block import WIDEST, Block, Count, Depth, Listed, Positive, Width

#: ``unit_relu`` is √2·max(h, 0), which keeps the second moment of a unit Gaussian; ``relu`` is max(h, 0).
Activation = Literal["unit_relu", "relu", "tanh", "gelu", "linear"]
BranchPower = Literal["0", "1/2", "1"]


class Net(Block):
    """Base of all models, of width N."""

    width: Width

    @property
    def depth(self) -> int:
        """About how many N × N matrices there are."""
        return 1

    @property
    def mixes_batches(self) -> bool:
        """Whether the output of an example depends on the others of its batch while training: batch norm."""
        return False

    @model_validator(mode="after")
    def _fits_a_machine(self) -> Self:
        if self.depth * self.width**2 > WIDEST**2:
            tebibytes = self.depth * self.width**2 / 2**38
            raise ValueError(
                f"about {self.depth:.3g} layers of {self.width} × {self.width} weights take {tebibytes:.3g} TiB,"
                " which no machine holds"
            )
        return self


class MLP(Net):
    """x ↦ W^{L+1} φ(W^L … φ(W^1 x)), L = ``n_hidden``."""

    name: Literal["mlp"]
    n_hidden: Depth
    activation: Activation = "unit_relu"
    bias: bool = False

    @property
    def depth(self) -> int:
        """About how many N × N matrices there are."""
        return self.n_hidden


class ResidualMLP(Net):
    """The MLP with skips: h ↦ h + (β/L^α) W φ(h), L = ``n_blocks``, β the multiplier and α the power of branches."""

    name: Literal["residual_mlp"]
    n_blocks: Depth
    activation: Activation = "unit_relu"
    branch_multiplier: Positive = 1.0
    branch_power: BranchPower = "1/2"

    @property
    def depth(self) -> int:
        """About how many N × N matrices there are."""
        return self.n_blocks


class CNN(Net):
    """3×3 convolutions of N channels, 2×2 averages after each, a linear readout."""

    name: Literal["cnn"]
    n_convolutions: Depth


class MyrtleCNN(Net):
    """Four 3×3 convolutions and a linear readout of their spatial mean."""

    name: Literal["myrtle_cnn"]


class ConvMixer(Net):
    """The same with hidden convolutions that mix space and channels in turn."""

    name: Literal["conv_mixer"]


class ResNet(Net):
    """Stages of residual ``blocks``, each of half the resolution of the one before."""

    name: Literal["resnet"]
    blocks: Listed[Count]
    norm: Literal["none", "layer", "batch"]
    branch_multiplier: Positive = 1.0
    branch_power: BranchPower = "1/2"
    stem_stride: Literal[1, 2]

    @property
    def mixes_batches(self) -> bool:
        """As in :class:`Net`."""
        return self.norm == "batch"


class AttentionNet(Net):
    """Base of the nets of attention and feed-forward blocks; N is a multiple of ``n_heads``."""

    n_heads: Count
    n_blocks: Depth
    mlp_ratio: Count
    attention_multiplier: Positive
    branch_multiplier: Positive = 1.0
    branch_power: BranchPower = "1/2"

    @property
    def depth(self) -> int:
        """About how many N × N matrices there are."""
        return self.n_blocks * (4 + 2 * self.mlp_ratio)

    @model_validator(mode="after")
    def _heads_share_the_width(self) -> Self:
        if self.width % self.n_heads:
            raise ValueError(f"a width of {self.width} cannot be divided among {self.n_heads} heads")
        return self


class Transformer(AttentionNet):
    """A decoder of words."""

    name: Literal["transformer"]


class ViT(AttentionNet):
    """A transformer of patches of images."""

    name: Literal["vit"]
    patch_size: Count


class TorchvisionResNet18(Net):
    """torchvision's ResNet-18, N channels in its first stage."""

    name: Literal["torchvision_resnet18"]

    @property
    def mixes_batches(self) -> bool:
        """As in :class:`Net`; its norms are torchvision's."""
        return True


class TorchvisionViT(Net):
    """torchvision's vision transformer; N grows by heads of fixed size."""

    name: Literal["torchvision_vit"]
    head_size: Count
    n_blocks: Count
    mlp_ratio: Count
    patch_size: Count

    @property
    def depth(self) -> int:
        """About how many N × N matrices there are."""
        return self.n_blocks * (4 + 2 * self.mlp_ratio)

    @model_validator(mode="after")
    def _heads_share_the_width(self) -> Self:
        if self.width % self.head_size:
            raise ValueError(f"model.width {self.width} is no multiple of head_size {self.head_size}")
        return self


Model = Annotated[
    MLP | ResidualMLP | CNN | MyrtleCNN | ConvMixer | ResNet | Transformer | ViT | TorchvisionResNet18 | TorchvisionViT,
    Field(discriminator="name"),
]
