"""Ridge regression on Gaussian features of one variance: a kernel whose N modes share an eigenvalue, and no more."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from infwidth.results.rows import Rows
from infwidth.seeding import numpy_stream
from infwidth.specs.block import Count, Listed, NotNegative, Says, Several
from infwidth.specs.cells import Computation

Array = np.ndarray

ManyPoints = Annotated[int, Field(ge=10, le=100000), Says("must be a number of points, at least 10")]


class WhiteFeatures(Computation):
    """``n_features`` modes of eigenvalue 1/N, a random target of power one in them, ridge λ̃ and noise σ̃².

    ``ridges`` and ``noises`` are measured in all pairs, at P = α N for the ``per_feature`` α. The phase diagram's
    boundaries are computed at ``n_boundary`` ridges, and curves at ``n_theory`` α.
    """

    name: Literal["canatar2021.white_features"]
    n_features: Count
    per_feature: Several[NotNegative]
    ridges: Several[NotNegative]
    noises: Listed[NotNegative]
    n_seeds: Count
    n_theory: ManyPoints
    n_boundary: ManyPoints


def white_features(spec: WhiteFeatures, data: None) -> Rows:
    """Return errors over the target's power ; the layer is "λ̃ σ̃²", as ``pair`` writes it.

    ``test_error`` of every training set (seed), averaged exactly over target and noise, and of theory; the step is α in
    thousandths. ``left_part`` is the part of the target that the predictor lacks in the mean over its coefficients.
    Theory's ``two_points`` and ``one_point`` are noises above which curves have critical points, at ``boundary_ridge``.
    """
    from infwidth.limits.learning_curves import double_descent_noise, one_peak_noise, white_curve, white_left

    out = Rows()
    λ = np.geomspace(1e-3, 4, spec.n_boundary)
    out.add(0, "boundary_ridge", λ)
    out.add(0, "two_points", double_descent_noise(λ))
    out.add(0, "one_point", one_peak_noise(λ))
    N = spec.n_features
    α = np.array([*np.linspace(0, max(spec.per_feature), spec.n_theory), *spec.per_feature])
    step = np.unique((1000 * α).round().astype(int))
    α = step / 1000
    for ridge in spec.ridges:
        for noise in spec.noises:
            with np.errstate(divide="ignore", invalid="ignore"):
                out.add(step, "test_error", white_curve(α, ridge=ridge, noise=noise), layer=pair(ridge, noise))
        out.add(step, "left_part", white_left(α, ridge=ridge), layer=pair(ridge, 0))
    for seed in range(spec.n_seeds):
        x = numpy_stream("subset", "white features", N, seed).standard_normal((round(max(spec.per_feature) * N), N))
        for per_feature in spec.per_feature:
            at, squares = round(1000 * per_feature), _squares(x[: round(per_feature * N)])
            for ridge in spec.ridges:
                left = np.divide(ridge, squares + ridge, out=np.ones(N), where=squares + ridge > 0)
                gain = np.divide(squares, (squares + ridge) ** 2, out=np.zeros(N), where=squares > 0).mean()
                out.add(at, "left_part", left.mean(), layer=pair(ridge, 0), seed=seed)
                for noise in spec.noises:
                    error = (left**2).mean() + noise * gain
                    out.add(at, "test_error", error, layer=pair(ridge, noise), seed=seed)
    return out


def _squares(x: Array) -> Array:
    """Return the eigenvalues [N] of Xᵀ X/N for features [P, N]; those of K, and zeros."""
    P, N = x.shape
    squares = np.zeros(N)
    found = np.linalg.eigvalsh(x @ x.T if P < N else x.T @ x) / N
    squares[: len(found)] = np.where(found > 1e-10, found, 0.0)
    return squares


def pair(ridge: float, noise: float) -> str:
    """Return how a ridge and a noise are written in the column ``layer``."""
    return f"{ridge:g} {noise:g}"
