"""Plain torch modules. They know nothing of parametrizations: widths are arguments, initialisation is the plan's.

Every model has ``hidden_layers``: name → the module whose output is the preactivation h^l, in order of depth; what
follows the last of them is the readout. ``residual_branches`` and ``queries`` are the modules that a scaling with the
depth and a zero initialisation of the attention look for.
"""

from collections.abc import Mapping
from typing import Any

from infwidth.models.model import Model
from infwidth.registry import load

__all__ = ["MODELS", "Model", "build_model"]

MODELS = {
    "mlp": "infwidth.models.mlp:MLP",
    "residual_mlp": "infwidth.models.residual_mlp:ResidualMLP",
    "cnn": "infwidth.models.cnn:CNN",
    "myrtle_cnn": "infwidth.models.myrtle_cnn:MyrtleCNN",
    "conv_mixer": "infwidth.models.conv_mixer:ConvMixer",
    "resnet": "infwidth.models.resnet:ResNet",
    "vit": "infwidth.models.vit:ViT",
    "transformer": "infwidth.models.transformer:Transformer",
    "torchvision_resnet18": "infwidth.models.torchvision_resnet:TorchvisionResNet18",
    "torchvision_vit": "infwidth.models.torchvision_vit:TorchvisionViT",
}


def build_model(spec: Mapping[str, Any], input_shape: tuple[int, ...], n_outputs: int) -> Model:
    """Build the model of a cell's spec for inputs of that shape, images [C, H, W] or texts [T], and its logits."""
    options = {key: value for key, value in spec.items() if key != "name"}
    model: Model = load(MODELS, spec["name"], kind="model")(input_shape, n_outputs, **options)
    return model
