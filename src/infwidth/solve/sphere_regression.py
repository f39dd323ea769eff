"""Kernel regression on the sphere, measured on drawn training sets, beside the theory of its learning curve."""

from typing import Literal, Self

import numpy as np
from pydantic import model_validator

from infwidth.results.rows import Rows
from infwidth.seeding import numpy_stream
from infwidth.solve.sphere_kernels import SphereKernel
from infwidth.specs.block import Count, Listed, NotNegative, Several


class Spec(SphereKernel):
    """Targets are Gaussian fields with ``powers`` v_k² in the harmonics of degree k; without seeds, theory alone.

    ``samples`` are the numbers of training points P that are measured, ``theory_up_to`` is the last P of theory.
    """

    name: Literal["sphere_regression"]
    powers: Listed[NotNegative]
    ridge: NotNegative
    samples: Several[Count] | None
    n_seeds: Count | None
    theory_up_to: Count

    @model_validator(mode="after")
    def _measures_or_does_not(self) -> Self:
        if (self.samples is None) != (self.n_seeds is None):
            raise ValueError("samples and n_seeds go together: both, or null for theory alone")
        if len(self.powers) > self.k_max + 1:
            raise ValueError(f"powers: of degrees up to {len(self.powers) - 1}, beyond k_max {self.k_max}")
        return self


def rows(spec: Spec, data: None) -> Rows:
    """Return learning curves; the step is the number of training points P.

    ``signal_error`` is the error of noiseless labels, ``noise_gain`` what noise of variance one adds to it; of each
    degree k (index), ``shell_by_power`` and ``shell_by_place`` are the two divisions of the former
    (infwidth.limits.learning_curves). They are of theory, for P of a geometric series and those measured, and of every
    drawn training set (seed). Of theory ``learned`` is Σ L, the sum of all learnabilities; ``eigenvalue``,
    ``multiplicity`` (index k) and ``rest`` are of the kernel.
    """
    from infwidth.limits.learning_curves import learning_curve, shell_errors
    from infwidth.limits.sphere_regression import measured_errors, sphere_points, sphere_task

    spectrum = spec.spectrum()
    task = sphere_task(spectrum, spec.powers)
    out = Rows()
    out.add(0, "eigenvalue", spectrum.eigenvalues)
    out.add(0, "multiplicity", spectrum.multiplicities)
    out.add(0, "rest", spectrum.rest)
    measured = list(spec.samples or ())
    P = np.unique([*np.geomspace(1, spec.theory_up_to, 120).round().astype(int), *measured])
    curve = learning_curve(task, P, ridge=spec.ridge, noise=1.0)
    out.add(P, "signal_error", curve.bias + curve.variance)
    out.add(P, "noise_gain", curve.noise)
    out.add(P, "learned", curve.learned)
    index = np.arange(len(task.eigenvalues))
    shells = shell_errors(task, P, ridge=spec.ridge)
    out.add(P[:, None], "shell_by_power", shells.by_power, index=index)
    out.add(P[:, None], "shell_by_place", shells.by_place, index=index)
    kernel = spec.function()
    for seed in range(spec.n_seeds or 0):
        for n in measured:
            x = sphere_points(numpy_stream("subset", "sphere", spec.dimension, n, seed), n, spec.dimension)
            found = measured_errors(x, kernel, spectrum, np.array(spec.powers, float), ridge=spec.ridge)
            out.add(n, "signal_error", found.by_power.sum(), seed=seed)
            out.add(n, "noise_gain", found.noise_gain, seed=seed)
            out.add(n, "shell_by_power", found.by_power, seed=seed)
            out.add(n, "shell_by_place", found.by_place, seed=seed)
    return out
