"""Ensembles of predictors and of kernels: errors without the bias of few members, and three ways to average."""

from typing import NamedTuple

import numpy as np

from infwidth.activations import Array


def ensemble_error(errors: Array) -> float:
    """Return the mean over points of the squared mean error of infinitely many nets, from ``errors`` [E ≥ 2, Q].

    The mean product of the errors of two different nets, which has no bias; it may be negative by chance.
    """
    n, total = len(errors), errors.sum(axis=0)
    return float(((total**2).mean() - (errors**2).mean(axis=1).sum()) / (n * (n - 1)))


class Averages(NamedTuple):
    """Predictions [Q] of an ensemble of kernels by the average of their functions, of their features, or of them."""

    functions: Array
    features: Array
    kernels: Array


def averages(kernels: Array, crosses: Array, targets: Array) -> Averages:
    """Return what averages of ``kernels`` [E, P, P] with ``crosses`` [E, Q, P] predict for ``targets`` [P].

    The features ψ of a kernel are known up to a rotation. Taken in the basis of the training points they are K^{1/2}
    there and K(x, X) K^{-1/2} elsewhere (Löwdin's, of all choices the nearest to that basis), so that the three are
    <k K⁻¹> y, <k K^{-1/2}> <K^{1/2}>⁻¹ y and <k> <K>⁻¹ y: all of a kernel is inverted before averaging, half, or none.
    """
    values, vectors = np.linalg.eigh(kernels)
    values = np.maximum(values, len(targets) * np.finfo(float).eps * values[:, -1:])

    def power(exponent: float) -> Array:
        return np.asarray((vectors * values[:, None] ** exponent) @ vectors.transpose(0, 2, 1))

    functions = (crosses @ (power(-1.0) @ targets)[..., None])[..., 0].mean(axis=0)
    features = (crosses @ power(-0.5)).mean(axis=0) @ np.linalg.solve(power(0.5).mean(axis=0), targets)
    return Averages(functions, features, crosses.mean(axis=0) @ np.linalg.solve(kernels.mean(axis=0), targets))


def target_alignment(kernels: Array, targets: Array) -> Array:
    """Return yᵀ K y/(‖K‖ yᵀy) [E], the cosine of each kernel [E, P, P] with the targets' own, y yᵀ."""
    along = np.einsum("p,epq,q->e", targets, kernels, targets)
    return np.asarray(along / np.linalg.norm(kernels, axis=(1, 2)) / (targets @ targets))
