"""The law of the outputs of infinitely wide nets during training: a Gaussian over initialisations, at any time."""

from dataclasses import dataclass

import numpy as np

from infwidth.activations import Array
from infwidth.errors import SpecError
from infwidth.limits.kernel_regression import KernelDescent, Progress


@dataclass(frozen=True)
class Law:
    """A Gaussian of the outputs at Q points: ``mean`` [Q] and ``covariance`` [Q, Q]."""

    mean: Array
    covariance: Array

    @property
    def deviation(self) -> Array:
        """The standard deviation [Q] of the outputs of one net; zero where rounding leaves a variance below."""
        return np.sqrt(np.maximum(self.covariance.diagonal(), 0.0))

    def part(self, points: slice) -> "Law":
        """Return the law at some of the points."""
        return Law(self.mean[points], self.covariance[points, points])

    def coordinates(self, outputs: Array, n: int) -> Array:
        """Return ``outputs`` [S, Q] along the n largest principal axes in standard deviations from the mean, [S, n].

        Of nets that follow the law they are independent standard normals. Raises SpecError where the covariance has no
        n directions above rounding.
        """
        values, axes = np.linalg.eigh(self.covariance)
        if n > len(values) or values[-n] < 1e-10 * values[-1]:
            raise SpecError(f"the covariance of the outputs has fewer than {n} directions")
        return (outputs - self.mean) @ axes[:, -n:] / np.sqrt(values[-n:])

    def share(self, outputs: Array) -> Array:
        """Return how much of the mean function single nets have, [S]: ⟨f, mean⟩/⟨mean, mean⟩, one on average."""
        return outputs @ self.mean / (self.mean @ self.mean)


@dataclass(frozen=True)
class KernelEnsemble:
    """Infinitely wide nets that learn targets at X by their tangent kernel, from draws of the NNGP.

    ``descent`` is by the tangent kernel at X; ``cross`` [Q, P] is that kernel at (X*, X), ``prior`` [P, P],
    ``prior_cross`` [Q, P] and ``prior_test`` [Q, Q] are the NNGP kernel (Lee et al. 2019, Eqs 14 and 15).
    """

    descent: KernelDescent
    cross: Array
    prior: Array
    prior_cross: Array
    prior_test: Array

    @classmethod
    def of(cls, nngp: Array, tangent: Array, targets: Array) -> "KernelEnsemble":
        """Return that of the kernels [P + Q, P + Q] of the training points, X* after them; ``targets`` is [P].

        With the NNGP kernel in the place of the tangent kernel it is the law of nets whose readout only is trained.
        Raises SpecError as :meth:`KernelDescent.of` does.
        """
        train, test = slice(len(targets)), slice(len(targets), None)
        return cls(
            KernelDescent.of(tangent[train, train], targets[:, None]),
            tangent[test, train],
            nngp[train, train],
            nngp[test, train],
            nngp[test, test],
        )

    def at(self, progress: Progress) -> Law:
        """Return the law of the outputs at X* when training is so far, by flow, descent or with momentum."""
        covariance = self.descent.test_covariance(self.cross, progress, self.prior, self.prior_cross, self.prior_test)
        return Law(self.descent.test_outputs(self.cross, progress)[:, 0], covariance)
