"""What figures share: the colour of a richness, axes, and where the name of a theory's line stands."""

import numpy as np
import pytest
from matplotlib import pyplot as plt

from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.shapes import guide
from infwidth.plotting.style import richness_colour, style


def test_a_richness_has_one_colour_in_every_figure() -> None:
    palette = plt.get_cmap("plasma")
    assert richness_colour("0") == richness_colour(0.0) == palette(0.1)
    assert richness_colour("1/2") == richness_colour(0.5) == palette(0.82)
    scale = ["-1/4", "-1/8", "0", "1/4", "1/2", "5/8", "3/4"]
    assert len({richness_colour(richness) for richness in scale}) == len(scale)
    assert richness_colour("-5") == palette(0.0)


@pytest.mark.parametrize(
    ("highest", "labels"), [(0.6, ["0.02", "0.03", "0.05", "0.1", "0.2", "0.3", "0.5"]), (10.0, ["0.1", "1", "10"])]
)
def test_log_heights_are_labelled_with_plain_numbers(highest: float, labels: list[str]) -> None:
    with style():
        figure, axes = plt.subplots()
        axes.set_ylim(0.02, highest)
        log_heights(axes)
        low, high = axes.get_ylim()
        shown = [f"{tick:g}" for tick in axes.get_yticks() if low <= tick <= high * (1 + 1e-9)]
        assert shown == labels
        assert axes.yaxis.get_major_formatter()(0.05, 0) == "0.05"
        plt.close(figure)


def test_widths_are_ticked_by_their_numbers() -> None:
    with style():
        figure, axes = plt.subplots()
        width_axis(axes, [64, 16, 16])
        assert [tick.get_text() for tick in axes.get_xticklabels()] == ["16", "64"]
        plt.close(figure)


@pytest.mark.parametrize(("exponent", "below"), [(-0.5, True), (0.5, False)])
def test_the_name_of_a_slope_does_not_lie_on_its_line(exponent: float, below: bool) -> None:
    with style():
        figure, axes = plt.subplots()
        axes.set(xscale="log", yscale="log")
        x = np.array([16.0, 64.0, 256.0])
        guide(axes, x, exponent=exponent, at=1.0, label="name")
        figure.canvas.draw()
        box = axes.texts[0].get_window_extent()
        line = axes.transData.transform(np.column_stack([x, (x / x[0]) ** exponent]))
        at = np.interp([box.x0, box.x1], *line.T)
        assert (box.y1 <= at).all() if below else (box.y0 >= at[0])
        plt.close(figure)
