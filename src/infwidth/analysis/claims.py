"""Claims: what a paper says, with a threshold fixed beforehand, and what our tables say to it."""

import hashlib
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from infwidth.analysis.expected import Expected, spoken
from infwidth.analysis.power import seeds_to_decide
from infwidth.analysis.quantities import Quantity
from infwidth.analysis.statistics import Estimate
from infwidth.analysis.table import NotTestableError, Table, Tables
from infwidth.errors import SpecError

#: Columns of the ledger of one paper.
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
    "twin",
    "verdict",
    "undecided_by",
    "seeds_to_decide",
    "tables",
    "cells",
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
        control: of a claim that something stays where it is: the same statistic where theory has it move. Only if that
            lies wholly outside of what is expected is the claim reproduced.
    """

    name: str
    figure: str
    says: str
    measured: Quantity
    expected: Expected
    note: str = ""
    control: Quantity | None = None


def verdict(estimate: Estimate, expected: Expected) -> str:
    """Return the verdict on an estimate: its whole interval inside what is expected, wholly outside, or neither."""
    if math.isnan(estimate.value):
        return "inconclusive"
    if expected.low <= estimate.low and estimate.high <= expected.high:
        return "reproduced"
    if estimate.high < expected.low or estimate.low > expected.high:
        return "not reproduced"
    return "inconclusive"


def with_twin(estimate: Estimate, twin: Estimate) -> Estimate:
    """Return an estimate whose interval also holds that of the same statistic on the rounding twins: their hull.

    Rounding draws a change anew for every seed, so that the scatter over seeds holds it already and each of the two
    intervals has its 95 % alone, whatever the size of rounding; the twin's mean differs by about √2 σ/√S, σ the
    change of one seed and S the seeds. The hull is never narrower than either: it holds the truth in 95 % of cases
    (no rounding, both the same) to 99.9 % (nothing but rounding, two independent samples). What it adds is that a
    verdict on it stands for both: the hull lies inside of what is expected, or on one side of it, only if each
    interval does. Statistics that are no means over seeds (one net, an ensemble, the worst net) have the variation
    from it alone: for them it is no interval of 95 %, but that of two draws.
    """
    return Estimate(estimate.value, min(estimate.low, twin.low), max(estimate.high, twin.high), estimate.n)


class _Run(dict[str, Table]):
    """The tables that there are, and which of them were asked for.

    Asking for another one makes a claim untestable, not the ledger impossible.
    """

    def __init__(self, tables: Tables) -> None:
        super().__init__(tables)
        self.read: dict[str, Table] = {}

    def __getitem__(self, name: str) -> Table:
        if name not in self:
            raise NotTestableError(f"Experiment '{name}' was not run.")
        return self.read.setdefault(name, super().__getitem__(name))


def ledger(paper: str, claims: Sequence[Claim], tables: Tables, figures: Collection[str] | None = None) -> pd.DataFrame:
    """Return the ledger of one paper, a row a claim; claims of other figures than ``figures`` (all) were not run.

    ``twin`` is the value that is measured where nets are replaced by their rounding twins (missing: there are none),
    and the interval holds theirs (:func:`with_twin`). ``undecided_by``: what leaves a claim inconclusive, one of
    ``UNDECIDED_BY`` (of others empty), and ``seeds_to_decide`` how many seeds would decide it where it is they (see
    :mod:`infwidth.analysis.power`). ``tables`` are those that it was measured on, and ``cells`` is a digest of the
    cells in them: claims of the same words on the same cells are one.

    Raises SpecError for a name that two of its claims have.
    """
    names = [claim.name for claim in claims]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise SpecError(f"claims of {paper}: each needs a name of its own, but there are several {', '.join(twice)}")
    records = [(paper, *_judged(claim, tables, figures is None or claim.figure in figures)) for claim in claims]
    return pd.DataFrame(records, columns=list(COLUMNS)).astype({"seeds_to_decide": "Int64"})


def _judged(claim: Claim, tables: Tables, was_run: bool) -> tuple[Any, ...]:
    single, outcome, notes = _NOTHING, "not run", [claim.note]
    estimate, twin, run, by = single, math.nan, _Run(tables), ""
    if was_run:
        try:
            estimate = single = claim.measured.measure(run)
            outcome = verdict(single, claim.expected)
            if (again := _on_twins(claim, run)) is not None:
                estimate, twin = with_twin(single, again), again.value
                first, outcome = outcome, verdict(estimate, claim.expected)
                if outcome != first:
                    notes.append(f"Rounding alone turns this verdict: {first} → {verdict(again, claim.expected)}.")
            if outcome == "reproduced" and (why := _control_stays(claim, run)):
                outcome, by = "inconclusive", "control"
                notes.append(why)
        except NotTestableError as reason:
            outcome = "not testable at this scale"
            notes.append(str(reason))
    if outcome == "inconclusive":
        by = by or _undecided_by(single, claim.expected)
    seeds = seeds_to_decide(single, claim.expected) if by == "seeds" else None
    expected = f"{claim.measured.words} {claim.expected.words}"
    measured = estimate.value, estimate.low, estimate.high, estimate.n, twin
    read = " ".join(sorted(table.name for table in run.read.values()))
    note = " ".join(filter(None, notes))
    return claim.figure, claim.name, claim.says, expected, *measured, outcome, by, seeds, read, _cells(run), note


#: What leaves a claim undecided: its seeds are too few; their scatter is not known (an interval without an end); a
#: number is missing; only the rounding twins, not the nets, say so; the value is as expected, and so is its control;
#: the value is so near the threshold that no number of seeds would do.
UNDECIDED_BY = ("seeds", "scatter", "value", "rounding", "control", "threshold")

_NOTHING = Estimate(math.nan, math.nan, math.nan, 0)


def _control_stays(claim: Claim, run: _Run) -> str:
    """Return, if the claim's control is not seen to leave what is expected, why the claim then says nothing."""
    if claim.control is None:
        return ""
    try:
        control = claim.control.measure(run)
    except NotTestableError as reason:
        return f"There is no control: {reason}"
    if verdict(control, claim.expected) == "not reproduced":
        return ""
    measured = f"{spoken(round(control.value, 3))} ({spoken(round(control.low, 3))} … {spoken(round(control.high, 3))})"
    return f"The control does not leave the interval, {measured}: that this stays says nothing yet."


def _undecided_by(single: Estimate, expected: Expected) -> str:
    """Return which of ``UNDECIDED_BY`` it is, of an estimate without its twin."""
    if math.isnan(single.value):
        return "value"
    if verdict(single, expected) != "inconclusive":
        return "rounding"
    if not math.isfinite(single.high - single.low):
        return "scatter"
    return "threshold" if seeds_to_decide(single, expected) is None else "seeds"


def _on_twins(claim: Claim, run: _Run) -> Estimate | None:
    """Return the estimate on the twins of the tables that were read; None where none of them has any.

    Twins that carry no value, such as nets that diverged, could be anywhere.
    """
    twins = {name: table.twin() for name, table in run.read.items()}
    if not any(twins.values()):
        return None
    try:
        return claim.measured.measure(_Run({name: twins[name] or table for name, table in run.read.items()}))
    except NotTestableError:
        return Estimate(math.nan, -math.inf, math.inf, 0)


def _cells(run: _Run) -> str:
    """Return a digest of the cells, twins apart, in the tables that were read; empty where tables name none."""
    frames = [table.frame for table in run.read.values()]
    names = sorted({name for frame in frames if "cell" in frame for name in frame["cell"].unique()})
    return hashlib.sha256(" ".join(names).encode()).hexdigest()[:12] if names else ""
