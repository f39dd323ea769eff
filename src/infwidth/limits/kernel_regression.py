r"""What a net at infinite width predicts in the kernel limits: GP regression, and gradient descent with a fixed kernel.

With the tangent kernel Θ of one output, the same for all outputs, the loss ½ Σ (f - y)² (a sum over examples and
outputs) and rate η, training moves outputs at training points X and test points X* by (Jacot et al. 2018; Lee et al.
2019, Eqs 8-9 and 10-11)

    f_t(X) = y + e^{-ηΘt} (f_0(X) - y),    f_t(X*) = f_0(X*) + Θ(X*, X) Θ⁻¹ (1 - e^{-ηΘt}) (y - f_0(X)),

by gradient flow; for t steps of gradient descent e^{-ηΘt} is (1 - ηΘ)^t, stable for η < 2/λ_max. A single net starts
at a draw f_0 of the Gaussian process with covariance Σ (the NNGP kernel); the mean over an ensemble starts at zero.
With Σ in the place of Θ, t = ∞ and f_0 = 0 it is the mean of the GP posterior: nets whose readout only is trained.

A kernel may be singular, as that of more points than features: Θ⁻¹ (1 - e^{-ηΘt}) then is zero where Θ is, f_t stays as
it starts there, and the end is that of the pseudo-inverse. Eigenvalues count as zero up to P rounding errors of the
largest, P · 2.2e-16 · λ_max.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import linalg

from infwidth.activations import Array
from infwidth.errors import SpecError

#: Eigenvalues below minus this, in units of the largest, are no rounding errors.
NEGATIVE = 1e-8


def one_hot(labels: ArrayLike, n_classes: int) -> Array:
    """Return the targets [P, n_classes] of ``labels`` [P]; SpecError for a label that is not 0 … n_classes - 1."""
    of_class = np.asarray(labels)
    if of_class.ndim != 1 or of_class.dtype.kind not in "iu":
        raise SpecError(f"labels must be a vector of integers, not {of_class.dtype} of shape {of_class.shape}")
    if of_class.size and not (of_class.min() >= 0 and of_class.max() < n_classes):
        raise SpecError(f"labels run from {of_class.min()} to {of_class.max()}, not within 0 to {n_classes - 1}")
    return np.eye(n_classes)[of_class]


def accuracy(outputs: Array, labels: ArrayLike) -> float:
    """Return the fraction of rows of ``outputs`` [P, k] that are largest at their label."""
    return float((outputs.argmax(axis=1) == np.asarray(labels)).mean())


def kernel_regression(kernel: Array, cross: Array, targets: Array, *, ridge: float = 0.0) -> tuple[Array, Array]:
    """Return the predictions at the training points [P, k] and at the test points [Q, k].

    ``kernel`` [P, P] is K(X, X), ``cross`` [Q, P] is K(X*, X), ``targets`` is [P, k]. The weights solve
    (K + s I) α = y with s = ``ridge`` times the mean of K's diagonal: by Cholesky where no pivot is a rounding error,
    else by the pseudo-inverse, the limit of a ridge that vanishes and of gradient flow. Raises SpecError for shapes
    that do not fit, and a kernel that is not symmetric and positive semidefinite.
    """
    _check(kernel, targets, cross)
    if not 0 <= ridge < math.inf:
        raise SpecError(f"ridge must be finite and not negative, not {ridge}")
    shifted = kernel + ridge * kernel.diagonal().mean() * np.eye(len(kernel))
    try:
        factor = linalg.cho_factor(shifted, lower=True)
    except linalg.LinAlgError:
        factor = None
    if factor is not None and (factor[0].diagonal() ** 2).min() > 10 * _rounding(shifted.diagonal()):
        weights = linalg.cho_solve(factor, targets)
        return kernel @ weights, cross @ weights
    descent = KernelDescent.of(shifted, targets)
    return descent.train_outputs(descent.flow(math.inf)), descent.test_outputs(cross, descent.flow(math.inf))


def _rounding(eigenvalues: Array) -> float:
    """Return what eigenvalues may be off by."""
    return float(len(eigenvalues) * np.finfo(float).eps * eigenvalues.max())


def _check(kernel: Array, targets: Array, cross: Array | None = None) -> None:
    if kernel.ndim != 2 or kernel.shape[0] != kernel.shape[1] or kernel.size == 0:
        raise SpecError(f"the kernel must be a square matrix, not of shape {kernel.shape}")
    if not np.isfinite(kernel).all():
        raise SpecError("the kernel holds values that are not finite")
    scale = np.abs(kernel).max()
    asymmetry = np.abs(kernel - kernel.T).max()
    if asymmetry > NEGATIVE * scale:
        raise SpecError(f"the kernel is not symmetric: entries differ by up to {asymmetry:.1e}, of {scale:.1e}")
    if targets.ndim != 2 or len(targets) != len(kernel):
        raise SpecError(f"targets must be [{len(kernel)}, outputs] as the kernel is, not of shape {targets.shape}")
    if not np.isfinite(targets).all():
        raise SpecError("targets hold values that are not finite")
    if cross is not None and (cross.ndim != 2 or cross.shape[1] != len(kernel)):
        raise SpecError(f"the test kernel must be [test points, {len(kernel)}], not of shape {cross.shape}")


class Progress(NamedTuple):
    """How far training is, in every mode of the kernel: the factor ``left`` of the error, and 1 - left, [P] both."""

    left: Array
    learned: Array


@dataclass(frozen=True)
class KernelDescent:
    """Training with a fixed kernel from outputs of zero (an ensemble's mean), or from any others, at all times at once.

    ``eigenvalues`` [P], ascending and not negative, and ``eigenvectors`` [P, P] of K(X, X); ``targets`` [P, k].
    Times are ηt: the rate of gradient flow times time.
    """

    eigenvalues: Array
    eigenvectors: Array
    targets: Array

    @classmethod
    def of(cls, kernel: Array, targets: Array) -> "KernelDescent":
        """Decompose ``kernel`` [P, P]; SpecError for shapes that do not fit, and for negative or no eigenvalues.

        Eigenvalues up to P rounding errors of the largest count as zero, and negative ones up to NEGATIVE times it.
        """
        _check(kernel, targets)
        values, vectors = np.linalg.eigh(kernel)
        if values[0] < -NEGATIVE * np.abs(values).max() or values[-1] <= 0:
            raise SpecError(
                f"the kernel is not positive semidefinite: its eigenvalues run from {values[0]:.1e} to {values[-1]:.1e}"
            )
        return cls(np.where(values > _rounding(values), values, 0.0), vectors, targets)

    def largest_stable_lr(self, momentum: float = 0.0) -> float:
        """Return 2 (1 + momentum)/λ_max: below, gradient descent on ½ Σ (f - y)² converges; above, a mode grows."""
        return 2.0 * (1.0 + momentum) / float(self.eigenvalues[-1])

    def flow(self, time: float) -> Progress:
        """Return the progress of gradient flow after ``time`` ≥ 0, infinity included."""
        if not time >= 0:
            raise SpecError(f"time must not be negative, not {time}")
        exponents = np.zeros_like(self.eigenvalues)
        np.multiply(self.eigenvalues, time, out=exponents, where=self.eigenvalues > 0)
        return Progress(np.exp(-exponents), -np.expm1(-exponents))

    def descent(self, lr: float, steps: float) -> Progress:
        """Return the progress after ``steps`` ≥ 0 steps of gradient descent at ``lr`` ≥ 0.

        Infinitely many at a stable rate only. Raises SpecError.
        """
        if not (0 <= lr < math.inf and steps >= 0):
            raise SpecError(f"the rate must be finite and not negative, and steps not negative, not {lr} and {steps}")
        if math.isinf(steps):
            if not 0 < lr < self.largest_stable_lr():
                raise SpecError(
                    f"descent at rate {lr} does not converge: take one below {self.largest_stable_lr():.3g}"
                )
            return self.flow(math.inf)
        small = np.minimum(lr * self.eigenvalues, 0.5)
        with np.errstate(over="ignore"):  # of modes that grow
            left = (1.0 - lr * self.eigenvalues) ** steps
        return Progress(left, np.where(small < 0.5, -np.expm1(steps * np.log1p(-small)), 1.0 - left))

    def train_outputs(self, progress: Progress, start: Array | None = None) -> Array:
        """Return the outputs [P, k] at X; ``start`` [P, k] is f_0(X), or zero."""
        error = (0.0 if start is None else start) - self.targets
        return self.targets + self.eigenvectors @ (progress.left[:, None] * (self.eigenvectors.T @ error))

    def transfer(self, cross: Array, progress: Progress) -> Array:
        """Return K(X*, X) K⁻¹ (1 - left), [Q, P]: what changes at X* for an error at X; ``cross`` [Q, P] is K(X*, X).

        A mode of eigenvalue zero is never learned and drops out.
        """
        counts = self.eigenvalues > 0
        gain = np.where(counts, progress.learned / np.where(counts, self.eigenvalues, 1.0), 0.0)
        return (cross @ self.eigenvectors * gain) @ self.eigenvectors.T

    def test_outputs(
        self, cross: Array, progress: Progress, start: Array | None = None, test_start: Array | None = None
    ) -> Array:
        """Return the outputs [Q, k] at X*; ``start`` [P, k] is f_0(X) and ``test_start`` [Q, k] f_0(X*), or zero."""
        change = self.transfer(cross, progress) @ (self.targets - (0.0 if start is None else start))
        return change + (0.0 if test_start is None else test_start)

    def test_covariance(
        self, cross: Array, progress: Progress, prior: Array, prior_cross: Array, prior_test: Array
    ) -> Array:
        """Return the covariance [Q, Q] over single nets of one output at X*, whose mean is ``test_outputs``.

        ``prior`` [P, P], ``prior_cross`` [Q, P] and ``prior_test`` [Q, Q] are the NNGP kernel at (X, X), (X*, X) and
        (X*, X*). With A the ``transfer``: Σ** - A Σ*ᵀ - Σ* Aᵀ + A Σ Aᵀ (Lee et al. 2019, Eq. 16).
        """
        A = self.transfer(cross, progress)
        mixed = A @ prior_cross.T
        return prior_test - mixed - mixed.T + A @ prior @ A.T

    def test_variance(
        self, cross: Array, progress: Progress, prior: Array, prior_cross: Array, prior_test: Array
    ) -> Array:
        """Return the diagonal [Q] of ``test_covariance`` from that of its ``prior_test`` [Q].

        The mean squared error of single nets is that of their mean plus this.
        """
        A = self.transfer(cross, progress)
        return prior_test - 2 * (A * prior_cross).sum(axis=1) + ((A @ prior) * A).sum(axis=1)
