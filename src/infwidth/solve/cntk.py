"""Regression with convolutional kernels of several depths, with and without global average pooling."""

from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import model_validator

from infwidth.results.rows import Rows
from infwidth.specs import data as blocks
from infwidth.specs.block import Count, Depth, NotNegative, Several
from infwidth.specs.cells import Computation

if TYPE_CHECKING:
    from infwidth.data.images import Images


class Spec(Computation):
    """Nets of ``depths`` (convolutions and a readout), on ``n_parts`` parts of the training set, each by itself.

    ``ridge`` is in units of the kernel's mean diagonal.
    """

    name: Literal["cntk"]
    depths: Several[Depth]
    n_parts: Count
    ridge: NotNegative
    takes: ClassVar = (blocks.Images,)

    @model_validator(mode="after")
    def _rises_from_two(self) -> Self:
        if list(self.depths) != sorted(self.depths) or self.depths[0] < 2:
            raise ValueError(f"depths must rise from 2, a convolution and a readout, not {list(self.depths)}")
        return self


def rows(spec: Spec, data: "Images") -> Rows:
    """Return the test accuracy on all test images after each part (seed), for every depth (index).

    ``ntk_accuracy`` and ``nngp_accuracy``, of the readout of all features (layer "vector") and of their mean over
    positions ("pooled"). Parts are stretches of the balanced training set; test images are the same for all.
    """
    from infwidth.limits.kernel_regression import accuracy, kernel_regression, one_hot
    from infwidth.limits.kernels.depths import kernels_by_depth

    size = len(data.x_train) // spec.n_parts
    test, labels = data.x_test.double().numpy(), data.y_test.numpy()
    out = Rows()
    for part in range(spec.n_parts):
        of = slice(part * size, (part + 1) * size)
        x, y = data.x_train[of].double().numpy(), data.y_train[of].numpy()
        own, cross = (kernels_by_depth(*images, depths=spec.depths) for images in ((x,), (test, x)))
        for readout in ("vector", "pooled"):
            for kernel in ("nngp", "ntk"):
                for place, depth in enumerate(spec.depths):
                    at_x, at_test = (getattr(getattr(k, readout), kernel)[place] for k in (own, cross))
                    _, predicted = kernel_regression(at_x, at_test, one_hot(y, data.n_classes), ridge=spec.ridge)
                    out.add(
                        0, f"{kernel}_accuracy", accuracy(predicted, labels), layer=readout, index=depth, seed=part,
                        of="limit",
                    )  # fmt: skip
    return out
