"""Many nets on images during training beside the Gaussian law of the infinite ensemble, and that of readouts alone."""

from typing import TYPE_CHECKING, ClassVar, Literal, Self

import numpy as np
from pydantic import model_validator

from infwidth.results.rows import Rows
from infwidth.solve.perceptrons import Perceptrons, measured_steps, parts
from infwidth.specs import data as blocks
from infwidth.specs.block import Count

if TYPE_CHECKING:
    from infwidth.data.images import Images

#: Principal axes of the law along which single nets are compared with it.
_AXES = 8


class Spec(Perceptrons):
    """Two classes told by ±1. The first training image and ``shown`` test images are followed at ``measured`` steps."""

    name: Literal["ensemble_law"]
    measured: Count
    shown: Count
    takes: ClassVar = (blocks.Images,)

    @model_validator(mode="after")
    def _learns_slowly_enough(self) -> Self:
        if self.measured > self.steps:
            raise ValueError(f"measured {self.measured} must be at most steps {self.steps}")
        return self


def rows(spec: Spec, data: "Images") -> Rows:
    """Return the outputs over time of all nets at some images (index; 0 is in training), and their law.

    ``output`` of nets. Of the limit ``mean`` and ``deviation``, and ``readout_mean`` and ``readout_deviation`` where
    the readout only is trained. For every net ``share`` and ``square`` as of ``circle_nets``, over all test images,
    and ``readout_square``, the latter under the law of readouts. The mean is zero at first, and has no share.
    """
    import torch

    from infwidth.limits.kernel_ensemble import KernelEnsemble
    from infwidth.limits.kernels import kernels_of, mlp_layers
    from infwidth.solve.stacked_perceptrons import Stack

    x = torch.cat([data.x_train, data.x_test, data.x_train[:1]]).double().flatten(1)
    n = len(data.x_train)
    targets = 2.0 * data.y_train.double() - 1.0
    layers = mlp_layers(spec.n_hidden, spec.activation, sigma_w=spec.sigma_w, sigma_b=spec.sigma_b)
    nngp, tangent = kernels_of(layers, x.numpy())
    laws = {
        "": KernelEnsemble.of(nngp, tangent, targets.numpy()),
        "readout_": KernelEnsemble.of(nngp, nngp, targets.numpy()),
    }
    points, test = x.T, slice(0, len(data.x_test))
    followed = [len(data.x_test), *range(spec.shown)]
    out, index, chosen = Rows(spec.lr), np.arange(len(followed)), measured_steps(spec.steps, spec.measured)
    at = {
        (step, name): ensemble.at(ensemble.descent.descent(spec.lr / n, step))
        for step in chosen
        for name, ensemble in laws.items()
    }
    for (step, name), law in at.items():
        out.add(step, f"{name}mean", law.mean[followed])
        out.add(step, f"{name}deviation", law.deviation[followed])
    for seeds in parts(spec):
        nets = Stack.initial(spec, x.shape[1], seeds)
        for step in range(spec.steps + 1):
            if step in chosen:
                outputs = nets.outputs(points[:, n:])
                out.add(step, "output", outputs[:, followed], index=index, seed=seeds[:, None])
                if step:
                    out.add(step, "share", at[step, ""].part(test).share(outputs[:, test]), seed=seeds)
                for name in laws:
                    coordinates = at[step, name].part(test).coordinates(outputs[:, test], _AXES)
                    out.add(step, f"{name}square", (coordinates**2).mean(1), seed=seeds)
            if step < spec.steps:
                nets.descend(points[:, :n], targets, spec.lr)
    return out
