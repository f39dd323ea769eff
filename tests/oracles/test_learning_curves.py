"""Theory of learning curves against brute force: drawn training sets, finite domains, gradient descent."""

import math

import numpy as np
import pytest

from infwidth.errors import SpecError
from infwidth.limits.kernel_regression import KernelDescent
from infwidth.limits.learning_curves import (
    Task,
    critical_points,
    double_descent_noise,
    kappa,
    learnability,
    learning_curve,
    omniscient_task,
    one_peak_noise,
    optimal_ridge,
    shell_errors,
    unseen_error,
    white_curve,
    white_left,
)
from infwidth.limits.sphere import sphere_spectrum
from infwidth.limits.sphere_regression import measured_errors, sphere_kernel, sphere_points, sphere_task
from infwidth.limits.subset_regression import subset_errors

POWER_LAW = Task.of(np.arange(1, 2001) ** -1.5, np.arange(1, 2001) ** -2.0)


# ---- the equation of κ


@pytest.mark.parametrize(
    "eigenvalues",
    [
        np.arange(1, 2001) ** -1.5,
        np.exp(-np.arange(600) / 3.0),  # 87 decades
        np.repeat([1.0, 1e-3, 1e-9], [10, 100, 400]),
        np.array([2.0]),
    ],
)
@pytest.mark.parametrize("ridge", [0.0, 1e-12, 0.1, 1e6])
def test_kappa_solves_its_equation_on_any_spectrum(eigenvalues: np.ndarray, ridge: float) -> None:
    n = len(eigenvalues)
    task = Task.of(eigenvalues, np.ones(n))
    P = np.array([0.5, 1, 3, 0.5 * n, 0.999 * n] + ([n, 10.0 * n] if ridge else []))
    P = P[(n > P) | (ridge > 0)]
    found = kappa(task, P, ridge)
    total = learnability(task, found).sum(axis=1) + ridge / found
    np.testing.assert_allclose(total, P, rtol=1e-10)


def test_learnabilities_never_sum_to_more_than_the_examples() -> None:
    P = np.geomspace(1, 1e5, 50)
    for ridge in (0.0, 1.0):
        learned = learning_curve(POWER_LAW, P, ridge=ridge).learned
        assert (learned <= P * (1 + 1e-12)).all()
        assert (learned <= 2000 * (1 + 1e-12)).all()


def test_more_examples_than_modes_are_least_squares() -> None:
    """A linear model in 5 Gaussian features, 12 examples: σ² 5/(12 - 5), nearly (exactly 5/(12 - 6))."""
    task = Task.of(np.ones(5), np.ones(5))
    curve = learning_curve(task, [12, 5], noise=0.3)
    assert curve.test[0] == pytest.approx(0.3 * 5 / 7)
    assert curve.train[0] == pytest.approx(0.3 * 7 / 12)
    assert curve.test[1] == math.inf
    assert learning_curve(task, [5]).test[0] == 0


def test_a_shell_is_its_modes() -> None:
    shells = Task.of([1.0, 0.1], [0.7, 0.3], [3, 50], rest=0.2)
    modes = Task.of(np.repeat([1.0, 0.1], [3, 50]), np.repeat([0.7 / 3, 0.3 / 50], [3, 50]), rest=0.2)
    P = [1, 2, 5, 40, 100]
    one, other = (learning_curve(task, P, ridge=0.1, noise=0.5) for task in (shells, modes))
    np.testing.assert_allclose(one, other, rtol=1e-12)


def test_small_eigenvalues_are_a_ridge() -> None:
    listed = Task.of(np.r_[1.0, 0.5, np.full(10**5, 1e-6)], np.r_[1.0, 1.0, np.zeros(10**5)])
    rest = Task.of([1.0, 0.5], [1.0, 1.0], rest=0.1)
    np.testing.assert_allclose(*(learning_curve(task, [2, 20]).test for task in (listed, rest)), rtol=1e-3)


# ---- experiments on the sphere


@pytest.mark.parametrize("ridge", [0.0, 1.0])
def test_theory_is_what_is_measured_on_the_sphere(ridge: float) -> None:
    d, powers, n = 10, np.array([0.25, 0.25, 0.25, 0.25]), 100
    kernel = sphere_kernel("ntk", n_hidden=2)
    spectrum = sphere_spectrum(kernel, dimension=d, k_max=15)
    task = sphere_task(spectrum, powers)
    rng = np.random.default_rng(0)
    found = [measured_errors(sphere_points(rng, n, d), kernel, spectrum, powers, ridge=ridge) for _ in range(16)]
    curve, shells = learning_curve(task, [n], ridge=ridge, noise=1.0), shell_errors(task, [n], ridge=ridge)
    for measured, theory, finite_size in (
        (np.array([m.by_power.sum() for m in found]), curve.bias[0] + curve.variance[0], 0.02),
        (np.array([m.noise_gain for m in found]), curve.noise[0], 0.03),
        (np.array([m.by_power[2] for m in found]), shells.by_power[0, 2], 0.04),
        (np.array([m.by_place[1] for m in found]), shells.by_place[0, 1], 0.08),
    ):
        error = measured.std(ddof=1) / 4
        assert abs(measured.mean() - theory) < 3 * error + finite_size * theory
    # The two divisions are of one error, and are not the same.
    assert found[0].by_place.sum() == pytest.approx(found[0].by_power.sum(), rel=1e-9)
    assert shells.by_place.sum() == pytest.approx(shells.by_power.sum(), rel=1e-9)
    assert shells.by_place[0, 0] > 5 * shells.by_power[0, 0]


def test_measured_errors_are_those_of_predictions() -> None:
    """Traces of Gram matrices against one drawn target, labels and many test points."""
    d, n, power = 5, 30, np.array([0.0, 1.0])
    kernel = sphere_kernel("rbf", variance=1.0)
    spectrum = sphere_spectrum(kernel, dimension=d, k_max=12)
    rng = np.random.default_rng(1)
    x, test = sphere_points(rng, n, d), sphere_points(rng, 4000, d)
    found = measured_errors(x, kernel, spectrum, power, ridge=0.05)
    K, cross = (kernel(np.arccos(np.clip(a @ x.T, -1, 1))) for a in (x, test))
    A = np.linalg.inv(K + 0.05 * np.eye(n))
    w = rng.standard_normal((d, 400))  # linear targets of power one on average: |w|² = d
    errors = cross @ A @ (x @ w) - test @ w
    assert found.by_power.sum() == pytest.approx((errors**2).mean(), rel=0.05)
    assert found.noise_gain == pytest.approx(((cross @ A) ** 2).sum(axis=1).mean(), rel=0.05)


# ---- finitely many inputs


@pytest.fixture(scope="module")
def finite() -> tuple[np.ndarray, np.ndarray]:
    """Return a kernel [n, n] of a power law and targets [n, 2]."""
    rng = np.random.default_rng(2)
    n = 240
    q, _ = np.linalg.qr(rng.standard_normal((n, n)))
    values = np.arange(1, n + 1) ** -1.3
    weights = rng.standard_normal((n, 2)) * (np.arange(1, n + 1) ** -0.8)[:, None]
    return (q * values) @ q.T * n, np.sqrt(n) * q @ weights


@pytest.mark.parametrize("ridge", [0.0, 1.0])
def test_theory_of_a_finite_domain(finite: tuple[np.ndarray, np.ndarray], ridge: float) -> None:
    kernel, y = finite
    task, n = omniscient_task(kernel, y), len(kernel)
    rng = np.random.default_rng(3)
    for P in (40, 120, 220):
        found = [subset_errors(kernel, y, rng.permutation(n)[:P], ridge=ridge) for _ in range(30)]
        clean, noisy = (learning_curve(task, P, ridge=ridge, noise=noise) for noise in (0.0, 1.0))
        unseen = [unseen_error(task, P, ridge=ridge, noise=noise)[0] for noise in (0.0, 1.0)]
        for name, theory in (
            ("error", clean.test[0]),
            ("gain", noisy.noise[0]),
            ("unseen_error", unseen[0]),
            ("unseen_gain", unseen[1] - unseen[0]),
            ("learned", clean.learned[0]),
        ):
            measured = np.array([getattr(one, name) for one in found])
            assert abs(measured.mean() - theory) < 3 * measured.std(ddof=1) / math.sqrt(30) + 0.02 * theory, (P, name)


def test_a_whole_finite_domain_is_exact(finite: tuple[np.ndarray, np.ndarray]) -> None:
    kernel, y = finite
    n, task = len(kernel), omniscient_task(kernel, y)
    everything = np.arange(n)
    for ridge in (0.0, 3.0):
        found = subset_errors(kernel, y, everything, ridge=ridge)
        curve = learning_curve(task, n, ridge=ridge, noise=0.7)
        assert curve.bias[0] + curve.variance[0] == pytest.approx(found.error, rel=1e-6, abs=1e-12)
        assert curve.noise[0] == pytest.approx(0.7 * found.gain, rel=1e-6)
        assert curve.learned[0] == pytest.approx(found.learned, rel=1e-9)
        residual = ((y - found.predicted) ** 2).sum(axis=1).mean()
        assert learning_curve(task, n, ridge=ridge).train[0] == pytest.approx(residual, rel=1e-6, abs=1e-12)
    # No ridge: all of every draw is learned, and no more.
    P = np.array([1.0, 10, 100, 239])
    np.testing.assert_allclose(learning_curve(task, P).learned, P, rtol=1e-10)
    drawn = subset_errors(kernel, y, everything[:100])
    assert drawn.learned == pytest.approx(100, rel=1e-9)


def test_few_of_many_inputs_are_drawn_from_a_distribution() -> None:
    η, v2, n = np.arange(1, 20001) ** -1.2, np.arange(1, 20001) ** -1.5, 20000
    finite, infinite = Task.of(η, v2, inputs=n), Task.of(η, v2)
    for ridge in (0.0, 0.5):
        one, other = (learning_curve(task, [20, 60], ridge=ridge, noise=0.4) for task in (finite, infinite))
        np.testing.assert_allclose(one.test, other.test, rtol=0.01)
        np.testing.assert_allclose(one.train, other.train, rtol=0.01, atol=1e-12)


def test_it_predicts_gradient_descent_on_the_kernel(finite: tuple[np.ndarray, np.ndarray]) -> None:
    kernel, y = finite
    chosen = np.random.default_rng(4).permutation(len(y))[:120]
    descent = KernelDescent.of(kernel[np.ix_(chosen, chosen)], y[chosen])
    outputs = descent.test_outputs(kernel[:, chosen], descent.flow(math.inf))
    error = ((outputs - y) ** 2).sum(axis=1).mean()
    assert error == pytest.approx(subset_errors(kernel, y, chosen).error, rel=1e-6)
    assert learning_curve(omniscient_task(kernel, y), 120).test[0] == pytest.approx(error, rel=0.2)


# ---- ridge, noise, phases


@pytest.mark.parametrize("noise", [0.05, 0.4, 2.0])
def test_the_best_ridge_of_a_white_task_is_the_noise(noise: float) -> None:
    task = Task.of([0.02], [1.0], [50])
    assert optimal_ridge(task, 60, noise=noise) == pytest.approx(noise, rel=1e-3)


def test_without_noise_a_target_in_the_first_modes_wants_no_ridge() -> None:
    assert optimal_ridge(POWER_LAW, 100) == 0


@pytest.mark.parametrize(("ridge", "noise"), [(0.0, 0.3), (0.2, 0.0), (1.5, 4.0)])
def test_the_white_curve_is_the_general_one(ridge: float, noise: float) -> None:
    α = np.array([0.1, 0.6, 1.7, 3.0])
    task = Task.of([1 / 80], [1.0], [80])
    curve = learning_curve(task, 80 * α, ridge=ridge, noise=noise)
    np.testing.assert_allclose(white_curve(α, ridge=ridge, noise=noise), curve.test, rtol=1e-10)
    np.testing.assert_allclose(white_left(α, ridge=ridge) ** 2, curve.bias, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("ridge", [0.01, 0.1, 0.5, 0.9, 2.0])
def test_phases_begin_where_curves_get_critical_points(ridge: float) -> None:
    α = np.linspace(0, 8, 20001)
    two, one = float(double_descent_noise(ridge)), float(one_peak_noise(ridge))

    def count(noise: float) -> int:
        return critical_points(white_curve(α, ridge=ridge, noise=noise))

    assert count(0.98 * two) == 0
    assert count(1.02 * one) == 1
    if ridge < 0.8:
        assert count(two + 0.3 * (one - two)) == 2


def test_small_turns_are_no_critical_points() -> None:
    curve = np.array([1.0, 0.5, 0.505, 0.3, 0.6, 0.2])
    assert critical_points(curve) == 4
    assert critical_points(curve, tolerance=0.03) == 2


# ---- what has no meaning


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Task.of([1.0, -1.0], [1, 1]), "eigenvalues must be finite and not negative; the smallest is -1"),
        (lambda: Task.of([1.0], [1, 1]), "vectors of one length"),
        (lambda: Task.of([0.0], [1.0]), "learns nothing"),
        (lambda: Task.of([1.0], [1.0], inputs=3), "of 3 inputs all modes must be listed, not 1"),
        (lambda: kappa(POWER_LAW, [0.0]), "positive numbers"),
        (lambda: kappa(POWER_LAW, [1.0], -1.0), "a ridge must be finite and not negative"),
        (lambda: learning_curve(POWER_LAW, [1.0], noise=-1.0), "variance of labels"),
        (lambda: unseen_error(POWER_LAW, [1.0]), "all of a distribution is unseen"),
        (lambda: omniscient_task(np.array([[1.0, 2.0], [2.0, 1.0]]), np.ones(2)), "not positive semidefinite"),
        (lambda: omniscient_task(np.array([[1.0, 2.0], [0.0, 1.0]]), np.ones(2)), "not symmetric"),
        (lambda: omniscient_task(np.eye(2), np.ones(3)), r"targets must be \[2\]"),
        (lambda: learning_curve(omniscient_task(np.eye(2), np.ones(2)), 3), "3 samples cannot be drawn from 2 inputs"),
    ],
)
def test_what_has_no_meaning_is_refused(make: object, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        make()  # type: ignore[operator]
