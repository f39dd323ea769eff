"""Kernel regression on some of a finite set of inputs, measured on all of them: the partner of ``omniscient_task``."""

from typing import NamedTuple

import numpy as np
from scipy import linalg

from infwidth.activations import Array


class SubsetErrors(NamedTuple):
    """Squared errors summed over outputs: of noiseless labels on all and on unseen inputs, and per unit of noise.

    Noise of labels, of variance σ² over all outputs together, adds σ² times ``gain`` to the mean error on all inputs
    and σ² times ``unseen_gain`` to that on unseen ones. ``learned`` is the sum over
    all modes of the part of them that is learned, tr K (K + λ)⁻¹, and ``predicted`` [n, k] are the predictions.
    """

    error: float
    unseen_error: float
    gain: float
    unseen_gain: float
    learned: float
    predicted: Array


def subset_errors(kernel: Array, targets: Array, chosen: np.ndarray, *, ridge: float = 0.0) -> SubsetErrors:
    """Return the errors of regression on the rows ``chosen`` [P] of ``targets`` [n, k] with ``kernel`` [n, n].

    A kernel that is singular without a ridge is inverted where it is not, as gradient descent would. With all rows
    chosen there are no unseen ones, and their errors are not numbers.
    """
    cross = kernel[:, chosen]
    own = cross[chosen] + ridge * np.eye(len(chosen))
    try:
        transfer = linalg.cho_solve(linalg.cho_factor(own, lower=True), cross.T).T
    except linalg.LinAlgError:
        transfer = cross @ linalg.pinvh(own)
    learned = float(transfer[chosen].trace())
    predicted = transfer @ targets[chosen]
    errors, gains = ((predicted - targets) ** 2).sum(axis=1), (transfer**2).sum(axis=1)
    unseen = np.ones(len(kernel), bool)
    unseen[chosen] = False
    of_unseen = [float(z[unseen].mean()) if unseen.any() else np.nan for z in (errors, gains)]
    return SubsetErrors(float(errors.mean()), of_unseen[0], float(gains.mean()), of_unseen[1], learned, predicted)
