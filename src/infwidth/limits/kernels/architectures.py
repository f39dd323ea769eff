"""The layers of two architectures, and their kernels."""

from typing import Any

from numpy.typing import ArrayLike

from infwidth.activations import Activation, activation_of
from infwidth.errors import SpecError, nearest
from infwidth.limits.kernels.evaluate import Kernels, LayerKernels, kernels_of, layer_kernels
from infwidth.limits.kernels.layers import AvgPool, Conv, Dense, Flatten, GlobalAvgPool

READOUTS = {"flatten": Flatten(), "mean": GlobalAvgPool()}


def mlp_layers(n_hidden: int, activation: str | Activation, *, sigma_w: float = 1.0, sigma_b: float = 0.0) -> list[Any]:
    """Return ``n_hidden`` times Dense and the activation, and a Dense. Raises SpecError for a depth below 1."""
    if n_hidden < 1:
        raise SpecError(f"n_hidden must be at least 1, not {n_hidden}")
    dense = Dense(sigma_w=sigma_w, sigma_b=sigma_b)
    return [*[dense, activation_of(activation)] * n_hidden, dense]


def cnn_layers(n_convolutions: int, *, pooling: bool, readout: str = "flatten") -> list[Any]:
    """Return ``n_convolutions`` times 3×3 convolution, √2·ReLU and, if ``pooling``, 2×2 averages; a readout, a Dense.

    It is the net of :class:`infwidth.models.cnn.CNN`. The readout takes all features ("flatten") or their mean over
    positions ("mean"). Raises SpecError for another one, or a depth below 1.
    """
    if n_convolutions < 1:
        raise SpecError(f"n_convolutions must be at least 1, not {n_convolutions}")
    if readout not in READOUTS:
        raise SpecError(f"readout '{readout}' is unknown{nearest(readout, READOUTS)}; known: {', '.join(READOUTS)}")
    return [*[Conv(), "unit_relu", *[AvgPool()] * pooling] * n_convolutions, READOUTS[readout], Dense()]


def mlp_kernels(
    x1: ArrayLike,
    x2: ArrayLike | None = None,
    *,
    n_hidden: int,
    activation: str | Activation,
    sigma_w: float,
    sigma_b: float,
    gain: float = 1.0,
) -> LayerKernels:
    """Return the kernels of every layer of an MLP of ``n_hidden`` layers of h ↦ gain · activation(h).

    Between inputs ``x1`` [N1, d] and ``x2`` [N2, d] (``x1`` itself if left out). See :func:`kernels_of`.
    """
    layers = mlp_layers(n_hidden, activation_of(activation).scaled(gain), sigma_w=sigma_w, sigma_b=sigma_b)
    return layer_kernels(layers, x1, x2)


def cnn_kernels(
    x1: ArrayLike, x2: ArrayLike | None = None, *, n_convolutions: int, pooling: bool, readout: str = "flatten"
) -> Kernels:
    """Return the kernels of the CNN of :func:`cnn_layers` between images ``x1`` and ``x2`` (``x1`` if left out)."""
    return kernels_of(cnn_layers(n_convolutions, pooling=pooling, readout=readout), x1, x2)
