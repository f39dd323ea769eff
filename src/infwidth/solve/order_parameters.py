"""What computations of trained fields share: the problem's block, its data, and the rows of their order parameters."""

from functools import partial
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from pydantic import Field

from infwidth.errors import SpecError
from infwidth.results.rows import Of, Rows
from infwidth.specs import data as blocks
from infwidth.specs.block import LARGEST, Count, Depth, Positive, Says
from infwidth.specs.cells import Computation

if TYPE_CHECKING:
    from infwidth.data.images import Images

Array = np.ndarray


class FieldTraining(Computation):
    """Full-batch gradient descent of the centred net f = w·φ(h^L)/(γ0 N) on two classes of images, y = −1 and +1.

    ``lr`` is that of the γ form (all layers learn at lr γ0² N) with the mean over P examples of (f − y)² as the loss,
    whose −∂L/∂f is 2Δ/P: the η of the limits is 2 lr / P. ``times`` are those at which fields are compared with one
    another, evenly spaced from the start to the end.
    """

    n_hidden: Depth
    gamma0: Positive
    lr: Positive
    steps: Count
    times: Annotated[int, Field(ge=2, le=LARGEST), Says("must be a number of times, at least two")]
    takes: ClassVar = (blocks.Images,)

    @property
    def recorded(self) -> Array:
        """The steps at which fields are compared, in order."""
        return np.unique(np.linspace(0, self.steps, self.times).round().astype(int))


class Problem:
    """Inputs x/√D [P, D], their kernel K^x = x xᵀ/D, targets −1 and +1 [P], and the limits' learning rate η."""

    def __init__(self, spec: FieldTraining, data: "Images") -> None:
        """Raise SpecError for data of more than two classes."""
        if data.n_classes != 2:
            raise SpecError(f"computation '{spec.name}' needs data of 2 classes (y = -1 and +1), not {data.n_classes}")
        x = data.x_train.flatten(1).double().numpy()
        self.x = x / np.sqrt(x.shape[1])
        self.kernel = self.x @ self.x.T
        self.targets = 2.0 * data.y_train.double().numpy() - 1.0
        self.lr = 2.0 * spec.lr / len(x)


def add_order_parameters(
    out: Rows,
    spec: FieldTraining,
    features: Array,
    gradients: Array,
    *,
    seed: int = -1,
    of: Of = "limit",
) -> None:
    """Record what order parameters are after the last step, and how they are related over time.

    ``features`` [L, k, P, k, P] and ``gradients`` [L, k, P or 1, k, P or 1] at the k recorded times, those of linear
    nets of one example, which is as all others. Rows of every layer: ``kernel`` and ``gradient_kernel`` after the last
    step, ``displacement``, 1 − the cosine of the feature kernel with that before the first, and ``kernel_in_time`` and
    ``gradient_in_time`` [k, k], the mean over examples of Φ_μμ(t, s) and G_μμ(t, s).
    """
    for name, whole, of_layers in (("kernel", "kernel", features), ("gradient", "gradient_kernel", gradients)):
        for layer, order in enumerate(of_layers, start=1):
            first, last = order[0, :, 0], order[-1, :, -1]
            add = partial(out.add, spec.steps, layer=f"h{layer}", seed=seed, of=of)
            add(whole, last)
            add(f"{name}_in_time", np.einsum("tmsm->ts", order) / order.shape[1])
            if name == "kernel":
                cosine = (first * last).sum() / np.sqrt((first**2).sum() * (last**2).sum())
                add("displacement", 1 - cosine)


def density(fields: Array, bins: int, largest: float) -> Array:
    """Return the density of preactivations [bins] in equal parts of [−largest, largest]; what is beyond is left out."""
    counts = np.histogram(fields, bins, (-largest, largest))[0]
    return counts / (fields.size * 2 * largest / bins)


def bin_centres(bins: int, largest: float) -> Array:
    """Return the centres of the bins of :func:`density`."""
    return (np.arange(bins) + 0.5) * 2 * largest / bins - largest
