"""Plain torch modules. They know nothing of parametrizations: widths are arguments, initialisation is the plan's.

Every model has ``hidden_layers``: name → the module whose output is the preactivation h^l, in order of depth; what
follows the last of them is the readout. ``residual_branches`` and ``queries`` are the modules that a scaling with the
depth and a zero initialisation of the attention look for.
"""

from collections.abc import Callable, Mapping
from typing import Any

from infwidth.models.attention import AttentionNet
from infwidth.models.cnn import CNN
from infwidth.models.conv_mixer import ConvMixer
from infwidth.models.mlp import MLP
from infwidth.models.model import Model
from infwidth.models.myrtle_cnn import MyrtleCNN
from infwidth.models.residual_mlp import ResidualMLP
from infwidth.models.resnet import ResNet
from infwidth.models.transformer import Transformer
from infwidth.models.vit import ViT

__all__ = [
    "CNN",
    "MLP",
    "AttentionNet",
    "ConvMixer",
    "Model",
    "MyrtleCNN",
    "ResNet",
    "ResidualMLP",
    "Transformer",
    "ViT",
    "build_model",
]

_MODELS: Mapping[str, Callable[..., Model]] = {
    "mlp": MLP,
    "residual_mlp": ResidualMLP,
    "cnn": CNN,
    "myrtle_cnn": MyrtleCNN,
    "conv_mixer": ConvMixer,
    "resnet": ResNet,
    "vit": ViT,
    "transformer": Transformer,
}


def build_model(spec: Mapping[str, Any], input_shape: tuple[int, ...], n_outputs: int) -> Model:
    """Build the model of a cell's spec for inputs of that shape, images [C, H, W] or texts [T], and its logits."""
    options = {key: value for key, value in spec.items() if key != "name"}
    if spec["name"] not in _MODELS:
        raise ValueError(f"unknown model '{spec['name']}'")
    return _MODELS[spec["name"]](input_shape, n_outputs, **options)
