"""Legends below all panels."""

import pytest
from matplotlib import pyplot as plt

from infwidth.plotting import legends


@pytest.mark.parametrize(
    ("handles", "most", "columns"), [(3, None, 3), (7, None, 7), (8, None, 4), (7, 6, 4), (7, 3, 3)]
)
def test_rows_of_a_legend_are_as_few_as_columns_allow_and_full(handles: int, most: int | None, columns: int) -> None:
    figure = plt.figure()
    legends.below(figure, [legends.line(str(i)) for i in range(handles)], ncols=most)
    figure.canvas.draw()
    places = {text.get_window_extent().x0 for text in figure.legends[0].get_texts()}
    assert len(places) == columns
    plt.close(figure)
