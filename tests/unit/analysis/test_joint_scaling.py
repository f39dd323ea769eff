"""The joint law of width and data: known laws are found again, and intervals hold them."""

import numpy as np
import pandas as pd
import pytest

from infwidth.analysis.joint_scaling import JointLaw, fitted, laws_of
from infwidth.analysis.table import NotTestableError

LAW = JointLaw(np.log(0.05), np.log(2.0), 0.9, np.log(6.0), 0.6)
N, D = (x.ravel().astype(float) for x in np.meshgrid([4, 8, 16, 32, 64], [32, 128, 512, 2048]))


def _rows(noise: float, seed: int, n_seeds: int = 6) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    drawn = LAW.loss(N, D) * np.exp(noise * rng.standard_normal((n_seeds, len(N))))
    return pd.concat(
        pd.DataFrame({"width": N, "examples": D, "seed": s, "value": values}) for s, values in enumerate(drawn)
    )


def test_a_law_is_what_it_says() -> None:
    expected = 0.05 + 2 / N**0.9 + 6 / D**0.6
    np.testing.assert_allclose(LAW.loss(N, D), expected)


def test_a_law_is_found_again() -> None:
    np.testing.assert_allclose(fitted(N, D, LAW.loss(N, D)), LAW, atol=1e-5)


def test_intervals_hold_the_exponents() -> None:
    inside = []
    for seed in range(6):
        laws = laws_of(_rows(0.05, seed))
        found = laws.estimate(lambda law, _: law.width_exponent)
        assert found.low < found.value < found.high < found.low + 1.5
        inside.append(found.low <= LAW.width_exponent <= found.high)
    assert sum(inside) >= 5


def test_of_two_seeds_there_is_no_interval() -> None:
    found = laws_of(_rows(0.01, 0, n_seeds=2)).estimate(lambda law, _: law.data_exponent)
    assert found.high == np.inf
    assert found.value == pytest.approx(0.6, abs=0.1)


@pytest.mark.parametrize(
    ("axis", "kept", "words"), [("examples", [32, 128], "three numbers"), ("width", [4, 8], "three widths")]
)
def test_two_values_and_a_floor_fit_any_exponent(axis: str, kept: list[int], words: str) -> None:
    rows = _rows(0.01, 0)
    with pytest.raises(NotTestableError, match=words):
        laws_of(rows[rows[axis].isin(kept)])
