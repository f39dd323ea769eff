"""Plain torch modules. They know nothing of parametrizations: widths are arguments, initialisation is the plan's.

Every model has ``hidden_layers``: name → the module whose output is the preactivation h^l, in order of depth; what
follows the last of them is the readout.
"""

from collections.abc import Mapping
from typing import Any

from infwidth.models.cnn import CNN
from infwidth.models.conv_mixer import ConvMixer
from infwidth.models.mlp import MLP
from infwidth.models.myrtle_cnn import MyrtleCNN

__all__ = ["CNN", "MLP", "ConvMixer", "Model", "MyrtleCNN", "build_model"]

Model = MLP | CNN | MyrtleCNN | ConvMixer


def build_model(spec: Mapping[str, Any], input_shape: tuple[int, int, int], n_outputs: int) -> Model:
    """Build the model of a cell's spec for inputs of shape [C, H, W] and ``n_outputs`` logits."""
    options = {key: value for key, value in spec.items() if key != "name"}
    match spec["name"]:
        case "mlp":
            return MLP(input_shape, n_outputs, **options)
        case "cnn":
            return CNN(input_shape, n_outputs, **options)
        case "myrtle_cnn":
            return MyrtleCNN(input_shape, n_outputs, **options)
        case "conv_mixer":
            return ConvMixer(input_shape, n_outputs, **options)
        case name:
            raise ValueError(f"unknown model '{name}'")
