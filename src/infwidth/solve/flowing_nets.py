"""Nets on the sphere trained by gradient flow, and regression with their kernels before and after."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from infwidth.results.rows import Rows
from infwidth.solve.sphere_ensembles import Ensembles, infinite_error, kernels, nets, points, theory
from infwidth.specs.block import Positive, Says

Part = Annotated[float, Field(gt=0, lt=1), Says("must be a number between 0 and 1")]

#: Test points of which the kernel is aligned with the target.
_ALIGNED = 100


class Spec(Ensembles):
    """Nets h = σ W a/√fan-in trained by gradient flow, σ^L = ``alpha`` for L layers of weights: small is rich.

    ``accuracy`` of the flow's steps, and the part of the loss that is ``left``, are those of ``Flowing.flow``.
    """

    name: Literal["flowing_nets"]
    alpha: Positive
    accuracy: Part
    left: Part


def rows(spec: Spec, data: None) -> Rows:
    """Return errors on test points over the target's power; the step is P, the seed a data set, the index a net.

    ``test_error`` and what is left of the training loss, ``train_error``; ``initial_error`` and ``final_error`` of
    regression with the net's kernel before and after training, ``initial_alignment`` and ``target_alignment`` of these
    with the target at test points. Of a data set: ``kernel_error`` of the infinite net's kernel; without the bias of
    few members ``ensemble_error`` of the nets and ``initial_ensemble_error`` of the initial kernels; and
    ``mean_function_error``, ``mean_feature_error`` and ``mean_kernel_error`` of averages of the final kernels. Of
    theory ``kernel_error``. Nets are trained in single precision, kernels are in double.
    """
    import torch

    from infwidth.limits.kernel_averages import averages, ensemble_error, target_alignment

    out = Rows()
    theory(spec, out)
    for data_set in range(spec.n_sets):
        everything = points(spec, data_set)
        x_test = torch.from_numpy(everything.x_test.T).float()
        aligned, of_aligned = x_test[:, :_ALIGNED], everything.y_test[:_ALIGNED]
        for P in spec.samples:
            here = everything.first(P)
            x, y = (torch.from_numpy(z).float() for z in (here.x.T, here.y))
            trained = nets(spec, alpha=spec.alpha, data_set=data_set)
            start, initial = trained.outputs(x_test), kernels(trained, x, x_test)
            before = trained.kernel(trained.tangent(aligned)).numpy()
            left = trained.flow(x, y, accuracy=spec.accuracy, left=spec.left).numpy()
            errors = trained.outputs(x_test) - start - here.y_test
            final = kernels(trained, x, x_test)
            after = trained.kernel(trained.tangent(aligned)).numpy()
            of_initial, index = initial.errors(here), np.arange(spec.n_inits)
            for metric, values in (
                ("train_error", left),
                ("test_error", (errors**2).mean(axis=1)),
                ("initial_error", (of_initial**2).mean(axis=1)),
                ("final_error", (final.errors(here) ** 2).mean(axis=1)),
                ("initial_alignment", target_alignment(before, of_aligned)),
                ("target_alignment", target_alignment(after, of_aligned)),
            ):
                out.add(P, metric, values, index=index, seed=data_set)
            out.add(P, "kernel_error", infinite_error(spec, here), seed=data_set)
            out.add(P, "ensemble_error", ensemble_error(errors), seed=data_set)
            out.add(P, "initial_ensemble_error", ensemble_error(of_initial), seed=data_set)
            averaged = averages(final.training, final.cross, here.y)
            names = ("mean_function_error", "mean_feature_error", "mean_kernel_error")
            for metric, predicted in zip(names, averaged, strict=True):
                out.add(P, metric, ((predicted - here.y_test) ** 2).mean(), seed=data_set)
    return out
