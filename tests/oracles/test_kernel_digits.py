"""Kernels keep their digits: against the recursion in many more digits, for inputs of any size and at any angle."""

import mpmath
import numpy as np
import pytest

from infwidth.errors import SpecError
from infwidth.limits.kernels import (
    Conv,
    Dense,
    Flatten,
    GlobalAvgPool,
    LayerNorm,
    Residual,
    kernels_of,
    mlp_kernels,
)

mp = mpmath.mp.clone()
Triple = tuple[mpmath.mpf, mpmath.mpf, mpmath.mpf]


def relu_dual(c: mpmath.mpf, v1: mpmath.mpf, v2: mpmath.mpf) -> tuple[mpmath.mpf, mpmath.mpf]:
    scale = mp.sqrt(v1 * v2)
    if scale == 0:
        return mp.mpf(0), mp.mpf(0)
    θ = mp.acos(max(min(c / scale, mp.mpf(1)), mp.mpf(-1)))
    return scale * (mp.sin(θ) + (mp.pi - θ) * mp.cos(θ)) / (2 * mp.pi), (mp.pi - θ) / (2 * mp.pi)


def erf_dual(c: mpmath.mpf, v1: mpmath.mpf, v2: mpmath.mpf) -> tuple[mpmath.mpf, mpmath.mpf]:
    product = (1 + 2 * v1) * (1 + 2 * v2)
    return 2 / mp.pi * mp.asin(2 * c / mp.sqrt(product)), 4 / mp.pi / mp.sqrt(product - 4 * c**2)


DUALS = {"relu": relu_dual, "erf": erf_dual}


def exact(x: np.ndarray, y: np.ndarray, n_hidden: int, activation: str, σ_w: float, σ_b: float) -> tuple[float, ...]:
    """Return the NNGP and NTK of two inputs, and √(the product of their variances) at the end."""
    mp.dps = 700 if np.abs(x).max() > 1e20 else 90  # in 1 + v, v is a square
    dual, w, b = DUALS[activation], mp.mpf(σ_w) ** 2, mp.mpf(σ_b) ** 2
    x, y = ([mp.mpf(float(z)) for z in of] for of in (x, y))
    c, v1, v2 = (w * mp.fdot(p, q) / len(p) + b for p, q in ((x, y), (x, x), (y, y)))
    Θ = c
    for _ in range(n_hidden):
        moment, slope = dual(c, v1, v2)
        c, v1, v2 = w * moment + b, w * dual(v1, v1, v1)[0] + b, w * dual(v2, v2, v2)[0] + b
        Θ = c + w * slope * Θ
    return float(c), float(Θ), float(mp.sqrt(v1 * v2))


def check(x: np.ndarray, y: np.ndarray | None, **net: float) -> None:
    got = mlp_kernels(
        x, y, n_hidden=net["n_hidden"], activation=net["activation"], sigma_w=net["σ_w"], sigma_b=net["σ_b"]
    )
    right = x if y is None else y
    assert np.isfinite(got.tangent).all()
    for i, p in enumerate(x):
        for j, q in enumerate(right):
            if y is None and i > j:  # by symmetry
                continue
            nngp, ntk, scale = exact(p, q, **net)
            # Relative, but where a kernel of erf or of small angles passes through zero.
            assert abs(got.nngp[i, j] - nngp) <= 1e-10 * max(abs(nngp), 1e-3 * scale), (i, j, got.nngp[i, j], nngp)
            assert abs(got.ntk[i, j] - ntk) <= 1e-10 * max(abs(ntk), 1e-3 * scale), (i, j, got.ntk[i, j], ntk)


RNG = np.random.default_rng(5)
GENERIC = RNG.standard_normal((4, 3))


@pytest.mark.parametrize("activation", ["relu", "erf"])
@pytest.mark.parametrize("σ_b", [0.0, 0.3])
@pytest.mark.parametrize("size", [1e-150, 1e-100, 1e-30, 1e-8, 1.0, 1e4, 1e8, 1e20, 1e75, 1e150])
def test_inputs_of_any_size(activation: str, σ_b: float, size: float) -> None:
    net = {"n_hidden": 2, "activation": activation, "σ_w": 1.2, "σ_b": σ_b}
    check(size * GENERIC, None, **net)
    check(size * GENERIC[:2], GENERIC[1:], **net)  # of two sizes at once


@pytest.mark.parametrize("activation", ["relu", "erf"])
@pytest.mark.parametrize("σ_b", [0.0, 0.3])
@pytest.mark.parametrize("size", [1e-150, 1.0, 1e3, 1e6, 1e9, 1e100])
@pytest.mark.parametrize("turn", [0.0, 1e-15, 1e-9, 1e-4, 0.05])
def test_nearly_parallel_and_opposite_inputs(activation: str, σ_b: float, size: float, turn: float) -> None:
    x = RNG.standard_normal(3)
    aside = np.cross(x, RNG.standard_normal(3))
    near = x + turn * aside
    net = {"n_hidden": 2, "activation": activation, "σ_w": 1.2, "σ_b": σ_b}
    points = size * np.stack([x, near, -near, -0.2 * near])
    check(points, None, **net)
    check(points[:1], 3.1 * points, **net)


def test_points_of_one_dimension_are_all_parallel() -> None:
    x = np.linspace(-2, 2, 9)[:, None]
    for activation in ("relu", "erf"):
        for size in (1.0, 1e9):
            check(size * x, None, n_hidden=3, activation=activation, σ_w=1.0, σ_b=0.0)
            check(size * x, None, n_hidden=3, activation=activation, σ_w=1.0, σ_b=0.5)


@pytest.mark.parametrize("turn", [0.0, 1e-12, 1e-7, 1e-3, 0.5])
@pytest.mark.parametrize("opposite", [False, True])
def test_residuals_and_norms_keep_small_angles(turn: float, opposite: bool) -> None:
    x = RNG.standard_normal(3)
    y = 1.7 * (x + turn * np.cross(x, RNG.standard_normal(3))) * (-1 if opposite else 1)
    b, square = mp.mpf(0.2) ** 2, mp.mpf(0.7) ** 2
    xs, ys = ([mp.mpf(float(z)) for z in of] for of in (x, y))
    c, v1, v2 = (mp.fdot(p, q) / 3 + b for p, q in ((xs, ys), (xs, xs), (ys, ys)))
    Θ = c
    moment, slope = relu_dual(c, v1, v2)  # h + 0.7 (W relu(h) + 0.2 b)
    c, v1, v2, Θ = (
        c + square * (moment + b),
        v1 * (1 + square / 2) + square * b,
        v2 * (1 + square / 2) + square * b,
        (Θ + square * (moment + b + slope * Θ)),
    )
    norm = mp.sqrt(v1 * v2)
    moment, slope = relu_dual(c / norm, mp.mpf(1), mp.mpf(1))
    Θ = moment + slope * Θ / norm
    net = [Dense(sigma_b=0.2), Residual("relu", Dense(sigma_b=0.2), scale=0.7), LayerNorm(), "relu", Dense()]
    got = kernels_of(net, x[None], y[None])
    assert got.nngp[0, 0] == pytest.approx(float(moment), rel=1e-12)
    assert got.ntk[0, 0] == pytest.approx(float(Θ), rel=1e-12)


def test_what_would_lose_digits_is_refused() -> None:
    with pytest.raises(SpecError, match="x2 overflow: divide inputs"):
        mlp_kernels(GENERIC, 1e160 * GENERIC, n_hidden=1, activation="relu", sigma_w=1.0, sigma_b=0.0)
    with pytest.raises(SpecError, match="x1 overflow: divide inputs, or sigma_w"):
        kernels_of([Dense(sigma_w=1e100), "relu", Dense(sigma_w=1e100)], GENERIC)
    with pytest.raises(SpecError, match="x1 holds inputs whose squares underflow: multiply"):
        mlp_kernels(1e-170 * GENERIC, n_hidden=1, activation="erf", sigma_w=1.0, sigma_b=0.0)
    images = 1e7 * np.ones((2, 1, 4, 4))
    for readout in (Flatten(), GlobalAvgPool()):
        with pytest.raises(SpecError, match=r"variance .* too large .* divide the images"):
            kernels_of([Conv(), "erf", readout, Dense()], images, 1.001 * images)
    with pytest.raises(SpecError, match=r"the dual of tanh at a variance of .*make inputs or weights smaller"):
        mlp_kernels(10 * GENERIC, n_hidden=1, activation="tanh", sigma_w=1.0, sigma_b=0.0)


def test_equal_patches_of_relu_are_right_to_the_stated_accuracy() -> None:
    """Constant images: all patches inside are parallel, and arccos sees angles of 1e-8 where there are none."""
    x = np.stack([np.ones((1, 5, 5)), 3 * np.ones((1, 5, 5))])
    got = kernels_of([Conv(size=1), "relu", Flatten(), Dense()], x)
    np.testing.assert_allclose(got.ntk, kernels_of([Dense(), "relu", Dense()], np.array([[1.0], [3.0]])).ntk, rtol=3e-8)
