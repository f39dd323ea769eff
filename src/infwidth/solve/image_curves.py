"""Kernel regression on images: spectrum and power of the kernel on all of them, and the curve that they predict."""

from typing import TYPE_CHECKING, ClassVar, Literal, Self

import numpy as np
from pydantic import model_validator

from infwidth.results.rows import Rows
from infwidth.seeding import numpy_stream
from infwidth.specs import data as blocks
from infwidth.specs.block import Count, Depth, NotNegative, Positive, Several, unsaid
from infwidth.specs.cells import Computation

if TYPE_CHECKING:
    from infwidth.activations import Array
    from infwidth.data.images import Images

#: Gray from red, green and blue (ITU-R BT.601).
_LUMA = np.array([0.299, 0.587, 0.114])


class Spec(Computation):
    """Regression on P of the training images, which are all the inputs there are: their labels, one-hot or ±1 for two.

    Images are gray vectors of unit length, of their mean over pixels zero if ``centred``. ``kernel`` is the "ntk" of a
    √2·ReLU net with ``n_hidden`` layers, or "rbf", exp(-|x - x'|²/(2 ``variance``)). The ridge is ``ridge`` plus P
    times ``ridge_per_example``. ``noise`` are variances of label noise; ``n_shown`` images are placed on the kernel's
    principal components.
    """

    name: Literal["image_curves"]
    kernel: Literal["ntk", "rbf"]
    n_hidden: Depth | None = unsaid()
    variance: Positive | None = unsaid()
    centred: bool
    ridge: NotNegative
    ridge_per_example: NotNegative
    noise: Several[NotNegative]
    samples: Several[Count]
    n_seeds: Count
    n_shown: Count
    takes: ClassVar = (blocks.Images,)

    @model_validator(mode="after")
    def _is_a_kernel(self) -> Self:
        wanted, other = ("variance", "n_hidden") if self.kernel == "rbf" else ("n_hidden", "variance")
        if getattr(self, wanted) is None or getattr(self, other) is not None:
            raise ValueError(f"kernel '{self.kernel}' needs {wanted}, and has no {other}")
        return self


def rows(spec: Spec, data: "Images") -> Rows:
    """Return learning curves over the power of the labels; the step is P, the index the place in ``noise``.

    ``test_error`` on all images and ``unseen_error`` on those that were not drawn, of theory and of every draw (seed);
    of theory also ``bias`` and ``variance``, that of the choice of examples and of noise together; ``learned``, the sum
    Σ L of learnabilities. Of the kernel on all images ``eigenvalue`` of K/n and ``cumulative_power`` (index ρ), and for
    some images ``component`` of the first two (layer) with their ``label``.
    """
    from infwidth.limits.learning_curves import learning_curve, omniscient_task, unseen_error
    from infwidth.limits.subset_regression import subset_errors

    x, labels = _inputs(spec, data), data.y_train.numpy()
    y = 2.0 * labels[:, None] - 1 if data.n_classes == 2 else np.eye(data.n_classes)[labels]
    kernel = _kernel(spec, x)
    n = len(kernel)
    task = omniscient_task(kernel, y)
    out = Rows()
    out.add(0, "eigenvalue", task.eigenvalues)
    out.add(0, "cumulative_power", task.cumulative_power)
    if spec.n_shown > 1:
        values, vectors = np.linalg.eigh(kernel)
        for i in (1, 2):
            component = vectors[: spec.n_shown, -i] * np.sqrt(values[-i])
            out.add(0, "component", component * (1 if component.sum() > 0 else -1), layer=str(i))
        out.add(0, "label", labels[: spec.n_shown])
    P = np.unique([*np.geomspace(1, max(spec.samples), 60).round().astype(int), *spec.samples])
    for i, noise in enumerate(spec.noise):
        ridge = spec.ridge + spec.ridge_per_example * P
        curve = learning_curve(task, P, ridge=ridge, noise=noise)
        out.add(P, "test_error", curve.test / task.power, index=i)
        out.add(P, "learned", curve.learned, index=i)
        out.add(P, "bias", curve.bias / task.power, index=i)
        out.add(P, "variance", (curve.variance + curve.noise) / task.power, index=i)
        out.add(P, "unseen_error", unseen_error(task, P, ridge=ridge, noise=noise) / task.power, index=i)
    for seed in range(spec.n_seeds):
        order = numpy_stream("subset", "image curves", n, seed).permutation(n)
        for p in spec.samples:
            found = subset_errors(kernel, y, order[:p], ridge=spec.ridge + spec.ridge_per_example * p)
            out.add(p, "learned", found.learned, seed=seed)
            for i, noise in enumerate(spec.noise):
                out.add(p, "test_error", (found.error + noise * found.gain) / task.power, index=i, seed=seed)
                unseen = found.unseen_error + noise * found.unseen_gain
                out.add(p, "unseen_error", unseen / task.power, index=i, seed=seed)
    return out


def _inputs(spec: Spec, data: "Images") -> "Array":
    """Return the training images as vectors [n, pixels] of unit length."""
    x = data.x_train.double().numpy()
    gray = np.einsum("ncij,c->nij", x, _LUMA) if x.shape[1] == 3 else x[:, 0]
    flat = gray.reshape(len(gray), -1)
    if spec.centred:
        flat = flat - flat.mean(axis=1, keepdims=True)
    unit: Array = flat / np.linalg.norm(flat, axis=1, keepdims=True)
    return unit


def _kernel(spec: Spec, x: "Array") -> "Array":
    from infwidth.limits.kernels import kernels_of, mlp_layers

    if spec.variance is not None:
        squares = np.maximum(2 - 2 * x @ x.T, 0.0)
        kernel: Array = np.exp(-squares / (2 * spec.variance))
        return (kernel + kernel.T) / 2
    return kernels_of(mlp_layers(spec.n_hidden or 1, "unit_relu"), np.sqrt(x.shape[1]) * x).ntk
