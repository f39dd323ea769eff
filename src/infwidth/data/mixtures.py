"""Mixtures of Gaussians in the leading principal components of images: a model from which more images can be drawn.

For every class its principal components, and in them a mixture fitted by expectation and maximisation, so that in the
space of pixels each part is a Gaussian of low rank (a mixture of principal component analysers, Tipping and Bishop
1999, without the isotropic noise, which images do not have).
"""

from typing import NamedTuple

import numpy as np

#: Steps of k-means, from which the mixture starts, and of expectation and maximisation: the likelihood then stands.
_START_STEPS, _STEPS = 10, 30
#: Of the mean variance, added to every variance, so that components without any do no harm.
_RIDGE = 1e-6


class Mixture(NamedTuple):
    """Images mean + basisᵀ (centre_k + factor_k z), z standard normal of ``rank`` numbers, part k with its weight.

    ``mean`` [d], ``basis`` [rank, d] with orthonormal rows, ``weights`` [K], ``centres`` [K, rank], ``factors``
    [K, rank, rank], lower triangular.
    """

    mean: np.ndarray
    basis: np.ndarray
    weights: np.ndarray
    centres: np.ndarray
    factors: np.ndarray


def fit(images: np.ndarray, *, components: int, rank: int, rng: np.random.Generator) -> Mixture:
    """Return the mixture of ``components`` parts that fits ``images`` [P, d], from the start that ``rng`` draws.

    A part of few images has not enough of them for a covariance, so that each is taken together with ``rank`` images'
    worth of the mean covariance within parts (the mode of an inverse Wishart prior).
    """
    mean = images.mean(0)
    basis = _leading(images - mean, rank)
    y = (images - mean) @ basis.T
    shares = np.eye(components)[_start(y, components, rng)]
    for _ in range(_STEPS):
        weights, centres, covariances = _maximise(y, shares)
        shares = _expect(y, weights, centres, covariances)
    weights, centres, covariances = _maximise(y, shares)
    return Mixture(mean, basis, weights, centres, np.linalg.cholesky(covariances))


def _leading(centred: np.ndarray, rank: int) -> np.ndarray:
    """Return the leading principal directions [rank, d], each with its largest entry positive: a sign is no chance."""
    from scipy import linalg

    _, d = centred.shape
    _, vectors = linalg.eigh(centred.T @ centred, subset_by_index=(d - rank, d - 1))
    basis = vectors.T[::-1]
    largest = basis[np.arange(rank), np.abs(basis).argmax(1)]
    return basis * np.sign(largest)[:, None]


def _start(y: np.ndarray, components: int, rng: np.random.Generator) -> np.ndarray:
    """Return to which of ``components`` clusters each row belongs, by k-means from rows drawn at random."""
    centres = y[rng.choice(len(y), components, replace=False)]
    for _ in range(_START_STEPS):
        nearest = ((y[:, None] - centres) ** 2).sum(-1).argmin(1)
        members = [y[nearest == k] for k in range(components)]
        centres = np.stack([its.mean(0) if len(its) else old for its, old in zip(members, centres, strict=True)])
    return nearest


def _maximise(y: np.ndarray, shares: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return weights, centres and covariances from every row's shares [P, K] in the parts."""
    (n, rank), counts = y.shape, shares.sum(0)
    centres = shares.T @ y / np.maximum(counts, 1e-12)[:, None]
    scatters = np.stack([(y - c).T @ ((y - c) * s[:, None]) for c, s in zip(centres, shares.T, strict=True)])
    within = scatters.sum(0) / n
    within += _RIDGE * np.trace(within) / rank * np.eye(rank)
    return counts / n, centres, (scatters + rank * within) / (counts + rank)[:, None, None]


def _expect(y: np.ndarray, weights: np.ndarray, centres: np.ndarray, covariances: np.ndarray) -> np.ndarray:
    """Return every row's shares [P, K] in the parts: their posterior probabilities."""
    from scipy import linalg

    logs = np.empty((len(y), len(weights)))
    for k, (centre, factor) in enumerate(zip(centres, np.linalg.cholesky(covariances), strict=True)):
        white = linalg.solve_triangular(factor, (y - centre).T, lower=True)
        logs[:, k] = np.log(max(weights[k], 1e-300)) - np.log(np.diag(factor)).sum() - (white**2).sum(0) / 2
    shares = np.exp(logs - logs.max(1, keepdims=True))
    return shares / shares.sum(1, keepdims=True)
