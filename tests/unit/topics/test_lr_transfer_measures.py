"""Losses at the tuned rate and the largest stable rates, on curves that were made by hand."""

import math

import numpy as np
import pandas as pd
import pytest

from infwidth.analysis.table import NotTestableError, Table
from infwidth.topics.lr_transfer.measures import at_tuned_rate, growth_by_rate, stable_rates, tuned_rate

CHANCE = 2.0
#: Width → losses at the rates 1/8, 1/4, 1/2, 1; None: diverged.
CURVES: dict[int, list[float | None]] = {16: [1.0, 0.5, 0.8, 3.0], 32: [0.8, 0.25, None, 1.0]}
HOW = {"metric": "epoch_loss", "chance": CHANCE}


def _table(curves: dict[int, list[float | None]] = CURVES) -> Table:
    records = []
    for width, losses in curves.items():
        for place, loss in enumerate(losses):
            for seed in range(2):
                metric, step = ("diverged", 3) if loss is None else ("epoch_loss", 9)
                value = 3.0 if loss is None else loss * (1 + 0.01 * seed)
                records.append((width, 2.0 ** (place - 3), seed, "net", step, metric, "", -1, value))
    columns = ["width", "lr", "seed", "of", "step", "metric", "layer", "index", "value"]
    return Table(pd.DataFrame(records, columns=columns), "made")


def test_the_tuned_rate_is_the_narrowest_net_s_best() -> None:
    assert tuned_rate(_table(), **HOW) == 0.25
    found = at_tuned_rate(_table(), **HOW)
    assert set(found.lr) == {0.25}
    assert np.exp(found[found.seed == 0].set_index("width").value).to_dict() == pytest.approx({16: 0.5, 32: 0.25})


def test_a_net_that_diverged_says_nothing() -> None:
    curves = {16: [1.0, 0.5, 0.4, 3.0], 32: [0.8, 0.25, None, 1.0]}
    found = at_tuned_rate(_table(curves), **HOW)
    assert np.exp(found[found.width == 32].value).tolist() == pytest.approx([CHANCE, CHANCE])


def test_growth_is_at_rates_up_to_the_tuned_one() -> None:
    found = growth_by_rate(_table(), **HOW)
    assert set(found.width) == {32}
    means = found.groupby("lr").value.mean()
    assert means.to_dict() == pytest.approx({1 / 8: math.log(0.8), 1 / 4: math.log(0.5)})


def test_the_largest_stable_rate_comes_before_the_first_that_is_not() -> None:
    """Width 32 trains at rate 1 again, beyond 1/2 where it diverges."""
    found = stable_rates(_table(), **HOW)
    assert found.groupby("width").value.unique().map(list).to_dict() == {16: [-1.0], 32: [-2.0]}


@pytest.mark.parametrize("losses", [[1.0, 0.5, 0.8, 1.0], [3.0, 0.5, 0.8, 3.0]])
def test_a_grid_that_does_not_hold_the_limit_is_refused(losses: list[float | None]) -> None:
    with pytest.raises(NotTestableError, match="does not hold the largest stable one of width 16"):
        stable_rates(_table({16: losses}), **HOW)
