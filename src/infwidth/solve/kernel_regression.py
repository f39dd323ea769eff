"""Kernel regression with the kernels of infinitely wide nets on images."""

from typing import TYPE_CHECKING, ClassVar, Literal, Self

import numpy as np
from pydantic import model_validator

from infwidth.results.rows import Rows
from infwidth.specs import data as blocks
from infwidth.specs.block import Depth, NotNegative, unsaid
from infwidth.specs.cells import Computation

if TYPE_CHECKING:
    from infwidth.activations import Array
    from infwidth.data.images import Images


class Spec(Computation):
    """Regression with the ``kernel`` of an ``architecture``, at a ridge in units of the kernel's mean diagonal.

    ``kernel`` is "nngp" (a net whose readout only is trained) or "ntk" (all layers, to convergence, the mean over an
    ensemble) of an "mlp" with ``n_hidden`` layers or a "cnn" with ``n_convolutions``, with 2×2 averages after each if
    ``pooling`` (the net of ``models.cnn``).
    """

    name: Literal["kernel_regression"]
    kernel: Literal["nngp", "ntk"]
    architecture: Literal["mlp", "cnn"]
    ridge: NotNegative
    n_hidden: Depth | None = unsaid()
    n_convolutions: Depth | None = unsaid()
    pooling: bool | None = unsaid()
    takes: ClassVar = (blocks.Images,)

    @model_validator(mode="after")
    def _is_an_architecture(self) -> Self:
        of = {"n_hidden": "mlp", "n_convolutions": "cnn", "pooling": "cnn"}
        for key, architecture in of.items():
            if getattr(self, key) is None and architecture == self.architecture:
                raise ValueError(f"architecture '{self.architecture}' needs {key}")
            if getattr(self, key) is not None and architecture != self.architecture:
                raise ValueError(f"architecture '{self.architecture}' has no {key}")
        return self


def rows(spec: Spec, data: "Images") -> Rows:
    """Return ``test_accuracy``, ``test_loss`` and ``train_accuracy`` of regression on one-hot labels.

    The loss is that of the trainings: the mean over examples and outputs of (f - y)².
    """
    from infwidth.limits.kernel_regression import accuracy, kernel_regression, one_hot

    x_train, x_test = (x.double().numpy() for x in (data.x_train, data.x_test))
    y_train, y_test = data.y_train.numpy(), data.y_test.numpy()
    kernel, cross = _kernels(spec, x_train, x_test)
    fitted, predicted = kernel_regression(kernel, cross, one_hot(y_train, data.n_classes), ridge=spec.ridge)
    out = Rows()
    out.add(0, "test_accuracy", accuracy(predicted, y_test))
    out.add(0, "test_loss", ((predicted - one_hot(y_test, data.n_classes)) ** 2).mean())
    out.add(0, "train_accuracy", accuracy(fitted, y_train))
    return out


def _kernels(spec: Spec, x_train: np.ndarray, x_test: np.ndarray) -> "tuple[Array, Array]":
    """Return the kernel between training images [P, P] and from test to training images [Q, P]."""
    from infwidth.limits.kernels import Flatten, cnn_layers, kernels_of, mlp_layers

    if spec.n_hidden is not None:
        layers = [Flatten(), *mlp_layers(spec.n_hidden, "unit_relu")]
    else:
        assert spec.n_convolutions is not None, "a CNN has convolutions; its block has made sure"
        layers = cnn_layers(spec.n_convolutions, pooling=bool(spec.pooling))
    own, cross = kernels_of(layers, x_train), kernels_of(layers, x_test, x_train)
    return getattr(own, spec.kernel), getattr(cross, spec.kernel)
