"""The noise floor of a claim: its interval holds what rounding does, and a verdict that rounding turns is none."""

import math

import numpy as np
import pandas as pd
import pytest
import torch

from builders import changed, train
from infwidth.analysis.claims import Claim, ledger, with_twin
from infwidth.analysis.expected import Expected, about, above, below
from infwidth.analysis.quantities import Extreme, Mean, nets
from infwidth.analysis.statistics import Estimate, mean_over_seeds
from infwidth.analysis.table import Table
from infwidth.data.images import Images
from infwidth.results.tables import gather
from infwidth.training.trainer import Trainer

SEEDS = range(8)
_SPREAD = np.linspace(-1, 1, len(SEEDS))


def _frame(at: float, *, half: float) -> pd.DataFrame:
    """Return nets, a seed each, whose mean is ``at`` and has an interval of that half width."""
    spread = _SPREAD * half / (mean_over_seeds(_SPREAD).high)
    return pd.DataFrame(
        {"cell": "a", "lr": 0.1, "seed": SEEDS, "of": "net", "step": 9, "metric": "gap", "value": at + spread}
    )


def _table(*ats: float, half: float = 1.0, name: str = "runs") -> Table:
    """Return a table of nets and, if there is a second value, their twins."""
    parts = [_frame(at, half=half).assign(perturbation=p) for at, p in zip(ats, (math.nan, 1e-7), strict=False)]
    frame = pd.concat(parts, ignore_index=True)
    return Table(frame if len(ats) > 1 else frame.drop(columns="perturbation"), name)


def _judged(table: Table, expected: Expected) -> "pd.Series[object]":
    claim = Claim("gap", "fig", "A gap is there.", Mean("the gap", nets("runs", "gap")), expected, note="A note.")
    return ledger("paper", [claim], {"runs": table}).iloc[0]


def test_a_table_hides_twins_and_gives_them_in_place_of_the_nets() -> None:
    table = _table(2.0, 3.0)
    twin = table.twin()
    assert twin is not None
    assert list(table.frame) == list(twin.frame) == list(_frame(0, half=1))
    assert (table.nets("gap").value.mean(), twin.nets("gap").value.mean()) == (pytest.approx(2), pytest.approx(3))
    assert table.seeds() == twin.seeds() == list(SEEDS)
    assert len(table.at_end(of_each=True).nets("gap")) == len(SEEDS)
    assert _table(2.0).twin() is None
    assert table.at(seed=(0, 1)).twin() is None


def test_twins_that_agree_widen_the_interval_and_leave_the_verdict() -> None:
    row = _judged(_table(3.0, 3.5), above(0))
    assert row.verdict == "reproduced"
    assert (row.measured, row.twin) == (pytest.approx(3.0), pytest.approx(3.5))
    assert (row.ci_low, row.ci_high) == (pytest.approx(2.0), pytest.approx(4.5))
    assert row.note == "A note."


@pytest.mark.parametrize(
    ("at", "twin", "expected", "turn"),
    [
        (1.5, 0.5, above(0), "reproduced → inconclusive"),
        (0.5, 1.5, above(0), None),  # cannot be told already
        (1.5, -1.5, above(0), "reproduced → not reproduced"),
        (-1.5, 0.5, above(0), "not reproduced → inconclusive"),
        (4.0, -4.0, about(0, within=0.5), "not reproduced → not reproduced"),  # on the other side
        (-1.5, -0.5, below(0), "reproduced → inconclusive"),
    ],
)
def test_what_rounding_turns_is_inconclusive(at: float, twin: float, expected: Expected, turn: str | None) -> None:
    row = _judged(_table(at, twin), expected)
    assert row.verdict == "inconclusive"
    assert row.note == ("A note." if turn is None else f"A note. Rounding alone turns this verdict: {turn}.")


def test_without_twins_nothing_is_said() -> None:
    row = _judged(_table(3.0), above(0))
    assert row.verdict == "reproduced"
    assert math.isnan(row.twin)
    assert (row.ci_low, row.ci_high) == (pytest.approx(2.0), pytest.approx(4.0))


def test_twins_without_a_value_could_be_anywhere() -> None:
    frame = pd.concat([_frame(3.0, half=1), _frame(3.0, half=1).assign(perturbation=1e-7, metric="diverged")])
    row = _judged(Table(frame, "runs"), above(0))
    assert row.verdict == "inconclusive"
    assert math.isnan(row.twin)
    assert "reproduced → inconclusive" in row.note


def test_a_table_without_twins_stands_for_itself_beside_one_that_has_them() -> None:
    def gap(tables: dict[str, Table]) -> pd.DataFrame:
        runs, limit = (tables[name].nets("gap") for name in ("runs", "limit"))
        return runs.assign(value=runs.value.to_numpy() - limit.value.to_numpy())

    claim = Claim("gap", "fig", "A gap is there.", Mean("the gap", gap), above(0))
    tables = {"runs": _table(5.0, 6.0), "limit": _table(2.0, name="limit"), "unread": _table(0.0, 9.0)}
    row = ledger("paper", [claim], tables).iloc[0]
    assert (row.measured, row.twin) == (pytest.approx(3), pytest.approx(4))
    assert row.tables == "limit runs"


@pytest.mark.parametrize(("between_seeds", "rounding"), [(1.0, 0.0), (1.0, 0.3), (1.0, 3.0), (0.0, 1.0)])
def test_the_hull_holds_the_truth_as_often_as_it_says(between_seeds: float, rounding: float) -> None:
    """Seeds differ, and rounding changes each anew: the docstring's 95 % to 99.9 %, and the size of the difference."""
    rng = np.random.default_rng(0)
    seeds = between_seeds * rng.standard_normal((4000, 8))
    one, other = (seeds + rounding * rng.standard_normal(seeds.shape) for _ in range(2))
    pairs = [(mean_over_seeds(a), mean_over_seeds(b)) for a, b in zip(one, other, strict=True)]

    def covered(estimates: list[Estimate]) -> float:
        return float(np.mean([e.low <= 0 <= e.high for e in estimates]))

    alone, hull = covered([a for a, _ in pairs]), covered([with_twin(a, b) for a, b in pairs])
    assert alone == pytest.approx(0.95, abs=0.012)
    assert hull >= alone
    if not rounding:
        assert hull == alone
    if not between_seeds:
        assert hull == pytest.approx(1 - 2 * 0.025**2, abs=0.002)
    differences = np.array([b.value - a.value for a, b in pairs])
    assert differences.std() == pytest.approx(math.sqrt(2) * rounding / math.sqrt(8), rel=0.05)


def test_a_training_that_amplifies_rounding_decides_nothing_by_luck() -> None:
    """At a rate far above what is stable rounding grows to the size of the loss; a smooth training keeps its digits.

    A threshold between the loss of a net and that of its twin is passed by the one and not by the other.
    """
    rng = torch.Generator().manual_seed(0)
    x, y = torch.randn(60, 1, 8, 8, generator=rng), torch.randint(3, (60,), generator=rng)
    data = Images(x[:45], y[:45], x[45:], y[45:], 3, "noise", "0" * 64)

    def runs(lr: float) -> Table:
        said = {"model": {"activation": "tanh"}, "optimizer": {"lr": [lr]}}
        documents = [changed(training={"steps": 120, "perturbation": p}, **said) for p in (0.0, 1e-7)]
        rows = [Trainer(train(document), data, device=torch.device("cpu")).run() for document in documents]
        return Table(gather(dict(zip("ab", rows, strict=True)), {"a": {}, "b": {"perturbation": 1e-7}}), "runs")

    loss = Extreme("loss of seed 0", lambda tables: tables["runs"].at_end().at(seed=0).nets("test_loss"))
    changes, verdicts = {}, {}
    for lr in (0.3, 20.0):
        tables = {"runs": runs(lr)}
        twin = tables["runs"].twin()
        assert twin is not None
        here, there = loss.measure(tables).value, loss.measure({"runs": twin}).value
        changes[lr] = abs(there / here - 1)
        threshold = (here + there) / 2 if changes[lr] > 1e-4 else 1.001 * here
        row = ledger("paper", [Claim("loss", "fig", "A loss is low.", loss, below(threshold))], tables).iloc[0]
        verdicts[lr] = row.verdict
    assert changes[0.3] < 1e-4
    assert changes[20.0] > 1e-2
    assert verdicts == {0.3: "reproduced", 20.0: "inconclusive"}
