r"""Gradient flow of drawn nets, exact in time, and the closed forms of their scaling laws.

Features of a net are z = Fᵀx with inputs of covariance diag(η); its output is <Fv, x>, and v follows the gradient of
½ the mean square on P examples, or on all inputs. In the eigenbasis of the features' covariance it is at 1 - e^(-μt).
"""

import numpy as np

Array = np.ndarray


def descend(
    eigenvalues: Array, target: Array, x: Array | None, y: Array | None, F: Array | None, times: Array
) -> tuple[Array, Array | None]:
    """Return the weights F v(t) [D, T] of the net, and what is left of its training labels [P, T], if it has any.

    Data x [P, D] with labels y [P] are infinitely many if None, whose labels are <target, x>; features F [D, N] are if
    None: those inputs themselves.
    """
    if x is None:
        if F is None:
            weights = -np.expm1(-eigenvalues[:, None] * times) * target[:, None]
        else:
            scaled = np.sqrt(eigenvalues)[:, None] * F  # one array, of which numpy knows the product to be symmetric
            weights = F @ _learned(scaled.T @ scaled, F.T @ (eigenvalues * target), times)
        return weights, None
    assert y is not None, "data have labels"
    Z, P = (x if F is None else x @ F), len(x)
    in_data = Z.shape[1] > P
    v = Z.T @ _learned(Z @ Z.T / P, y, times) / P if in_data else _learned(Z.T @ Z / P, Z.T @ y / P, times)
    return (v if F is None else F @ v), y[:, None] - Z @ v


def _learned(kernel: Array, start: Array, times: Array) -> Array:
    """Return K⁻¹ (1 - e^(-Kt)) ``start`` [n, T]; t where K is zero."""
    values, vectors = np.linalg.eigh(kernel)
    μ = np.maximum(values, 1e-300)[:, None]
    return vectors @ (-np.expm1(-μ * times) / μ * (vectors.T @ start)[:, None])


def exponents(spectrum: float, power: float) -> dict[str, float]:
    """Return the exponents of the loss in ``time``, ``width`` and ``samples`` where each is scarce.

    And of ``best_loss``, ``best_width`` and ``best_time`` in compute C = N t, for infinitely many data. Power beyond
    what N features or P data resolve is lost; modes that they resolve but in part add b for features and 2b for data.
    """
    in_time = (power - 1) / spectrum
    width, samples = min(power - 1, spectrum), min(power - 1, 2 * spectrum)
    both = in_time + width
    return {
        "time": -in_time,
        "width": -width,
        "samples": -samples,
        "best_loss": -in_time * width / both,
        "best_width": in_time / both,
        "best_time": width / both,
    }
