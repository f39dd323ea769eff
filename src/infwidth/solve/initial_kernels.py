"""Regression with the tangent kernels of nets as they are initialised, in ensembles and beside the infinite net's."""

from typing import Literal

import numpy as np

from infwidth.results.rows import Rows
from infwidth.solve.sphere_ensembles import Ensembles, Kernels, infinite_error, kernels, nets, points, theory


class Spec(Ensembles):
    """Regression with the tangent kernels of nets as they are initialised: lazy nets, without training one."""

    name: Literal["initial_kernels"]


def rows(spec: Spec, data: None) -> Rows:
    """Return ``test_error`` of regression with each net's kernel, and ``ensemble_error`` and ``kernel_error``.

    As :func:`infwidth.solve.flowing_nets.rows`.
    """
    import torch

    from infwidth.limits.kernel_averages import ensemble_error

    out = Rows()
    theory(spec, out)
    for data_set in range(spec.n_sets):
        everything = points(spec, data_set)
        drawn = nets(spec, alpha=1.0, data_set=data_set)
        whole = kernels(drawn, *(torch.from_numpy(x.T) for x in (everything.x, everything.x_test)))
        for P in spec.samples:
            here = everything.first(P)
            errors = Kernels(whole.training[:, :P, :P], whole.cross[..., :P]).errors(here)
            out.add(P, "test_error", (errors**2).mean(axis=1), index=np.arange(spec.n_inits), seed=data_set)
            out.add(P, "ensemble_error", ensemble_error(errors), seed=data_set)
            out.add(P, "kernel_error", infinite_error(spec, here), seed=data_set)
    return out
