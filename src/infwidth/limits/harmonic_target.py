"""A harmonic on the sphere as a target, P_k(u·x) of mean square one, and its task for the infinite net."""

import math

import numpy as np

from infwidth.activations import Array
from infwidth.limits.learning_curves import Task
from infwidth.limits.sphere import harmonics, multiplicity, sphere_spectrum
from infwidth.limits.sphere_regression import sphere_kernel, sphere_task

#: Degrees of the spectrum, at least; those beyond are a ridge.
_K_MAX = 8


def harmonic(x: Array, u: Array, degree: int) -> Array:
    """Return √N(d, k) P_k(u·x) [P] at points ``x`` [P, d] of the unit sphere, of mean square one there."""
    d = x.shape[1]
    *_, last = harmonics(np.clip(x @ u, -1.0, 1.0), dimension=d, k_max=degree)
    return np.asarray(math.sqrt(multiplicity(d, degree)) * last)


def harmonic_task(dimension: int, degree: int, n_hidden: int) -> Task:
    """Return the task of that target for the tangent kernel, of trace one, of infinite ReLU nets without biases."""
    kernel = sphere_kernel("ntk", n_hidden=n_hidden)
    size = float(kernel(np.zeros(1))[0])
    spectrum = sphere_spectrum(lambda θ: kernel(θ) / size, dimension=dimension, k_max=max(_K_MAX, degree))
    return sphere_task(spectrum, np.eye(degree + 1)[degree])
