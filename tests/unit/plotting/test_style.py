"""What a colour means: the same in every figure, to be told apart from paper and from the limit's black."""

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from infwidth.plotting.style import LAZY, RICH, depth_colours, richness_colour, width_colours

WIDTHS = [2**k for k in range(3, 13)]


def luminance(colour: tuple[float, float, float]) -> float:
    """Return the relative luminance of WCAG 2."""
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


def test_a_width_has_one_colour_whatever_the_other_widths_are() -> None:
    alone, together = width_colours([64]), width_colours(WIDTHS)
    assert alone[64] == together[64]
    assert width_colours([1024.0, 64.0]) == {64: together[64], 1024: together[1024]}


def test_widths_are_told_apart_from_paper_and_from_the_limit() -> None:
    for colour in width_colours(WIDTHS).values():
        assert 1.05 / (luminance(colour) + 0.05) > 1.95
        assert (luminance(colour) + 0.05) / 0.05 > 2.3


@pytest.mark.parametrize("palette", [width_colours, depth_colours])
def test_neighbours_are_told_apart(palette: object) -> None:
    colours = [np.array(colour) for colour in palette(WIDTHS if palette is width_colours else [2, 4, 8, 16]).values()]
    assert all(np.abs(a - b).max() > 0.07 for a, b in pairwise(colours))


def test_a_richness_has_one_colour_in_every_figure() -> None:
    assert richness_colour("0") == richness_colour(0.0) == pytest.approx(to_rgb(LAZY), abs=0.01)
    assert richness_colour("1/2") == richness_colour(0.5) == pytest.approx(to_rgb(RICH), abs=0.01)
    scale = ["-1/4", "-1/8", "0", "1/4", "1/2", "5/8", "3/4"]
    assert len({richness_colour(richness) for richness in scale}) == len(scale)
    assert richness_colour("-5") == richness_colour("-1/4")
