"""The distance of two samples' distributions."""

import numpy as np


def kolmogorov(a: np.ndarray, b: np.ndarray) -> float:
    """Return the Kolmogorov–Smirnov distance sup |F − G| of the empirical distributions of two samples (vectors).

    Of n draws from G's own law it is about 0.87/√n (b being much the larger).
    """
    places = np.concatenate([a, b])
    shares = [np.searchsorted(np.sort(sample), places, side="right") / len(sample) for sample in (a, b)]
    return float(np.abs(shares[0] - shares[1]).max())
