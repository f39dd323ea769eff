"""Claims: a threshold makes words and interval, an interval a verdict, verdicts a ledger."""

import math
from collections.abc import Callable

import pandas as pd
import pytest

from infwidth.analysis.claims import Claim, ledger, verdict
from infwidth.analysis.expected import Expected, about, above, at_most, below, between, equals
from infwidth.analysis.quantities import (
    Estimated,
    Exactly,
    Exponent,
    Extreme,
    Mean,
    PerDoubling,
    Quantity,
    nets,
    on,
)
from infwidth.analysis.statistics import Estimate, mean_over_seeds
from infwidth.analysis.table import NotTestableError, Table, Tables
from infwidth.errors import SpecError


@pytest.mark.parametrize(
    ("expected", "low", "high", "words"),
    [
        (about(-1 / 2, within=0.15), -0.65, -0.35, "= −1/2 ± 0.15"),
        (about(0, within=1 / 3), -1 / 3, 1 / 3, "= 0 ± 1/3"),
        (about(2, within=0.1), 1.9, 2.1, "= 2 ± 0.1"),
        (about(-1, within=0.25), -1.25, -0.75, "= −1 ± 1/4"),
        (equals(-1), -1, -1, "= −1"),
        (above(0), math.ulp(0.0), math.inf, "> 0"),
        (below(0), -math.inf, -math.ulp(0.0), "< 0"),
        (above(1e-3), math.nextafter(1e-3, 1), math.inf, "> 0.001"),
        (at_most(1e-12), -math.inf, 1e-12, "≤ 1e−12"),
        (between(1.8, 2.5), 1.8, 2.5, "in [1.8, 2.5]"),
        (between(0.98, 1), 0.98, 1, "in [0.98, 1]"),
    ],
)
def test_a_threshold_makes_words_and_interval(expected: Expected, low: float, high: float, words: str) -> None:
    assert (expected.low, expected.high, expected.words) == (pytest.approx(low), pytest.approx(high), words)


@pytest.mark.parametrize(
    ("estimate", "outcome"),
    [
        (Estimate(0.5, 0.1, 0.9, 5), "reproduced"),
        (Estimate(0.5, -0.1, 1.1, 5), "inconclusive"),
        (Estimate(-0.5, -0.9, -0.1, 5), "not reproduced"),
        (Estimate(0.0, 0.0, 0.0, 5), "not reproduced"),
        (Estimate(math.nan, -math.inf, math.inf, 0), "inconclusive"),
    ],
)
def test_verdict(estimate: Estimate, outcome: str) -> None:
    assert verdict(estimate, above(0)) == outcome
    assert verdict(Estimate(-estimate.value, -estimate.high, -estimate.low, estimate.n), below(0)) == outcome


def test_ends_of_an_interval_are_in_it() -> None:
    assert verdict(Estimate(0.2, 0.1, 0.3, 5), about(0.2, within=0.1)) == "reproduced"
    assert verdict(Estimate(0, 0, 0, 1), equals(0)) == "reproduced"


@pytest.fixture
def tables() -> dict[str, Table]:
    """Nets of widths 4, 16 and 64 whose loss is (2 + seed/10)/width at step 9, and 1 at step 0."""
    rows = [
        (width, seed, "net", step, "loss", "", -1, value)
        for width in (4, 16, 64)
        for seed in (0, 1, 2)
        for step, value in ((0, 1.0), (9, (2 + seed / 10) / width))
    ]
    columns = ["width", "seed", "of", "step", "metric", "layer", "index", "value"]
    return {"runs": Table(pd.DataFrame(rows, columns=columns), "runs")}


@pytest.mark.parametrize(
    ("quantity", "words", "value", "n"),
    [
        (Exponent("the loss", nets("runs", "loss", at_end=True)), "exponent in the width of the loss", -1.0, 3),
        (
            PerDoubling("the loss", nets("runs", "loss", step=9, width=(4, 64))),
            "change of the loss per doubling of the width",
            2.1 * (1 / 64 - 1 / 4) / 4,
            3,
        ),
        (Mean("final loss", nets("runs", "loss", width=min, at_end=True)), "final loss", 2.1 / 4, 3),
        (Extreme("largest loss", nets("runs", "loss", step=9)), "largest loss", 2.2 / 4, 3),
        (Extreme("least loss", nets("runs", "loss", step=9), which=min), "least loss", 2 / 64, 3),
        (Exactly("rows", on("runs", lambda table: len(table.frame))), "rows", 18, 1),
        (Estimated("loss", on("runs", lambda t: mean_over_seeds(t.nets("loss").value))), "loss", None, 18),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Quantity) else "",
)
def test_quantities_measure_what_their_words_say(
    tables: Tables, quantity: Quantity, words: str, value: float | None, n: int
) -> None:
    estimate = quantity.measure(tables)
    assert quantity.words == words
    assert estimate.n == n
    assert value is None or estimate.value == pytest.approx(value, rel=1e-12)


def test_a_slope_needs_two_places(tables: Tables) -> None:
    with pytest.raises(NotTestableError, match="two or more values of width, there are 1"):
        Exponent("the loss", nets("runs", "loss", width=4, at_end=True)).measure(tables)


def _claim(name: str, measure: Callable[[Tables], Estimate], note: str = "") -> Claim:
    return Claim(name, "fig", says=f"{name} holds.", measured=Estimated(name, measure), expected=above(0), note=note)


def test_ledger_says_what_cannot_be_tested() -> None:
    def refuse(_: object) -> Estimate:
        raise NotTestableError("One width only.")

    claims = [_claim("a", lambda tables: Estimate(1, 0.5, 1.5, 3)), _claim("b", refuse, "B is hard.")]
    rows = ledger("paper", claims, {})
    assert rows.verdict.tolist() == ["reproduced", "not testable at this scale"]
    assert rows.note.tolist() == ["", "B is hard. One width only."]
    assert rows.expected.tolist() == ["a > 0", "b > 0"]


def test_ledger_says_what_was_not_run() -> None:
    claim = _claim("a", on("runs", lambda table: mean_over_seeds(table.nets("loss").value)))
    (outcome,), (note,) = (ledger("paper", [claim], {})[column] for column in ("verdict", "note"))
    assert outcome == "not testable at this scale"
    assert note == "Experiment 'runs' was not run."


def test_a_name_belongs_to_one_claim() -> None:
    with pytest.raises(SpecError, match=r"claims of paper: .* several a"):
        ledger("paper", [_claim("a", lambda tables: Estimate(1, 1, 1, 1))] * 2, {})


@pytest.mark.parametrize(
    ("of_control", "outcome", "words"),
    [
        (Estimate(-1.0, -1.2, -0.8, 4), "reproduced", ""),
        (Estimate(-0.4, -0.9, 0.1, 4), "inconclusive", "does not leave the interval, −0.4 (−0.9 … 0.1)"),
        (None, "inconclusive", "There is no control: Experiment 'moving' was not run."),
    ],
)
def test_what_stays_needs_a_control_that_moves(of_control: Estimate | None, outcome: str, words: str) -> None:
    def stays(value: Estimate, control: Estimate | None) -> Claim:
        control_of = Estimated("a control", lambda tables: control or tables["moving"])  # type: ignore[return-value]
        return Claim(
            "stays", "fig", "It stays.", Estimated("it", lambda _: value), about(0, within=1 / 3), "", control_of
        )

    row = ledger("paper", [stays(Estimate(0.1, 0.0, 0.2, 4), of_control)], {}).iloc[0]
    assert row.verdict == outcome
    assert words in row.note
    assert pd.isna(row.seeds_to_decide)  # it is the control that needs them
    assert row.undecided_by == ("control" if words else "")
    moved = ledger("paper", [stays(Estimate(1.0, 0.8, 1.2, 4), of_control)], {}).iloc[0]
    assert moved.verdict == "not reproduced"


@pytest.mark.parametrize(
    ("estimate", "by", "has_seeds"),
    [
        (Estimate(0.1, -0.1, 0.3, 4), "seeds", True),
        (Estimate(0.1, -math.inf, math.inf, 2), "scatter", False),
        (Estimate(math.nan, -math.inf, math.inf, 4), "value", False),
        (Estimate(1e-9, -0.2, 0.2, 4), "threshold", False),
        (Estimate(0.3, 0.1, 0.5, 4), "", False),
        (Estimate(-0.3, -0.5, -0.1, 4), "", False),
    ],
)
def test_what_leaves_a_claim_open_is_said(estimate: Estimate, by: str, has_seeds: bool) -> None:
    row = ledger("paper", [_claim("a", lambda tables: estimate)], {}).iloc[0]
    assert row.undecided_by == by
    assert pd.notna(row.seeds_to_decide) == has_seeds


@pytest.mark.parametrize("which", [max, min])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_an_extreme_of_what_has_a_missing_number_is_none(which: Callable[[pd.Series], float], place: int) -> None:
    """Python's own max and min say something else in every order."""
    values = [1.0, 2.0]
    values.insert(place, math.nan)
    rows = pd.DataFrame({"seed": [0, 1, 2], "value": values})
    assert math.isnan(Extreme("largest loss", lambda tables: rows, which).measure({}).value)


def test_an_extreme_of_no_nets_is_not_testable(tables: Tables) -> None:
    nothing = Extreme("largest loss", lambda tables: tables["runs"].nets("loss").query("value > 1e9"))
    with pytest.raises(NotTestableError, match="No net is left"):
        nothing.measure(tables)
