"""Deep linear nets to first order in γ0²: against the exact theory, and against what can be integrated by hand."""

import numpy as np
import pytest

from infwidth.limits.dmft import deep_linear_dmft, static_errors
from infwidth.limits.dmft_perturbation import perturbed_dmft

SETTING = {"lr": 0.05, "steps": 12}


def problem() -> tuple[np.ndarray, np.ndarray]:
    x = np.random.default_rng(0).standard_normal((4, 12))
    return x @ x.T / 12, np.array([1.0, -1.0, 0.5, 2.0])


@pytest.mark.parametrize("n_hidden", [1, 2, 3, 5])
def test_what_is_left_of_the_exact_theory_is_of_the_next_order(n_hidden: int) -> None:
    """The error of a change of order γ0² is γ0² of it: a hundredth of γ0 leaves a ten-thousandth."""
    kernel, y = problem()
    left = []
    for gamma0 in (1e-2, 1e-3):
        exact = deep_linear_dmft(kernel, y, n_hidden=n_hidden, gamma0=gamma0, **SETTING)
        first = perturbed_dmft(kernel, y, n_hidden=n_hidden, gamma0=gamma0, **SETTING)
        none = perturbed_dmft(kernel, y, n_hidden=n_hidden, gamma0=0.0, **SETTING)
        left.append(
            [np.abs(a - b).max() / np.abs(b - c).max() for a, b, c in zip(exact[1:], first[1:], none[1:], strict=True)]
        )
    assert np.max(left) < 2e-4
    assert np.divide(*left) == pytest.approx([100.0] * 3, rel=0.02)


@pytest.mark.parametrize("n_hidden", [1, 2, 3, 5])
def test_the_coefficient_of_the_tangent_kernel(n_hidden: int) -> None:
    """c = L (L + 1)² (L + 2)/12 of the exact theory, L (L + 1)/2 where gradients are taken as independent."""
    kernel, y = problem()
    L, gamma0 = n_hidden, 1e-4
    past = SETTING["lr"] * static_errors(kernel, y, n_hidden=L, **SETTING)
    v = past[:-1].sum(0)
    ordered = sum(np.outer(past[t], past[:t].sum(0)) for t in range(1, 12))
    E = np.outer(v, v) + ordered + ordered.T
    unit = kernel * np.trace(kernel @ E) + kernel @ E @ kernel
    for independent, c in ((False, L * (L + 1) ** 2 * (L + 2) / 12), (True, L * (L + 1) / 2)):
        solved = deep_linear_dmft(kernel, y, n_hidden=L, gamma0=gamma0, independent_gradients=independent, **SETTING)
        change = (solved.tangent_kernels[-1] - (L + 1) * kernel) / gamma0**2
        assert change == pytest.approx(c * unit, rel=1e-4, abs=1e-4 * c * np.abs(unit).max())


def test_one_example_and_two_layers_end_where_their_conserved_quantity_says() -> None:
    """K(∞) = 2 √(1 + γ0² y²) of the flow, by K dK = 4 γ0² f df: 2 + γ0² y² to first order."""
    y, gamma0 = 1.3, 0.05
    solved = perturbed_dmft(np.ones((1, 1)), np.array([y]), n_hidden=1, gamma0=gamma0, lr=0.01, steps=600)
    assert solved.tangent_kernels[-1, 0, 0] - 2 == pytest.approx(2 * np.sqrt(1 + gamma0**2 * y**2) - 2, rel=0.02)


def test_without_richness_nothing_moves() -> None:
    kernel, y = problem()
    still = perturbed_dmft(kernel, y, n_hidden=3, gamma0=0.0, **SETTING)
    assert (still.gradients == 1).all()
    assert (still.features == kernel[:, None, :]).all()
    assert still.errors == pytest.approx(static_errors(kernel, y, n_hidden=3, **SETTING))
