"""Numbers for print."""

import pytest

from infwidth.report.numbers import interval, minutes, number


@pytest.mark.parametrize(
    ("value", "text"), [(0.5, "0.5"), (-2.0, "−2"), (1e5, "1·10⁵"), (float("-inf"), "−∞"), (float("nan"), "—")]
)
def test_three_digits_and_true_signs(value: float, text: str) -> None:
    assert number(value) == text


def test_intervals() -> None:
    assert interval(-1 / 3, 1 / 3) == "−0.333 … 0.333"


@pytest.mark.parametrize(("value", "text"), [(None, "—"), (float("nan"), "—"), (0.001, "< 0.01"), (1.5, "1.50")])
def test_minutes(value: float | None, text: str) -> None:
    assert minutes(value) == text
