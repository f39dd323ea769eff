"""Gradient flow in time: against closed forms of infinite sizes, the end of time, and drawn nets in small steps."""

import numpy as np
import pytest

from infwidth.errors import SpecError
from infwidth.limits.deterministic_equivalents import Features, Modes, errors, power_law
from infwidth.limits.flow_equivalents import flow_errors

MODES = power_law(1.25, 0.4, 150)


def test_of_infinite_sizes_modes_decay_by_themselves() -> None:
    t = np.array([0.1, 1, 10, 100, 1000.0])
    alone = np.exp(-2 * np.outer(t, MODES.eigenvalues)) @ MODES.power
    found = flow_errors(MODES, times=t)
    assert found.test == pytest.approx(alone, rel=1e-8)
    assert found.train == pytest.approx(alone, rel=1e-8)
    assert found.bias == pytest.approx(alone, rel=1e-8)


@pytest.mark.parametrize(("P", "N"), [(40.0, 90.0), (90.0, 40.0), (np.inf, 40.0), (40.0, np.inf)])
def test_the_end_of_time_is_regression_without_ridge(P: float, N: float) -> None:
    late = flow_errors(MODES, times=1e7, samples=P, width=N, noise=0.2)
    end = errors(MODES, samples=P, ridge=0, noise=0.2, features=Features((N,)))
    for piece in late._fields:
        assert getattr(late, piece) == pytest.approx(float(getattr(end, piece)), rel=1e-4, abs=1e-8), piece


def test_it_starts_at_the_power_of_the_task_and_gains_at_the_rate_of_the_features() -> None:
    start, later = flow_errors(MODES, times=[1e-6, 1e-3], samples=50, width=30, noise=0.1), MODES.power.sum()
    assert start.test[0] == pytest.approx(later, rel=1e-4)
    assert start.train[0] == pytest.approx(later + 0.1, rel=1e-4)
    # d/dt at t = 0 of |w - Fv|² is -2 Σ η p whatever the sizes, to first order in t.
    slope = (start.test[1] - start.test[0]) / 1e-3
    assert slope == pytest.approx(-2 * MODES.eigenvalues @ MODES.power, rel=0.01)


def test_drawn_nets_in_small_steps_have_the_losses_and_the_variances() -> None:
    """Of two levels of eigenvalues, which average themselves; three nets on each data set for the variances."""
    rng, η = np.random.default_rng(0), np.repeat([1.0, 0.2], [40, 80])
    modes, P, N, σ2, lr = Modes.of([1.0, 0.2], [0.6, 0.4], [40, 80]), 100, 70, 0.3, 0.05
    w = np.sqrt(np.repeat([0.6 / 40, 0.4 / 80], [40, 80]) / η)
    times, n, K = (2.0, 20.0), 30, 3
    single, mean, train = np.zeros(2), np.zeros(2), np.zeros(2)
    for _ in range(n):
        x, of_all = rng.standard_normal((P, 120)) * np.sqrt(η), np.zeros((2, 120))
        y = x @ w + np.sqrt(σ2) * rng.standard_normal(P)
        for _ in range(K):
            F, v, step = rng.standard_normal((120, N)) / np.sqrt(N), np.zeros(N), 0
            Z = x @ F
            G, b = Z.T @ Z / P, Z.T @ y / P
            for place, t in enumerate(times):
                while step < round(t / lr):
                    v, step = v + lr * (b - G @ v), step + 1
                single[place] += η @ (w - F @ v) ** 2 / (n * K)
                train[place] += ((y - Z @ v) ** 2).mean() / (n * K)
                of_all[place] += F @ v / K
        mean += (w - of_all) ** 2 @ η / n
    found = flow_errors(modes, times=times, samples=P, width=N, noise=σ2)
    assert single == pytest.approx(found.test, rel=0.04)
    assert train == pytest.approx(found.train, rel=0.04)
    assert mean == pytest.approx(found.ensemble(K), rel=0.04)
    assert single - mean == pytest.approx(found.test - found.ensemble(K), rel=0.05)


def test_settings_broadcast_and_nonsense_is_refused() -> None:
    found = flow_errors(MODES, times=[[1.0], [10]], samples=[20, 40, 80.0], width=30)
    assert found.test.shape == (2, 3)
    assert found.test[1, 2] == pytest.approx(flow_errors(MODES, times=10, samples=80, width=30).test, rel=1e-9)
    for ask in ({"times": 0.0}, {"times": np.inf}, {"times": 1.0, "samples": -1}):
        with pytest.raises(SpecError, match="above 0"):
            flow_errors(MODES, **ask)
