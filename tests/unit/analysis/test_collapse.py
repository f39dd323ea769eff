"""Curves that collapse in a scaled variable have a score near zero, others near or above one."""

import numpy as np
import pandas as pd
import pytest

from infwidth.analysis.collapse import collapse
from infwidth.analysis.table import NotTestableError


def _curves(power: float, noise: float = 0.0) -> pd.DataFrame:
    """Return values that are one function of x · width^power."""
    rng, rows = np.random.default_rng(0), []
    for width in (16, 64, 256):
        for raw in 10.0 ** np.arange(-3, 3):
            for seed in range(4):
                at = raw * width**power
                value = 1 / (1 + at) * np.exp(noise * rng.standard_normal())
                rows.append({"width": width, "alpha": raw, "scaled": raw * width**0.5, "seed": seed, "value": value})
    return pd.DataFrame(rows)


def test_curves_of_the_scaled_variable_collapse() -> None:
    found = collapse(_curves(0.5, noise=0.01), scaled="scaled", raw="alpha")
    assert 0 < found.high < 0.15
    assert found.low < found.value < found.high


@pytest.mark.parametrize("power", [0.0, -0.5])
def test_others_do_not(power: float) -> None:
    assert collapse(_curves(power, noise=0.01), scaled="scaled", raw="alpha").low > 1


def test_curves_without_a_common_range_are_refused() -> None:
    rows = _curves(0.5)
    apart = rows[(rows.width == 16) == (rows.alpha < 0.1)]
    with pytest.raises(NotTestableError, match="common range"):
        collapse(apart, scaled="scaled", raw="alpha")


def test_curves_that_are_one_already_are_refused() -> None:
    with pytest.raises(NotTestableError, match="one against alpha already"):
        collapse(_curves(0.5).assign(value=2.0), scaled="scaled", raw="alpha")
