"""Nets that learn one principal component of their kernel: how fast it comes, and what comes with it."""

from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from infwidth.results.rows import Rows
from infwidth.solve.perceptrons import Perceptrons, measured_steps, parts, rms
from infwidth.specs import data as blocks
from infwidth.specs.block import Count, Positive

if TYPE_CHECKING:
    from infwidth.data.images import Images

#: Components that are written down.
_SHOWN = 3


class Spec(Perceptrons):
    """The targets are f₀ + ``distance`` f⁽²⁾, f⁽²⁾ the second principal component of the limit's kernel on the images.

    Components have mean square one over the images; f₀ is each net's initial function. ``measured``: at how many steps.
    """

    name: Literal["kernel_components"]
    distance: Positive
    measured: Count
    takes: ClassVar = (blocks.Images,)


def rows(spec: Spec, data: "Images") -> Rows:
    """Return ``along`` and ``across``, the error's part along f⁽²⁾ and the size of all else, of every net over time.

    Sizes are root mean squares over the images. Of the limit ``along``, which has nothing across; its ``eigenvalue``s
    of Θ/P (index: rank), and at step 0 the components (layer f1, f2, f3) at the images (index), with their ``label``.
    """
    import torch

    from infwidth.limits.kernel_regression import KernelDescent
    from infwidth.limits.kernels import kernels_of, mlp_layers
    from infwidth.solve.stacked_perceptrons import Stack

    x = data.x_train.double().flatten(1).numpy()
    layers = mlp_layers(spec.n_hidden, spec.activation, sigma_w=spec.sigma_w, sigma_b=spec.sigma_b)
    limit = KernelDescent.of(kernels_of(layers, x).ntk / len(x), np.zeros((len(x), 1)))
    components = np.sqrt(len(x)) * limit.eigenvectors[:, ::-1].T
    second = components[1]
    out = Rows(spec.lr)
    out.add(0, "eigenvalue", limit.eigenvalues[::-1])
    for rank, component in enumerate(components[:_SHOWN], 1):
        out.add(0, "component", component, layer=f"f{rank}")
    out.add(0, "label", data.y_train.numpy())
    inputs, chosen = torch.from_numpy(x.T), measured_steps(spec.steps, spec.measured)
    for step in chosen:
        out.add(step, "along", spec.distance * limit.descent(spec.lr, step).left[-2])
    for seeds in parts(spec):
        nets = Stack.initial(spec, x.shape[1], seeds)
        targets = nets.outputs(inputs) + spec.distance * second
        goal = torch.from_numpy(targets)
        for step in range(spec.steps + 1):
            if step in chosen:
                error = targets - nets.outputs(inputs)
                along = error @ second / len(x)
                out.add(step, "along", along, seed=seeds)
                out.add(step, "across", rms(error - along[:, None] * second), seed=seeds)
            if step < spec.steps:
                nets.descend(inputs, goal, spec.lr)
    return out
