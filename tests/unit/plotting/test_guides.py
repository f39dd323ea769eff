"""Theory's slopes run through the middle of the data, and what is measured is printed with its interval."""

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from infwidth.plotting.guides import power_law, slope_text
from infwidth.plotting.style import style


def law(exponent: float, widths: tuple[int, ...] = (16, 64, 256)) -> pd.DataFrame:
    nets = [(width, seed, (1 + 0.01 * seed) * width**exponent) for width in widths for seed in range(3)]
    return pd.DataFrame(nets, columns=["width", "seed", "value"])


@pytest.mark.parametrize("slope", [-1.0, -0.5, 0.5])
def test_a_guide_has_the_slope_and_crosses_the_data_in_their_middle(slope: float) -> None:
    with style():
        figure, axes = plt.subplots()
        power_law(axes, law(-0.5), slope=slope, label="name")
        x, y = np.log(axes.lines[0].get_xydata()).T
        means = np.log(law(-0.5).groupby("width").value.mean())
        assert np.allclose(np.diff(y) / np.diff(x), slope)
        assert np.isclose(y.mean(), means.mean())
        plt.close(figure)


def test_the_slope_is_printed_where_three_widths_can_have_one() -> None:
    # Of an exact law rounding alone makes an interval: on some processors it has none.
    assert slope_text(law(-0.5)).removesuffix(" ± 0.00") == "slope −0.50"
    assert slope_text(law(-0.5, (16, 64))) == ""
