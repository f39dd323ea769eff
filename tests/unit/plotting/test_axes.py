"""Axes: widths and plain numbers as ticks."""

import pytest
from matplotlib import pyplot as plt

from infwidth.plotting.axes import log_heights, width_axis
from infwidth.plotting.style import style


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
        written = axes.yaxis.get_major_formatter()
        assert [written(value, 0) for value in (0.05, 200, 1e-5, 2e-5)] == ["0.05", "200", "$10^{-5}$", "$2·10^{-5}$"]
        plt.close(figure)


def test_widths_are_ticked_by_their_numbers() -> None:
    with style():
        figure, axes = plt.subplots()
        width_axis(axes, [64, 16, 16])
        assert [tick.get_text() for tick in axes.get_xticklabels()] == ["16", "64"]
        plt.close(figure)
