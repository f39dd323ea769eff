"""Claims: what a paper says, with a threshold fixed beforehand, and what our tables say to it."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from infwidth.analysis.expected import Expected
from infwidth.analysis.quantities import Quantity
from infwidth.analysis.statistics import Estimate
from infwidth.analysis.table import NotTestableError, Table, Tables
from infwidth.errors import SpecError

#: Columns of ``claims.csv``.
COLUMNS = (
    "paper",
    "figure",
    "claim",
    "statement",
    "expected",
    "measured",
    "ci_low",
    "ci_high",
    "n",
    "verdict",
    "note",
)


@dataclass(frozen=True)
class Claim:
    """One claim of one figure.

    Attributes:
        name: short and unique within the paper.
        figure: the figure it belongs to.
        says: what the paper says, as a sentence that makes sense alone among hundreds of others.
        measured: the one statistic, stated before running.
        expected: where its interval must lie, from the paper or from theory, fixed before running.
        note: what a reader must know to judge the verdict.
    """

    name: str
    figure: str
    says: str
    measured: Quantity
    expected: Expected
    note: str = ""


def verdict(estimate: Estimate, expected: Expected) -> str:
    """Return the verdict on an estimate: its whole interval inside what is expected, wholly outside, or neither."""
    if math.isnan(estimate.value):
        return "inconclusive"
    if expected.low <= estimate.low and estimate.high <= expected.high:
        return "reproduced"
    if estimate.high < expected.low or estimate.low > expected.high:
        return "not reproduced"
    return "inconclusive"


class _Run(dict[str, Table]):
    """The tables that there are; asking for another one makes a claim untestable, not the ledger impossible."""

    def __missing__(self, name: str) -> Table:
        raise NotTestableError(f"Experiment '{name}' was not run.")


def ledger(paper: str, claims: Sequence[Claim], tables: Tables, figures: Collection[str] | None = None) -> pd.DataFrame:
    """Return the rows of ``claims.csv`` of one paper; claims of other figures than ``figures`` (all) were not run.

    Raises SpecError for a name that two of its claims have.
    """
    names = [claim.name for claim in claims]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise SpecError(f"claims of {paper}: each needs a name of its own, but there are several {', '.join(twice)}")
    records = [(paper, *_judged(claim, tables, figures is None or claim.figure in figures)) for claim in claims]
    return pd.DataFrame(records, columns=list(COLUMNS))


def _judged(claim: Claim, tables: Tables, was_run: bool) -> tuple[Any, ...]:
    estimate, outcome, note = Estimate(math.nan, math.nan, math.nan, 0), "not run", claim.note
    if was_run:
        try:
            estimate = claim.measured.measure(_Run(tables))
            outcome = verdict(estimate, claim.expected)
        except NotTestableError as reason:
            outcome, note = "not testable at this scale", f"{claim.note} {reason}".strip()
    expected = f"{claim.measured.words} {claim.expected.words}"
    measured = estimate.value, estimate.low, estimate.high, estimate.n
    return claim.figure, claim.name, claim.says, expected, *measured, outcome, note
