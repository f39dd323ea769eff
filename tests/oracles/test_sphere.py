"""Spectra on the sphere against closed forms, sampled Gram matrices, and the sum of all eigenvalues."""

import math

import numpy as np
import pytest
from scipy import special

from infwidth.errors import SpecError
from infwidth.limits.kernels import kernels_of, mlp_layers
from infwidth.limits.sphere import kernels_at_angles, multiplicity, sphere_spectrum

NET = mlp_layers(2, "unit_relu", sigma_b=0.2)


def test_multiplicities_are_those_of_harmonics() -> None:
    assert [multiplicity(3, k) for k in range(5)] == [1, 3, 5, 7, 9]
    assert [multiplicity(2, k) for k in range(4)] == [1, 2, 2, 2]
    assert [multiplicity(4, k) for k in range(4)] == [1, 4, 9, 16]
    # N(d, k) = (2k + d - 2)/k · C(k + d - 3, k - 1)
    for d, k in ((7, 5), (25, 3)):
        assert multiplicity(d, k) == (2 * k + d - 2) * math.comb(k + d - 3, k - 1) // k


def test_the_exponential_of_the_cosine_on_the_sphere_is_of_bessel_functions() -> None:
    found = sphere_spectrum(lambda θ: np.exp(np.cos(θ)), dimension=3, k_max=8)
    np.testing.assert_allclose(found.eigenvalues, special.spherical_in(np.arange(9), 1.0), rtol=1e-8, atol=1e-14)


@pytest.mark.parametrize("d", [2, 3, 10, 100])
def test_harmonics_of_degree_one_and_two(d: int) -> None:
    found = sphere_spectrum(lambda θ: 3 + 2 * np.cos(θ) + np.cos(θ) ** 2, dimension=d, k_max=4)
    # z² is 1/d and a harmonic of degree two: 1 - 1/d spread over all of them.
    expected = [3 + 1 / d, 2 / d, (1 - 1 / d) / multiplicity(d, 2), 0, 0]
    np.testing.assert_allclose(found.eigenvalues, expected, atol=1e-13)
    assert found.rest == pytest.approx(0, abs=1e-11)


def test_the_arc_cosine_kernel_has_no_odd_harmonics_beyond_the_first() -> None:
    found = sphere_spectrum(lambda θ: kernels_at_angles(mlp_layers(1, "relu"), θ).nngp, dimension=5, k_max=9)
    np.testing.assert_allclose(found.eigenvalues[3::2], 0, atol=1e-14)
    assert (found.eigenvalues[[0, 1, 2, 4, 6, 8]] > 1e-7).all()


@pytest.mark.parametrize("which", ["nngp", "ntk"])
def test_it_is_the_spectrum_of_a_sampled_gram_matrix(which: str) -> None:
    d, n = 3, 2500
    x = np.random.default_rng(0).standard_normal((n, d))
    x *= math.sqrt(d) / np.linalg.norm(x, axis=1)[:, None]
    sampled = np.linalg.eigvalsh(getattr(kernels_of(NET, x), which) / n)[::-1]
    found = sphere_spectrum(lambda θ: getattr(kernels_at_angles(NET, θ), which), dimension=d, k_max=4)
    start = 0
    for k in range(3):
        stop = start + multiplicity(d, k)
        assert sampled[start:stop].mean() == pytest.approx(found.eigenvalues[k], rel=0.02)
        assert np.ptp(sampled[start:stop]) < 0.25 * found.eigenvalues[k]
        start = stop


def test_all_eigenvalues_sum_to_the_trace() -> None:
    found = sphere_spectrum(lambda θ: kernels_at_angles(NET, θ).nngp, dimension=3, k_max=200)
    terms = found.multiplicities * found.eigenvalues
    assert (found.eigenvalues > -1e-14).all()
    # N η falls as k^-3 for a kernel with a cusp of θ³: what is missing is about half the last term times its degree.
    assert 0 < found.rest < terms[-20:].mean() * 200


def test_what_cannot_be_resolved_is_refused() -> None:
    with pytest.raises(SpecError, match=r"not resolved by .* angles"):
        sphere_spectrum(lambda θ: (θ < 1.0) * 1.0, dimension=3, k_max=3)
    with pytest.raises(SpecError, match="dimension must be at least 2"):
        sphere_spectrum(np.cos, dimension=1, k_max=3)
