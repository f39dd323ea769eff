"""The mean-field limit of Gaussian classes, against quadrature, gradients, optimality and wide nets."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import integrate, special

from builders import computed, expanded
from infwidth.errors import SpecError
from infwidth.limits.gaussian_particles import ACTIVATIONS, Inputs, flow, initial_radii, least_risks

NETS = {
    "name": "gaussian_particles",
    "activation": "ramp",
    "dimension": 10,
    "informative": 10,
    "separation": 0.8,
    "initial_scale": 0.8,
    "horizon": 1.0,
    "n_points": 200,
    "width": 1500,
    "lr": 0.02,
    "dt": 0.1,
    "batch_size": 200,
    "n_seeds": 1,
}


def _density(dimension: int | None) -> Callable[[float], float]:
    if dimension is None:
        return lambda z: float(np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi))
    norm = np.sqrt(dimension) * special.beta(0.5, (dimension - 1) / 2)
    return lambda z: float((1 - z**2 / dimension) ** ((dimension - 3) / 2) / norm)


@pytest.mark.parametrize("dimension", [7, None])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_averages_are_integrals(name: str, dimension: int | None) -> None:
    σ, density, end = ACTIVATIONS[name], _density(dimension), 8.0 if dimension is None else np.sqrt(dimension)
    for τ in (0.3, 1.0, 4.0):
        kinks = [float(t) / τ for t in σ.knots if t / τ < end] or None
        expected, _ = integrate.quad(
            lambda z, τ=τ: float(σ.value(np.array(τ * z))) * density(z), -end, end, points=kinks, limit=200
        )
        q, slope = σ.averaged(np.array(τ), dimension)
        assert q == pytest.approx(expected, abs=1e-7)
        ahead, behind = (σ.averaged(np.array(τ + d), dimension)[0] for d in (1e-5, -1e-5))
        assert slope == pytest.approx((ahead - behind) / 2e-5, abs=1e-5)


def test_activations_are_linear_between_their_knots() -> None:
    σ, z = ACTIVATIONS["dip"], np.array([-1.0, 0.2, 0.7, 2.0])
    np.testing.assert_allclose(σ.value(z), np.interp(z, σ.knots, σ.values))
    np.testing.assert_allclose(σ.slope(z), (σ.value(z + 1e-6) - σ.value(z - 1e-6)) / 2e-6, atol=1e-6)


def test_inputs_have_the_moments_of_the_gaussians() -> None:
    of = Inputs.of(0.6, 7, 7)
    for label, variance in ((1, 1.6**2), (-1, 0.4**2)):
        chosen = of.y == label
        squares, weight = of.s[chosen, 0] ** 2, of.weight[chosen]
        assert weight.sum() == pytest.approx(0.5)
        assert 2 * weight @ squares == pytest.approx(variance)
        assert 2 * weight @ squares**2 == pytest.approx(variance**2 * (1 + 2 / 7))
    np.testing.assert_allclose(Inputs.of(0.6, 7, 3).s, [[1.6, 1.0], [0.4, 1.0]])


def test_initial_radii_are_those_of_a_gaussian() -> None:
    drawn = np.random.default_rng(0).normal(0, 0.8 / np.sqrt(7), (100_000, 7))
    parts = np.stack([np.linalg.norm(drawn[:, :3], axis=1), np.linalg.norm(drawn[:, 3:], axis=1)], 1)
    radii = initial_radii(0.8, (3, 4), 7, 400)
    np.testing.assert_allclose(
        np.quantile(radii, [0.1, 0.5, 0.9], 0), np.quantile(parts, [0.1, 0.5, 0.9], 0), atol=0.01
    )
    assert abs(np.corrcoef(radii.T)[0, 1]) < 0.05


@pytest.mark.parametrize("informative", [10, 4])
def test_velocity_is_the_gradient_of_the_risk_and_the_risk_falls(informative: int) -> None:
    """dr/dt = −M ∂R/∂r for M points of weight 1/M, by differences of R, which has no q' in it."""
    σ, inputs = ACTIVATIONS["ramp"], Inputs.of(0.8, 10, informative)
    sizes = (10,) if informative == 10 else (4, 6)
    radii, dt, M = initial_radii(0.8, sizes, 10, 50), 1e-5, 50

    def risk(r: np.ndarray) -> float:
        q, _ = σ.averaged(np.sqrt(r**2 @ (inputs.s**2).T), inputs.dimension)
        return float(inputs.weight @ (inputs.y - q.mean(0)) ** 2)

    history, risks = flow(radii, inputs, σ, dt=dt, steps=1)
    assert risks[0] == pytest.approx(risk(radii))
    for place in ((0, 0), (30, len(sizes) - 1)):
        change = np.zeros_like(radii)
        change[place] = 1e-4
        gradient = (risk(radii + change) - risk(radii - change)) / 2e-4
        assert (history[1] - history[0])[place] / dt == pytest.approx(-M * gradient, rel=1e-3, abs=1e-6)
    assert (np.diff(flow(radii, inputs, σ, dt=0.05, steps=40)[1]) < 0).all()


def test_the_least_risk_is_least() -> None:
    """Against the risk of many clouds, of single radii on a grid, and of the flow."""
    σ, inputs = ACTIVATIONS["ramp"], Inputs.of(0.7, 40, 40)
    least, one = least_risks(inputs, σ)
    assert 0 <= least <= one
    q, _ = σ.averaged(np.geomspace(0.01, 20, 250)[:, None] * inputs.s[:, 0], 40)
    assert (((inputs.y - q) ** 2) @ inputs.weight).min() == pytest.approx(one, rel=0.01)
    shares = np.random.default_rng(0).dirichlet(np.full(250, 0.02), 300)
    assert (((inputs.y - shares @ q) ** 2) @ inputs.weight).min() >= least
    _, risks = flow(initial_radii(0.8, (40,), 40, 100), inputs, σ, dt=0.1, steps=60)
    assert risks[-1] >= least - 1e-4


@pytest.mark.parametrize("informative", [10, 40])
def test_wide_nets_follow_the_limit(informative: int) -> None:
    """Vectors in R^d that know nothing of radii, against the reduction to radii."""
    dimension = 10 if informative == 10 else 120
    rows = computed(**NETS | {"dimension": dimension, "informative": informative, "width": 600})
    wide = rows[rows["index"] == -1].pivot_table(index="step", columns=["of", "metric", "layer"], values="value")
    risk, limit = wide["net", "risk", ""], wide["limit", "limit_risk", ""]
    assert limit.iloc[0] - limit.iloc[-1] > 0.4
    assert (risk - limit).abs().max() < (0.06 if informative == 10 else 0.15)
    for part in ("1",) if informative == 10 else ("1", "2"):
        assert (wide["net", "radius", part] - wide["limit", "radius", part]).abs().max() < 0.1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"informative": 11}, "informative 11 must be at most the dimension 10"),
        ({"lr": 0.03}, "dt 0.1 must be a multiple of lr 0.03"),
        ({"activation": "dips"}, "'dips' is not known"),
    ],
)
def test_specs_without_meaning_are_refused(change: dict, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        expanded(solve={**NETS, **change})
