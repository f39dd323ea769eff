"""What is drawn of several seeds is what the claims compute: mean and Student's interval, never a bootstrap."""

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from scipy import stats

from infwidth.plotting.lines import curve, curves, points
from infwidth.plotting.style import style, width_colours


@pytest.fixture
def rows() -> pd.DataFrame:
    draw = np.random.default_rng(5)
    nets = [(width, seed, step) for width in (16, 64) for seed in range(5) for step in (1, 10, 100)]
    frame = pd.DataFrame(nets, columns=["width", "seed", "step"])
    return frame.assign(value=np.exp(draw.normal(size=len(frame))))


@pytest.fixture
def axes() -> Axes:
    with style():
        figure, drawn = plt.subplots()
        yield drawn
        plt.close(figure)


def expected(rows: pd.DataFrame, by: str) -> np.ndarray:
    """Return mean, low and high [3, steps] with scipy's own t interval."""
    groups = [group.value.to_numpy() for _, group in rows.groupby(by)]
    return np.array([(x.mean(), *stats.t.interval(0.95, len(x) - 1, x.mean(), stats.sem(x))) for x in groups]).T


def test_a_curve_is_the_mean_and_its_band_students_interval(axes: Axes, rows: pd.DataFrame) -> None:
    axes.set_xscale("log")
    of_width = rows[rows.width == 16]
    curve(axes, of_width, color="red")
    mean, low, high = expected(of_width, "step")
    assert np.allclose(axes.lines[0].get_ydata(), mean)
    corners = axes.collections[0].get_paths()[0].vertices
    assert np.isclose(corners[:, 1].min(), low.min())
    assert np.isclose(corners[:, 1].max(), high.max())


def test_every_width_has_a_curve_in_its_colour(axes: Axes, rows: pd.DataFrame) -> None:
    curves(axes, rows)
    colours = [line.get_color() for line in axes.lines if len(line.get_xdata())]
    assert colours == list(width_colours([16, 64]).values())


def test_bars_are_students_interval(axes: Axes, rows: pd.DataFrame) -> None:
    points(axes, rows[rows.step == 1])
    _, low, high = expected(rows[rows.step == 1], "width")
    bars = np.array([segment[:, 1] for segment in axes.containers[0].lines[2][0].get_segments()])
    assert np.allclose(bars, np.stack([low, high], axis=1))


def test_one_seed_has_a_line_and_no_band(axes: Axes, rows: pd.DataFrame) -> None:
    curve(axes, rows[(rows.width == 16) & (rows.seed == 0)])
    assert np.isfinite(axes.lines[0].get_ydata()).all()
    assert not any(np.isfinite(path.vertices).all() for c in axes.collections for path in c.get_paths())


def test_a_logarithmic_height_is_refused_because_logarithms_would_be_averaged(axes: Axes, rows: pd.DataFrame) -> None:
    axes.set_yscale("log")
    with pytest.raises(ValueError, match="linear vertical axis"):
        curves(axes, rows)
