r"""What a net at infinite width predicts in the kernel limits: GP regression, and gradient descent with a fixed kernel.

With the tangent kernel Θ of one output, the same for all outputs, the loss ½ Σ (f - y)² (a sum over examples and
outputs) and rate η, training moves outputs at training points X and test points X* by (Jacot et al. 2018; Lee et al.
2019, Eqs 8-9 and 10-11)

    f_t(X) = y + e^{-ηΘt} (f_0(X) - y),    f_t(X*) = f_0(X*) + Θ(X*, X) Θ⁻¹ (1 - e^{-ηΘt}) (y - f_0(X)),

by gradient flow; for t steps of gradient descent e^{-ηΘt} is (1 - ηΘ)^t, stable for η < 2/λ_max. A single net starts
at a draw f_0 of the Gaussian process with covariance Σ (the NNGP kernel); the mean over an ensemble starts at zero.
With Σ in the place of Θ, t = ∞ and f_0 = 0 it is the mean of the GP posterior: nets whose readout only is trained.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import linalg

from infwidth.activations import Array
from infwidth.errors import SpecError

#: Eigenvalues below minus this, in units of the largest, are no rounding errors.
NEGATIVE = 1e-8
#: What a regression adds to the diagonal where no ridge is asked for, in units of the mean of the diagonal: far below
#: any eigenvalue that counts, far above the rounding errors of eigenvalues that are zero.
JITTER = 1e-10


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
    (K + s I) α = y with s = max(``ridge``, JITTER) times the mean of K's diagonal. Raises SpecError for shapes that do
    not fit, a kernel that is not symmetric, or one that even with s is not positive definite.
    """
    _check(kernel, targets, cross)
    if not 0 <= ridge < math.inf:
        raise SpecError(f"ridge must be finite and not negative, not {ridge}")
    shift = max(ridge, JITTER) * kernel.diagonal().mean()
    try:
        factor = linalg.cho_factor(kernel + shift * np.eye(len(kernel)), lower=True)
    except linalg.LinAlgError:
        raise SpecError(
            f"the kernel is not positive semidefinite: with {shift:.1e} on the diagonal it has eigenvalues from "
            f"{np.linalg.eigvalsh(kernel)[0]:.1e}"
        ) from None
    weights = linalg.cho_solve(factor, targets)
    return kernel @ weights, cross @ weights


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
    if cross is not None and (cross.ndim != 2 or cross.shape[1] != len(kernel)):
        raise SpecError(f"the test kernel must be [test points, {len(kernel)}], not of shape {cross.shape}")


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

        Eigenvalues that are negative by rounding (up to NEGATIVE times the largest) count as zero.
        """
        _check(kernel, targets)
        values, vectors = np.linalg.eigh(kernel)
        if values[0] < -NEGATIVE * np.abs(values).max() or values[-1] <= 0:
            raise SpecError(
                f"the kernel is not positive semidefinite: its eigenvalues run from {values[0]:.1e} to {values[-1]:.1e}"
            )
        return cls(values.clip(min=0), vectors, targets)

    @property
    def max_stable_lr(self) -> float:
        """2/λ_max: below, gradient descent on ½ Σ (f - y)² converges; above, its largest mode grows."""
        return 2.0 / float(self.eigenvalues[-1])

    def flow(self, time: float) -> Array:
        """Return the fraction of the error that is left in every mode after gradient flow for ``time``, [P]."""
        return np.exp(-self.eigenvalues * time)

    def descent(self, lr: float, steps: int) -> Array:
        """Return the factor of the error in every mode after ``steps`` steps of gradient descent at ``lr``, [P]."""
        return (1.0 - lr * self.eigenvalues) ** steps

    def train_outputs(self, left: Array, start: Array | None = None) -> Array:
        """Return the outputs [P, k] at X once ``left`` [P] of the error is left; ``start`` [P, k] is f_0(X) or 0."""
        error = (0.0 if start is None else start) - self.targets
        return self.targets + self.eigenvectors @ (left[:, None] * (self.eigenvectors.T @ error))

    def transfer(self, cross: Array, left: Array) -> Array:
        """Return K(X*, X) K⁻¹ (1 - left), [Q, P]: what changes at X* for an error at X; ``cross`` [Q, P] is K(X*, X).

        A mode of eigenvalue zero (up to P rounding errors of the largest) is never learned and drops out.
        """
        learned = self.eigenvalues > len(self.eigenvalues) * np.finfo(float).eps * self.eigenvalues[-1]
        gain = np.where(learned, (1.0 - left) / np.where(learned, self.eigenvalues, 1.0), 0.0)
        return (cross @ self.eigenvectors * gain) @ self.eigenvectors.T

    def test_outputs(
        self, cross: Array, left: Array, start: Array | None = None, test_start: Array | None = None
    ) -> Array:
        """Return the outputs [Q, k] at X*; ``start`` [P, k] is f_0(X) and ``test_start`` [Q, k] f_0(X*), or zero."""
        change = self.transfer(cross, left) @ (self.targets - (0.0 if start is None else start))
        return change + (0.0 if test_start is None else test_start)

    def test_variance(self, cross: Array, left: Array, prior: Array, prior_cross: Array, prior_test: Array) -> Array:
        """Return the variance [Q] over single nets of one output at X*, whose mean over nets is ``test_outputs``.

        ``prior`` [P, P], ``prior_cross`` [Q, P] and ``prior_test`` [Q] (a diagonal) are the NNGP kernel at (X, X),
        (X*, X) and (X*, X*). With A the ``transfer``: Σ** - 2 A Σ*ᵀ + A Σ Aᵀ (Lee et al. 2019, Eq. 16). The mean
        squared error of single nets is that of their mean plus this.
        """
        A = self.transfer(cross, left)
        return prior_test - 2 * (A * prior_cross).sum(axis=1) + ((A @ prior) * A).sum(axis=1)
