"""Kernels against one-dimensional integrals, closed forms of other papers, and empirical kernels of wide networks."""

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy import integrate, special, stats

from infwidth.activations import ACTIVATIONS
from infwidth.limits.kernels import mlp_kernels

RNG = np.random.default_rng(3)


@pytest.mark.parametrize(("v1", "v2", "correlation"), [(1.0, 1.0, 0.3), (0.5, 3.0, -0.8), (2.0, 0.7, 0.95)])
def test_relu_dual_is_the_integral(v1: float, v2: float, correlation: float) -> None:
    c = correlation * math.sqrt(v1 * v2)
    gain = 1.3
    spread = math.sqrt(v2 - c * c / v1)

    def given(u: float) -> tuple[float, float]:
        """E[relu(v) | u] and P(v > 0 | u)."""
        mean = c * u / v1
        above = float(stats.norm.cdf(mean / spread))
        return mean * above + spread * float(stats.norm.pdf(mean / spread)), above

    density = stats.norm(scale=math.sqrt(v1)).pdf
    moment = integrate.quad(lambda u: density(u) * u * given(u)[0], 0, math.inf)[0]
    slope = integrate.quad(lambda u: density(u) * given(u)[1], 0, math.inf)[0]
    got = ACTIVATIONS["relu"].scaled(gain).dual(np.array(c), np.array(v1), np.array(v2))
    np.testing.assert_allclose(got, [gain**2 * moment, gain**2 * slope], rtol=1e-7)


@pytest.mark.parametrize(("v1", "v2", "correlation"), [(1.0, 1.0, 0.3), (0.5, 3.0, -0.8), (2.0, 0.7, 0.95)])
def test_erf_dual_is_the_integral(v1: float, v2: float, correlation: float) -> None:
    nodes, weights = np.polynomial.hermite_e.hermegauss(120)
    weights = weights / weights.sum()
    z1, z2 = np.meshgrid(nodes, nodes, indexing="ij")
    u = math.sqrt(v1) * z1
    v = math.sqrt(v2) * (correlation * z1 + math.sqrt(1 - correlation**2) * z2)

    def slope(t: np.ndarray) -> np.ndarray:
        return 2 / math.sqrt(math.pi) * np.exp(-(t**2))

    expected = [weights @ (f(u) * f(v)) @ weights for f in (special.erf, slope)]
    got = ACTIVATIONS["erf"].dual(np.array(correlation * math.sqrt(v1 * v2)), np.array(v1), np.array(v2))
    np.testing.assert_allclose(got, expected, rtol=1e-6)


def test_linear_network_has_closed_form() -> None:
    x = RNG.standard_normal((5, 3))
    depth, σ_w, σ_b, gain = 3, 1.2, 0.4, 0.9
    k = mlp_kernels(x, n_hidden=depth, activation="linear", sigma_w=σ_w, sigma_b=σ_b, gain=gain)
    ratio = (gain * σ_w) ** 2
    Σ = [σ_w**2 * ratio**j * (x @ x.T / 3) + σ_b**2 * sum(ratio**i for i in range(j + 1)) for j in range(depth + 1)]
    np.testing.assert_allclose(k.covariance, Σ, rtol=1e-12)
    np.testing.assert_allclose(k.ntk, sum(ratio ** (depth - j) * Σ[j] for j in range(depth + 1)), rtol=1e-12)


def test_relu_ntk_on_the_sphere_is_the_angle_recursion() -> None:
    """Canatar, Bordelon & Pehlevan 2021: K_L = cos f(a_{L-1}) + K_{L-1} (1 - a_{L-1}/π), a the angle, for √2 relu."""
    φ = np.linspace(0, math.pi, 31)
    x = np.column_stack([np.cos(φ), np.sin(φ)]) * math.sqrt(2)
    angle, kernel = φ, np.cos(φ)
    for n_hidden in range(1, 6):
        following = np.arccos(np.clip((np.sin(angle) + (math.pi - angle) * np.cos(angle)) / math.pi, -1, 1))
        kernel = np.cos(following) + kernel * (1 - angle / math.pi)
        angle = following
        k = mlp_kernels(x[:1], x, n_hidden=n_hidden, activation="unit_relu", sigma_w=1.0, sigma_b=0.0)
        np.testing.assert_allclose(k.ntk[0], kernel, atol=3e-7)
        np.testing.assert_allclose(k.nngp[0], np.cos(angle), atol=3e-7)


def empirical_kernels(
    x: np.ndarray, width: int, n_hidden: int, φ: Callable, σ_w: float, σ_b: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """NTK of one NTK-parametrized network by autograd, and its last hidden layer's estimate of the NNGP kernel."""
    torch.manual_seed(seed)
    sizes = [x.shape[1], *[width] * n_hidden, 1]
    params = [
        (torch.randn(o, i, dtype=torch.float64), torch.randn(o, dtype=torch.float64))
        for i, o in itertools.pairwise(sizes)
    ]
    for pair in params:
        for p in pair:
            p.requires_grad_()
    flat = [p for pair in params for p in pair]
    a = torch.tensor(x)
    for layer, (w, b) in enumerate(params):
        if layer == n_hidden:
            nngp = σ_w**2 * a @ a.T / width + σ_b**2
        h = σ_w * a @ w.T / math.sqrt(a.shape[1]) + σ_b * b
        a = φ(h)
    rows = [torch.cat([g.flatten() for g in torch.autograd.grad(f, flat, retain_graph=True)]) for f in h[:, 0]]
    jacobian = torch.stack(rows)
    return (jacobian @ jacobian.T).numpy(), nngp.detach().numpy()


@pytest.mark.parametrize(("activation", "φ"), [("relu", lambda h: 1.1 * torch.relu(h)), ("erf", torch.erf)])
def test_kernels_of_wide_networks_tend_to_the_limit(activation: str, φ: Callable) -> None:
    x = np.random.default_rng(8).standard_normal((6, 4))
    n_hidden, σ_w, σ_b, seeds = 3, 1.2, 0.3, 24
    k = mlp_kernels(
        x,
        n_hidden=n_hidden,
        activation=activation,
        sigma_w=σ_w,
        sigma_b=σ_b,
        gain=1.1 if activation == "relu" else 1.0,
    )
    deviations = []
    for width in (32, 512):
        sample = [empirical_kernels(x, width, n_hidden, φ, σ_w, σ_b, seed) for seed in range(seeds)]
        for limit, finite in zip((k.ntk, k.nngp), np.moveaxis(np.array(sample), 1, 0), strict=True):
            norm = np.linalg.norm(limit)
            deviations.append(math.sqrt((((finite - limit) ** 2).sum(axis=(1, 2))).mean()) / norm)
            # Their mean lies within three standard errors of the limit.
            assert np.linalg.norm(finite.mean(axis=0) - limit) / norm < 3 * deviations[-1] / math.sqrt(seeds)
    # The rms deviation falls as width^{-1/2}: by 4 from 32 to 512.
    for narrow, wide in zip(deviations[:2], deviations[2:], strict=True):
        assert wide < 0.4 * narrow
