r"""How the error of linear random features falls with the number of data, for λ = P^-l and N = P^q on a power law.

With η_k = k^-α and p_k = k^-(1 + 2αr) the degrees of freedom are n ~ κ^(-1/α), and κ ~ P^-k is the largest of what
ridge, data and features renormalize it to, k = min(l, α, qα). Of the parts of the error (deterministic equivalents)

    bias² ~ κ^(2 min(r, 1)),    features: (n/N) κ^min(2r, 1),    noise: σ² n/P

up to the factor 1/(1 - γ_1), which is of order one. The error has the least of the three exponents in P.
"""

import numpy as np

Array = np.ndarray


def exponents(ridge: Array, width: Array, *, capacity: float, source: float, noisy: bool) -> dict[str, Array]:
    """Return the exponents of ``bias``, variance over ``features`` and ``noise`` at l = ``ridge`` and q = ``width``.

    Infinite for noise where there is none.
    """
    k = np.minimum(np.minimum(ridge, capacity), width * capacity)
    return {
        "bias": 2 * k * min(source, 1.0),
        "features": k * min(2 * source, 1.0) + width - k / capacity,
        "noise": 1 - k / capacity if noisy else np.full_like(k, np.inf),
    }
