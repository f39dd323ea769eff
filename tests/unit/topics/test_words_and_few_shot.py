"""Statements on word vectors and few-shot learners, on small tables with known answers."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from infwidth.analysis.against_limit import limit_less_best_width, limit_less_narrowest, rises_with_width
from infwidth.analysis.table import NotTestableError, Table
from infwidth.topics.few_shot.measures import limit_less_best_kernel
from infwidth.topics.words.measures import separation_gained, separation_over_ntk, similarities_converge

COLUMNS = ["width", "seed", "step", "metric", "index", "value"]


def _table(records: list[tuple]) -> Table:
    frame = pd.DataFrame(records, columns=COLUMNS)
    return Table(frame.assign(of=np.where(frame.width.isna(), "limit", "net")))


def _words() -> Table:
    rng = np.random.default_rng(0)
    exact = rng.uniform(-1, 1, 50)
    records: list[tuple] = [(np.nan, -1, 3, "similarity", i, v) for i, v in enumerate(exact)]
    records += [(np.nan, -1, step, "accuracy", -1, 0.1 * step) for step in (1, 2, 3)]
    records.append((np.nan, -1, 3, "separation", -1, 0.8))
    for width in (16, 64, 256):
        for seed in range(4):
            near = exact + width**-0.5 * rng.standard_normal(50)
            records += [(width, seed, 3, "similarity", i, v) for i, v in enumerate(near)]
            records += [(width, seed, s, "accuracy", -1, 0.05 * s + 0.01 * np.log2(width)) for s in (1, 2, 3)]
    return _table(records)


def test_accuracy_rises_and_the_limit_is_above_the_narrowest() -> None:
    words = _words()
    assert rises_with_width(words, "accuracy").value == pytest.approx(0.01)
    assert limit_less_narrowest(words, "accuracy").value == pytest.approx(0.3 - 0.19)
    with pytest.raises(NotTestableError, match="two finite widths"):
        rises_with_width(words.at(width=256), "accuracy")
    with pytest.raises(NotTestableError, match="no accuracy of a limit"):
        limit_less_narrowest(words.at(width=(16, 64)), "accuracy")


def test_similarities_converge_at_their_rate() -> None:
    assert similarities_converge(_words()).value == pytest.approx(-0.5, abs=0.06)


def test_the_best_of_the_finite_widths_is_the_one_to_beat() -> None:
    """Where the second of three is the best, and its nets scatter."""
    values = {16: (0.1, 0.1), 64: (0.4, 0.6), 256: (0.3, 0.3)}
    records: list[tuple] = [(np.nan, -1, 3, "accuracy", -1, 0.55)]
    records += [(float(w), seed, 3, "accuracy", -1, v) for w, of in values.items() for seed, v in enumerate(of)]
    estimate = limit_less_best_width(_table(records), "accuracy")
    assert estimate.value == pytest.approx(0.05)
    assert estimate.low < -1.0 < 1.0 < estimate.high
    assert limit_less_narrowest(_table(records), "accuracy").value == pytest.approx(0.45)


def test_separation_is_that_of_the_widest_nets_in_both_parametrizations() -> None:
    def nets(**of_width: tuple[float, ...]) -> Table:
        records = [
            (float(name[1:]), s, 3, "separation", -1, v) for name, of in of_width.items() for s, v in enumerate(of)
        ]
        return _table([*records, (np.nan, -1, 3, "separation", -1, 0.8)])

    mup, ntk = nets(n64=(0.1, 0.2), n256=(0.5, 0.6, 0.7)), nets(n1024=(0.1, 0.3))
    estimate = separation_over_ntk(mup, ntk)
    assert (estimate.value, estimate.n) == (pytest.approx(0.4), 2)
    assert estimate.high - estimate.value == pytest.approx(
        stats.ttest_ind((0.5, 0.6, 0.7), (0.1, 0.3), equal_var=False).confidence_interval().high - 0.4
    )
    assert separation_gained(mup, width=64).value == pytest.approx(0.65)


def test_the_best_kernel_is_the_one_to_beat_seed_by_seed() -> None:
    def kernel(*values: float) -> Table:
        return _table([(np.nan, s, 2, "test_accuracy", -1, v) for s, v in enumerate(values)])

    linear = kernel(0.7, 0.8, 0.9)
    estimate = limit_less_best_kernel(linear, kernel(0.1, 0.1, 0.1), kernel(0.6, 0.7, 0.8))
    assert estimate.value == pytest.approx(0.1)
    assert estimate.high - estimate.low == pytest.approx(0.0, abs=1e-9)  # paired: the seeds share their tasks
    assert limit_less_best_kernel(linear, kernel(0.9, 0.9, 0.9)).value < 0
