"""Numbers as people write them."""

import math

from infwidth.analysis.statistics import Estimate
from infwidth.plotting.text import fraction, number, with_interval


def test_a_number_that_rounds_to_zero_has_no_minus() -> None:
    assert number(-0.003) == "0.00"
    assert number(-0.01) == "−0.01"
    assert number(-12.4, 0) == "−12"
    assert fraction(-0.5) == fraction("-1/2") == "−1/2"


def test_an_interval_is_written_only_where_there_is_one() -> None:
    assert with_interval(Estimate(-0.5, -0.6, -0.4, 4)) == "−0.50 ± 0.10"
    assert with_interval(Estimate(-0.5, -math.inf, math.inf, 1)) == "−0.50"
