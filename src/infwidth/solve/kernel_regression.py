"""Kernel regression with the kernels of infinitely wide nets on images, as rows."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from infwidth.errors import SpecError
from infwidth.solve.records import Limit

if TYPE_CHECKING:
    from infwidth.activations import Array
    from infwidth.data.load import Data


def rows(limit: Limit, data: "Data | None") -> pd.DataFrame:
    """Return ``test_accuracy``, ``test_loss`` and ``train_accuracy`` of regression on one-hot labels.

    ``kernel`` is "nngp" (a net whose readout only is trained) or "ntk" (all layers, to convergence, the mean over an
    ensemble) of the ``architecture``, "mlp" with ``n_hidden`` layers or "cnn" with ``n_convolutions``, with 2×2
    averages after each if ``pooling`` (the net of ``models.cnn``). ``ridge`` is in units of the kernel's mean diagonal.
    The loss is that of the trainings: the mean over examples and outputs of (f - y)².
    """
    from infwidth.data.images import Images
    from infwidth.limits.kernel_regression import accuracy, kernel_regression, one_hot

    assert isinstance(data, Images), "the schema of cells asks for images here"
    x_train, x_test = (x.double().numpy() for x in (data.x_train, data.x_test))
    y_train, y_test = data.y_train.numpy(), data.y_test.numpy()
    kernel, cross = _kernels(limit, x_train, x_test)
    fitted, predicted = kernel_regression(kernel, cross, one_hot(y_train, data.n_classes), ridge=limit["ridge"])
    values = {
        "test_accuracy": accuracy(predicted, y_test),
        "test_loss": float(((predicted - one_hot(y_test, data.n_classes)) ** 2).mean()),
        "train_accuracy": accuracy(fitted, y_train),
    }
    return pd.DataFrame(
        [(metric, "", -1, value, -1, 0) for metric, value in values.items()],
        columns=["metric", "layer", "index", "value", "seed", "step"],
    )


def _kernels(limit: Limit, x_train: np.ndarray, x_test: np.ndarray) -> "tuple[Array, Array]":
    """Return the kernel between training images [P, P] and from test to training images [Q, P]."""
    from infwidth.limits.kernels import Flatten, cnn_layers, kernels_of, mlp_layers

    name, architecture = limit["kernel"], limit["architecture"]
    if name not in ("nngp", "ntk"):
        raise SpecError(f"kernel '{name}' is unknown; known: nngp, ntk")
    if architecture == "mlp":
        layers = [Flatten(), *mlp_layers(limit["n_hidden"], "unit_relu")]
    elif architecture == "cnn":
        layers = cnn_layers(limit["n_convolutions"], pooling=limit["pooling"])
    else:
        raise SpecError(f"architecture '{architecture}' has no kernel here; known: mlp, cnn")
    own, cross = kernels_of(layers, x_train), kernels_of(layers, x_test, x_train)
    return getattr(own, name), getattr(cross, name)
