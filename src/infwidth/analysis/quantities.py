"""What a claim measures: one statistic of the tables of a paper, with the words that say which.

Most are an estimate over the seeds of some rows: what an :class:`Exponent` or :class:`PerDoubling` is regressed from,
and what a :class:`Mean` averages, is chosen by :func:`nets` or by a function of the paper's (``Rows``). Where seeds do
not enter as independent numbers, :class:`Estimated` takes any function that returns an estimate, and :class:`Exactly`
one that returns a number that is no sample.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from infwidth.analysis.statistics import Estimate, change_per_doubling, exact, exponent, mean_over_seeds
from infwidth.analysis.table import NotTestableError, Table, Tables

T = TypeVar("T")

#: The tables of a paper → rows: columns seed, value and the axis regressed on.
Rows = Callable[[Tables], pd.DataFrame]

#: What the axes of the tables are called in a sentence.
_AXES = {
    "width": "the width",
    "rank": "the rank r",
    "gamma0": "γ",
    "dimension": "the dimension d",
    "n_blocks": "the depth L",
    "alpha": "α",
    "gamma": "γ",
    "noise": "the noise",
}


def nets(table: str, metric: str, *, at_end: bool = False, **at: Any) -> Rows:
    """Return what chooses a metric of the single nets of one table, with values in columns as for ``Table.at``."""

    def rows(tables: Tables) -> pd.DataFrame:
        chosen = tables[table].at(**at)
        return (chosen.at_end() if at_end else chosen).nets(metric)

    return rows


def on(table: str, measure: Callable[[Table], T]) -> Callable[[Tables], T]:
    """Return what is measured on one table as a measurement on the tables of a paper."""
    return lambda tables: measure(tables[table])


def several(rows: pd.DataFrame, axis: str) -> pd.DataFrame:
    """Return the rows; raises NotTestableError where they have fewer than two values of ``axis`` to regress on."""
    if rows[axis].nunique() < 2:
        raise NotTestableError(f"A slope needs two or more values of {axis}, there are {rows[axis].nunique()}.")
    return rows


@dataclass(frozen=True)
class Quantity:
    """A statistic: ``of`` says what of, and ``words`` the whole."""

    of: str

    @property
    def words(self) -> str:
        """What is measured, as the ledger says it before what is expected."""
        return self.of

    def measure(self, tables: Tables) -> Estimate:
        """Return the estimate; NotTestableError where the tables do not carry it."""
        raise NotImplementedError


@dataclass(frozen=True)
class Exponent(Quantity):
    """The exponent of ``value`` in ``axis``: one regression of logs a seed, or what ``estimator`` does instead."""

    rows: Rows
    axis: str = "width"
    estimator: Callable[..., Estimate] = exponent

    @property
    def words(self) -> str:
        """As in :class:`Quantity`."""
        return f"exponent in {_AXES[self.axis]} of {self.of}"

    def measure(self, tables: Tables) -> Estimate:
        """As in :class:`Quantity`."""
        return self.estimator(several(self.rows(tables), self.axis), x=self.axis)


@dataclass(frozen=True)
class PerDoubling(Quantity):
    """The change of ``value`` per doubling of ``axis``: one regression on log₂ a seed."""

    rows: Rows
    axis: str = "width"

    @property
    def words(self) -> str:
        """As in :class:`Quantity`."""
        return f"change of {self.of} per doubling of {_AXES[self.axis]}"

    def measure(self, tables: Tables) -> Estimate:
        """As in :class:`Quantity`."""
        return change_per_doubling(several(self.rows(tables), self.axis), x=self.axis)


@dataclass(frozen=True)
class Mean(Quantity):
    """The mean of one number a seed: of the rows' values, or of such as differences of paired nets."""

    values: Callable[[Tables], pd.DataFrame | pd.Series | np.ndarray]

    def measure(self, tables: Tables) -> Estimate:
        """As in :class:`Quantity`."""
        values = self.values(tables)
        return mean_over_seeds(np.asarray(values.value if isinstance(values, pd.DataFrame) else values, float))


@dataclass(frozen=True)
class Estimated(Quantity):
    """What a function estimates, with an interval of its own."""

    estimate: Callable[[Tables], Estimate]

    def measure(self, tables: Tables) -> Estimate:
        """As in :class:`Quantity`."""
        return self.estimate(tables)


@dataclass(frozen=True)
class Exactly(Quantity):
    """A number that is no sample: a count of what differs, a comparison of bits, algebra; it is its own interval."""

    number: Callable[[Tables], float]

    def measure(self, tables: Tables) -> Estimate:
        """As in :class:`Quantity`."""
        return exact(self.number(tables))


@dataclass(frozen=True)
class Extreme(Quantity):
    """The largest (with ``which`` min: smallest) value of all nets, a statement on every one; ``n`` counts seeds."""

    rows: Rows
    which: Callable[[pd.Series], float] = max

    def measure(self, tables: Tables) -> Estimate:
        """As in :class:`Quantity`."""
        rows = self.rows(tables)
        if rows.empty:
            raise NotTestableError("No net is left of which this could be said.")
        if rows.value.isna().any():  # which is neither the largest nor the smallest, and may be worse than either
            return Estimate(math.nan, -math.inf, math.inf, rows.seed.nunique())
        return exact(self.which(rows.value), rows.seed.nunique())
