"""Claims: what a paper says, with a threshold fixed beforehand, and what our tables say to it."""

import math
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from infwidth.analysis.statistics import Estimate
from infwidth.analysis.table import NotTestableError as NotTestableError
from infwidth.analysis.table import Tables as Tables

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

#: Intervals of claims that are no more than a sign. Intervals hold their ends, and no difference at all is no sign.
ABOVE_ZERO = (math.ulp(0.0), math.inf)
BELOW_ZERO = (-math.inf, -math.ulp(0.0))


@dataclass(frozen=True)
class Claim:
    """One claim of one figure.

    Attributes:
        figure: the figure it belongs to.
        name: short and unique within the paper.
        statement: what the paper says, as a sentence.
        expected: the relation that is tested, in words.
        accept: the interval, its ends included, in which the measured value must lie, from the paper or from theory,
            fixed before running.
        measure: tables → the one pre-stated statistic with its interval.
        note: what a reader must know to judge the verdict.
    """

    figure: str
    name: str
    statement: str
    expected: str
    accept: tuple[float, float]
    measure: Callable[[Tables], Estimate]
    note: str = ""


def verdict(estimate: Estimate, accept: tuple[float, float]) -> str:
    """Return the verdict on an estimate: its whole interval inside ``accept``, wholly outside, or neither."""
    low, high = accept
    if math.isnan(estimate.value):
        return "inconclusive"
    if low <= estimate.low and estimate.high <= high:
        return "reproduced"
    if estimate.high < low or estimate.low > high:
        return "not reproduced"
    return "inconclusive"


class _Run(dict[str, Any]):
    """The tables that there are; asking for another one makes a claim untestable, not the ledger impossible."""

    def __missing__(self, name: str) -> Any:
        raise NotTestableError(f"Experiment '{name}' was not run.")


def ledger(paper: str, claims: Iterable[Claim], tables: Tables, figures: Collection[str] | None = None) -> pd.DataFrame:
    """Return the rows of ``claims.csv`` of one paper; claims of other figures than ``figures`` (all) were not run."""
    records = []
    for claim in claims:
        estimate, note = Estimate(math.nan, math.nan, math.nan, 0), claim.note
        if figures is not None and claim.figure not in figures:
            outcome = "not run"
        else:
            try:
                estimate = claim.measure(_Run(tables))
                outcome = verdict(estimate, claim.accept)
            except NotTestableError as reason:
                outcome, note = "not testable at this scale", f"{claim.note} {reason}".strip()
        records.append(
            (
                paper,
                claim.figure,
                claim.name,
                claim.statement,
                claim.expected,
                estimate.value,
                estimate.low,
                estimate.high,
                estimate.n,
                outcome,
                note,
            )
        )
    return pd.DataFrame(records, columns=list(COLUMNS))
