"""Deterministic equivalents against integrals over Marchenko–Pastur's law, derivatives, and drawn regressions."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import integrate, special

from infwidth.errors import SpecError
from infwidth.limits.deterministic_equivalents import Errors, Features, Modes, errors, power_law
from infwidth.limits.spectral_laws import covariance_law, product_law, semicircle

MODES = power_law(1.5, 0.7, 400)
KINDS = {
    "inputs": Features(),
    "linear": Features((60,)),
    "deep": Features((150, 70, 90)),
    "structured": Features((150,), np.arange(1, 81) ** -0.5),
    "nonlinear": Features((60,), nonlinear=0.003),
    "all at once": Features((120,), np.arange(1, 81) ** -0.5, nonlinear=0.003),
}


def _over_law(q: float, of: Callable[[float], float]) -> float:
    """Return the mean of a function over Marchenko & Pastur's law, its atom at zero included."""
    low, high = (1 - np.sqrt(q)) ** 2, (1 + np.sqrt(q)) ** 2

    def density(angle: float) -> float:  # x = middle - half cos(angle)
        half = (high - low) / 2
        x = (high + low) / 2 - half * np.cos(angle)
        return float((half * np.sin(angle)) ** 2 / (2 * np.pi * q * x) * of(x))

    return integrate.quad(density, 0, np.pi)[0] + max(0.0, 1 - 1 / q) * of(0.0)


@pytest.mark.parametrize("q", [0.3, 0.9, 2.5])
def test_ridge_on_isotropic_inputs_is_an_integral_over_the_spectrum(q: float) -> None:
    D, λ, σ2 = 300, 0.07, 0.4
    found = errors(Modes.of(1.0, 2.0, D), samples=D / q, ridge=λ, noise=σ2)
    squares = _over_law(q, lambda x: λ**2 / (x + λ) ** 2)
    assert found.test == pytest.approx(2 * squares + σ2 * q * _over_law(q, lambda x: x / (x + λ) ** 2), rel=1e-9)
    of_noise = 1 - q + q * squares
    assert found.train == pytest.approx(2 * λ**2 * _over_law(q, lambda x: x / (x + λ) ** 2) + σ2 * of_noise, rel=1e-9)
    assert found.bias == pytest.approx(2 * _over_law(q, lambda x: λ / (x + λ)) ** 2, rel=1e-9)
    assert found.degrees == pytest.approx(D * _over_law(q, lambda x: x / (x + λ)), rel=1e-9)


def test_least_squares_on_isotropic_inputs() -> None:
    P, σ2 = np.array([20.0, 80.0, 250.0, 1000.0]), 0.3
    found = errors(Modes.of(np.ones(100), np.full(100, 0.01)), samples=P, ridge=0, noise=σ2)
    few = P < 100
    expected = np.where(few, 1 - P / 100 + σ2 * (P / 100) / (1 - P / 100), σ2 * 100 / (P - 100))
    assert found.test == pytest.approx(expected, rel=1e-9)
    assert found.train == pytest.approx(np.where(few, 0, σ2 * (1 - 100 / P)), abs=1e-12)
    assert found.kappa[~few] == pytest.approx(0)


@pytest.mark.parametrize("kind", KINDS)
def test_variances_are_derivatives_of_the_renormalized_ridge(kind: str) -> None:
    """B = dlog κ/dlog κ_1, where P = ∞ makes κ_1 the ridge; and 1/(1 - γ_1) = dκ_1/dλ."""
    features, step = KINDS[kind], 1e-4
    λ = 0.002 * np.exp(step * np.array([-1, 0, 1]))
    κ = errors(MODES, samples=np.inf, ridge=λ, features=features).kappa
    B = (np.log(κ[2]) - np.log(κ[0])) / (2 * step)
    u = MODES.eigenvalues / (MODES.eigenvalues + κ[1])
    found = errors(MODES, samples=np.inf, ridge=λ[1], features=features)
    assert found.var_features == pytest.approx((1 - B) * (MODES.power * u * (1 - u)).sum(), rel=1e-6)
    finite = errors(MODES, samples=50.0, ridge=λ, noise=1.0, features=features)
    κ1 = λ / (1 - finite.degrees / 50)
    noise = finite.var_noise + finite.var_noise_features
    assert 1 + noise[1] == pytest.approx((κ1[2] - κ1[0]) / (λ[2] - λ[0]), rel=1e-6)
    # Finite data on features are ridge regression on them: its error is that of κ_1 without data, over 1 - γ_1.
    of_all = errors(MODES, samples=np.inf, ridge=κ1[1], features=features)
    assert finite.kappa[1] == pytest.approx(of_all.kappa, rel=1e-9)
    assert finite.test[1] - noise[1] == pytest.approx(of_all.test * (1 + noise[1]), rel=1e-9)
    assert finite.train[1] == pytest.approx((λ[1] / κ1[1]) ** 2 * (finite.test[1] + 1), rel=1e-9)


def test_equal_features_are_white_and_shells_are_their_modes() -> None:
    flat = errors(MODES, samples=[30, 90.0], ridge=1e-4, noise=0.1, features=Features((), np.ones(60)))
    white = errors(MODES, samples=[30, 90.0], ridge=1e-4, noise=0.1, features=KINDS["linear"])
    assert np.array(flat) == pytest.approx(np.array(white), rel=1e-9)
    shells = Modes.of([1.0, 0.1], [0.5, 0.5], [10, 70])
    single = Modes.of(np.repeat([1.0, 0.1], [10, 70]), np.repeat([0.05, 0.5 / 70], [10, 70]))
    ask = {"samples": np.array([30, 200.0]), "ridge": 0.01, "noise": 0.1}
    assert np.array(errors(shells, **ask)) == pytest.approx(np.array(errors(single, **ask)), rel=1e-12)


def test_a_shell_without_end_is_a_ridge_and_noise() -> None:
    """Modes too many to learn, of eigenvalues 1e-30, add their trace over P to the ridge, their power to the noise."""
    tail = Modes.of([*MODES.eigenvalues, 1e-30], [*MODES.power, 0.2], [*MODES.multiplicities, 5e29])
    found = errors(tail, samples=80.0, ridge=1e-3, noise=0.1)
    instead = errors(MODES, samples=80.0, ridge=1e-3 + 0.5 / 80, noise=0.3)
    assert found.test == pytest.approx(instead.test + 0.2, rel=1e-9)


def test_limits_without_ridge() -> None:
    """The scarcest of data and features binds: without data the fit is exact, without features a projection."""
    few_data = errors(MODES, samples=20.0, ridge=0, noise=0.1, features=Features((100,)))
    assert few_data.train == pytest.approx(0, abs=1e-15)
    assert few_data.degrees == pytest.approx(20)
    few_features = errors(MODES, samples=np.inf, ridge=0, features=Features((20,)))
    u = MODES.eigenvalues / (MODES.eigenvalues + few_features.kappa)
    assert u.sum() == pytest.approx(20)
    assert few_features.test == pytest.approx((MODES.power * (1 - u)).sum())
    tiny = errors(MODES, samples=[20.0, 70], ridge=1e-13, noise=0.1, features=Features((50,)))
    none = errors(MODES, samples=[20.0, 70], ridge=0, noise=0.1, features=Features((50,)))
    assert tiny.test == pytest.approx(none.test, rel=1e-6)


def test_shells_of_a_power_law_have_the_sums_of_its_modes() -> None:
    ask = {"samples": np.array([30.0, 300, 2000]), "ridge": 1e-5, "noise": 0.1, "features": Features((500,))}
    exact, shells = (errors(power_law(1.5, 0.7, 10**4, per_decade=k), **ask) for k in (0, 40))
    assert shells.test == pytest.approx(exact.test, rel=1e-3)


def test_pieces_are_those_of_grids_of_data_and_features() -> None:
    """Two-way analysis of variance of drawn predictors, nonlinear ones by noise that each feature has of its own."""
    λ, σ2, P, n, rng, ξ2 = 0.1, 0.3, 100, 24, np.random.default_rng(0), 0.2
    shells, spectra = Modes.of([1.0, 0.2], [0.5, 0.5], [40, 80]), [np.ones(120), np.linspace(0.5, 1.5, 80)]
    modes = Modes.of(np.repeat([1.0, 0.2], [40, 80]), np.repeat([0.5 / 40, 0.5 / 80], [40, 80]))
    η, w = modes.eigenvalues, np.sqrt(modes.power / modes.eigenvalues)
    data = [(rng.standard_normal((P, len(η))) * np.sqrt(η), np.sqrt(σ2) * rng.standard_normal(P)) for _ in range(n)]
    means, total, of_ξ, squares_of_noise, noise_sums = np.zeros((2, n, len(η))), 0.0, [], 0.0, np.zeros((n, len(η)))
    trains = []
    for j in range(n):
        F, before = np.eye(len(η)), len(η)
        for s in spectra:
            F, before = F @ (rng.standard_normal((before, len(s))) * np.sqrt(s / len(s))), len(s)
        mean_v = np.zeros(before)
        for i, (x, ε) in enumerate(data):
            Z = x @ F + np.sqrt(ξ2) * rng.standard_normal((P, before))
            H = np.linalg.solve(Z.T @ Z / P + λ * np.eye(before), Z.T / P)
            v, v_noise = H @ (x @ w), H @ ε
            β, β_noise = np.sqrt(η) * (F @ v), np.sqrt(η) * (F @ v_noise)
            means[0, i] += β / n
            means[1, j] += β / n
            mean_v += v / n
            total += ((np.sqrt(η) * w - β) ** 2).sum() / n**2 + ξ2 * (v**2).sum() / n**2
            squares_of_noise += ((β_noise**2).sum() + ξ2 * (v_noise**2).sum()) / n**2
            noise_sums[i] += β_noise / n
            trains.append(((x @ w + ε - Z @ (v + v_noise)) ** 2).mean())
        of_ξ.append(ξ2 * (mean_v**2).sum())
    found = errors(shells, samples=P, ridge=λ, noise=σ2, features=Features((120,), spectra[1], nonlinear=ξ2))
    target, mean = np.sqrt(η) * w, means[0].mean(0)
    of_features = ((means[1] - mean) ** 2).sum() / n + np.mean(of_ξ)
    of_data, of_noise = ((means[0] - mean) ** 2).sum() / n, (noise_sums**2).sum() / n
    measured = [((mean - target) ** 2).sum(), of_features, of_data, total, of_noise, squares_of_noise, np.mean(trains)]
    # Means over n draws leave an n-th of the variance that they average, and variances miss as much.
    noise, shared, rest = found.var_noise + found.var_noise_features, found.var_data_features, (n - 1) / n
    expected = [
        found.bias + (found.var_features + found.var_data + shared / n) / n,
        (found.var_features + shared / n) * rest,
        (found.var_data + shared / n) * rest,
        found.test - noise,
        found.var_noise + found.var_noise_features / n,
        noise,
        found.train,
    ]
    assert np.array(measured) == pytest.approx(np.array(expected, float), rel=0.06)


def test_settings_broadcast_and_nonsense_is_refused() -> None:
    found = errors(MODES, samples=np.array([[20.0], [40]]), ridge=np.array([0.1, 0.2, 0.3]))
    assert isinstance(found, Errors)
    assert found.test.shape == (2, 3)
    assert found.test[1, 2] == pytest.approx(errors(MODES, samples=40, ridge=0.3).test, rel=1e-9)
    for words, ask in (
        ("samples", {"samples": 0, "ridge": 1.0}),
        ("ridge", {"samples": 5, "ridge": -1.0}),
        ("noise", {"samples": 5, "ridge": 1.0, "noise": np.nan}),
        ("number of features", {"samples": 5, "ridge": 1.0, "features": Features(nonlinear=0.1)}),
    ):
        with pytest.raises(SpecError, match=words):
            errors(MODES, **ask)
    with pytest.raises(SpecError, match="finite"):
        Modes.of([1.0, -1], 1.0)


# ---- spectra


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_products_of_square_matrices_have_fuss_catalan_moments(depth: int) -> None:
    law = product_law([1.0] * depth)
    for k in (1, 2, 3):
        moment = (np.diff(law.cdf) * (law.x[1:] ** k + law.x[:-1] ** k) / 2).sum()
        assert moment == pytest.approx(special.binom((depth + 1) * k, k) / (depth * k + 1), rel=1e-3)


@pytest.mark.parametrize("q", [0.1, 0.5, 4.0])
def test_one_matrix_has_the_law_of_marchenko_and_pastur(q: float) -> None:
    law = product_law([q])
    low, high = (1 - np.sqrt(q)) ** 2, (1 + np.sqrt(q)) ** 2
    inner = law.x[50:-50]
    density = np.sqrt((high - inner) * (inner - low)) / (2 * np.pi * q * inner)
    assert law.density[50:-50] == pytest.approx(density, rel=1e-6)
    assert law.cdf[0] == pytest.approx(law.atom, abs=1e-6)
    assert law.atom == pytest.approx(max(0, 1 - 1 / q))
    covariance = covariance_law(Modes.of(1.0, 1.0, 100), 100 / q)
    assert np.interp(inner, covariance.x, covariance.cdf) == pytest.approx(law.cdf[50:-50], abs=1e-5)


def test_moments_of_a_coloured_covariance_and_of_an_oblong_product() -> None:
    law = covariance_law(Modes.of([1.0, 0.05], 1.0, [1, 3]), 8.0)
    moments = [(np.diff(law.cdf) * (law.x[1:] ** k + law.x[:-1] ** k) / 2).sum() for k in (1, 2)]
    first, second = (1 + 3 * 0.05) / 4, (1 + 3 * 0.05**2) / 4
    assert moments == pytest.approx([first, second + first**2 / 2], rel=1e-4)
    law = product_law([0.2, 0.5, 0.7])
    moments = [(np.diff(law.cdf) * (law.x[1:] ** k + law.x[:-1] ** k) / 2).sum() for k in (1, 2)]
    assert moments == pytest.approx([1, 1 + 0.2 + 0.5 + 0.7], rel=1e-4)


def test_drawn_spectra_are_near_their_laws() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.standard_normal((200, 400)) / 20, rng.standard_normal((400, 100)) / 10
    assert product_law([0.5, 2.0]).distance(np.linalg.eigvalsh(a @ b @ (a @ b).T)) < 0.02
    wigner = rng.standard_normal((200, 200))
    assert semicircle().distance(np.linalg.eigvalsh((wigner + wigner.T) / 20)) < 0.02
    assert semicircle().distance(1.1 * np.linalg.eigvalsh((wigner + wigner.T) / 20)) > 0.02
    with pytest.raises(SpecError, match="ratios"):
        product_law([])
