r"""Kernel regression on points of the sphere, measured: its error on one training set, with no test set and no labels.

The target is a Gaussian field with the power v_k² in the harmonics of degree k, labels have noise of variance σ². All
averages over target, noise and test points are then traces of the training points' Gram matrices Q_k = P_k(X Xᵀ):
with A = (K + λ)⁻¹, C = Σ v_k² Q_k and G = Σ N_k η_k² Q_k, the kernel of the squared operator, the error is

    Σ_k v_k² [1 - 2 η_k tr(A Q_k) + tr(A G A Q_k)] + σ² tr(A G A),

by the power of the target in each shell, and N_k η_k² tr(A Q_k A (C + σ²)) - 2 η_k v_k² tr(A Q_k) + v_k² is the error
of the predictor's coefficients in shell k. Only the training points are chance.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import linalg

from infwidth.activations import Array
from infwidth.errors import SpecError
from infwidth.limits.learning_curves import Task
from infwidth.limits.sphere import SphereSpectrum, harmonics, kernels_at_angles


class MeasuredErrors(NamedTuple):
    """Errors on one training set: by the target's power and by place in each shell [k_max + 1], and per unit of noise.

    ``by_power`` and ``by_place`` are those of noiseless labels, of one target field; noise of variance σ² adds σ² times
    ``noise_gain`` to their sum, and σ² times ``noise_by_place`` [k_max + 1] to shells.
    """

    by_power: Array
    by_place: Array
    noise_by_place: Array

    @property
    def noise_gain(self) -> float:
        """What noise of variance one adds to the error."""
        return float(self.noise_by_place.sum())


def sphere_points(rng: np.random.Generator, n: int, dimension: int) -> Array:
    """Return points [n, dimension] uniform on the unit sphere."""
    x = rng.standard_normal((n, dimension))
    return x / np.linalg.norm(x, axis=1)[:, None]


def sphere_kernel(name: str, *, n_hidden: int = 1, sigma_b: float = 0.0, variance: float = 1.0) -> Any:
    """Return a kernel on the unit sphere as a function of angles.

    "ntk" and "nngp" are those of a √2·ReLU net with ``n_hidden`` hidden layers for inputs of mean square one, and "rbf"
    is exp(-|x - x'|²/(2 ``variance``)). Raises SpecError for another name.
    """
    if name == "rbf":
        return lambda angles: np.exp((np.cos(angles) - 1) / variance)
    if name not in ("ntk", "nngp"):
        raise SpecError(f"a kernel on the sphere is 'ntk', 'nngp' or 'rbf', not '{name}'")
    from infwidth.limits.kernels import mlp_layers

    net = mlp_layers(n_hidden, "unit_relu", sigma_b=sigma_b)
    return lambda angles: getattr(kernels_at_angles(net, angles), name)


def sphere_task(spectrum: SphereSpectrum, powers: Sequence[float] | Array) -> Task:
    """Return the task of a target with ``powers`` v_k² for k = 0, 1, …; degrees that it does not name have none."""
    v2 = np.zeros(len(spectrum.eigenvalues))
    if len(powers) > len(v2):
        raise SpecError(f"the target has degrees up to {len(powers) - 1}, the spectrum up to {len(v2) - 1}")
    v2[: len(powers)] = powers
    # Rounding leaves eigenvalues a little below zero, which all together are no more than it.
    return Task.of(np.maximum(spectrum.eigenvalues, 0.0), v2, spectrum.multiplicities, rest=max(spectrum.rest, 0.0))


def measured_errors(
    x: Array, kernel: Callable[[Array], Array], spectrum: SphereSpectrum, powers: Array, *, ridge: float = 0.0
) -> MeasuredErrors:
    """Return the errors of regression on the points ``x`` [P, d] of the unit sphere.

    ``powers`` are v_k² for k = 0, 1, … and ``spectrum`` that of the kernel; errors beyond its degrees are left out.
    Raises scipy's LinAlgError for a kernel that is singular without a ridge.
    """
    d, k_max = x.shape[1], len(spectrum.eigenvalues) - 1
    cosines = np.clip(x @ x.T, -1.0, 1.0)
    np.fill_diagonal(cosines, 1.0)
    lower = np.tril_indices(len(x))
    K = np.empty_like(cosines)
    K[lower] = kernel(np.arccos(cosines[lower]))
    K.T[lower] = K[lower]
    inverse = linalg.cho_solve(linalg.cho_factor(K + ridge * np.eye(len(x)), lower=True), np.eye(len(x)))
    η, squares = spectrum.eigenvalues, spectrum.multiplicities * spectrum.eigenvalues**2
    v2 = np.zeros(k_max + 1)
    v2[: len(powers)] = powers
    C, G = np.zeros_like(K), np.zeros_like(K)
    for k, Q in enumerate(harmonics(cosines, dimension=d, k_max=k_max)):
        C += v2[k] * Q
        G += squares[k] * Q
    of_target, of_noise, of_test = inverse @ C @ inverse, inverse @ inverse, inverse @ G @ inverse
    by_power, by_place, by_noise = np.empty((3, k_max + 1))
    for k, Q in enumerate(harmonics(cosines, dimension=d, k_max=k_max)):
        kept = v2[k] * (1 - 2 * η[k] * np.vdot(inverse, Q))
        by_power[k] = kept + v2[k] * np.vdot(of_test, Q)
        by_place[k] = kept + squares[k] * np.vdot(of_target, Q)
        by_noise[k] = squares[k] * np.vdot(of_noise, Q)
    return MeasuredErrors(by_power, by_place, by_noise)
