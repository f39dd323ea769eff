"""The distance of samples, against scipy's."""

import numpy as np
from scipy import stats

from infwidth.analysis.samples import kolmogorov


def test_kolmogorov_is_the_statistic_of_scipy() -> None:
    rng = np.random.default_rng(0)
    for n, m, shift in ((7, 5, 0.0), (50, 400, 0.4), (3, 3, 9.0)):
        a, b = rng.standard_normal(n), shift + rng.standard_normal(m)
        np.testing.assert_allclose(kolmogorov(a, b), stats.ks_2samp(a, b).statistic, rtol=1e-12)
    assert kolmogorov(np.array([1.0, 1.0, 2.0]), np.array([1.0, 1.0, 2.0])) == 0.0
