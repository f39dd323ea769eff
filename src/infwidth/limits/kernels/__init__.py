"""NNGP and neural tangent kernels of infinitely wide nets, composed of layers.

    kernels_of([Dense(), "unit_relu", Dense()], x).ntk
    kernels_of([Conv(), "erf", Residual("erf", Conv()), GlobalAvgPool(), Dense()], images, others).nngp

See :mod:`infwidth.limits.kernels.layers` for the layers and :mod:`infwidth.activations` for the activations.
"""

from infwidth.limits.kernels.architectures import cnn_kernels, cnn_layers, mlp_kernels, mlp_layers
from infwidth.limits.kernels.evaluate import Kernels, LayerKernels, as_inputs, kernels_of, layer_kernels
from infwidth.limits.kernels.layers import (
    AvgPool,
    Conv,
    Dense,
    Flatten,
    GlobalAvgPool,
    Layer,
    LayerNorm,
    Residual,
)

__all__ = [
    "AvgPool",
    "Conv",
    "Dense",
    "Flatten",
    "GlobalAvgPool",
    "Kernels",
    "Layer",
    "LayerKernels",
    "LayerNorm",
    "Residual",
    "as_inputs",
    "cnn_kernels",
    "cnn_layers",
    "kernels_of",
    "layer_kernels",
    "mlp_kernels",
    "mlp_layers",
]
