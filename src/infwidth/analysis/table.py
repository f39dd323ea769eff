"""A table: the tidy rows of one experiment, and how figures and claims choose theirs among them.

A table is narrowed first (``at``, ``at_end``: again a table), then asked for a metric of its single nets, their
ensemble or the limit (a frame, ready for seaborn, ``groupby`` and the estimates over seeds):

    tables["particles"].at(width=max).at_end().nets("risk")
"""

import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

#: The axis that only rounding twins have a value of: the relative change of their initial weights. Named in
#: :mod:`infwidth.experiments.twins`, which says what they are for.
PERTURBATION = "perturbation"

#: Columns that are no axis of an experiment: what a row is, and what it measures.
_ROW = ("cell", "of", "step", "metric", "layer", "index", "value")


class NotTestableError(Exception):
    """Raised by a measurement that the tables of this scale cannot carry; the message says why."""


class Table:
    """The rows of one experiment.

    Attributes:
        frame: columns lr, seed, of (net, ensemble or limit), step, metric, layer, index, value, and the axes that the
            experiment sweeps; without the rows of rounding twins, which are a table of their own, :meth:`twin`.
        name: the experiment's, for messages.

    Whatever is asked for and not there raises NotTestableError, which says what there is: a scale may leave it out.
    """

    def __init__(self, frame: pd.DataFrame, name: str = "the table") -> None:
        self._twins: pd.DataFrame | None = None
        if PERTURBATION in frame:  # here and nowhere else: figures and claims see the nets, or their twins, never both
            is_twin = frame[PERTURBATION].notna()
            self._twins, frame = (part.drop(columns=PERTURBATION) for part in (frame[is_twin], frame[~is_twin]))
        self.frame, self.name = frame, name

    def __repr__(self) -> str:
        return f"Table({self.name}: {len(self.frame)} rows)"

    def twin(self) -> "Table | None":
        """Return the rounding twins of all nets in their place, as a table like this one; None where none were run.

        Of a whole table: one that was narrowed has no twin.
        """
        return None if self._twins is None else Table(self._twins, self.name)

    def at(self, **where: Any) -> "Table":
        """Return the rows with these values in these columns, which are taken one after the other.

        A value is one number or text, ``max`` or ``min`` (the largest or smallest that there is then), or several in
        a tuple, list or range, any of which will do.
        """
        chosen = self.frame
        for column, wanted in where.items():
            if column not in chosen:
                raise NotTestableError(f"{self.name} has no {column}.")
            there = chosen[column]
            if wanted is max or wanted is min:
                if there.isna().all():
                    raise NotTestableError(f"{self.name} has no {column} of these rows.")
                wanted = wanted(there.dropna())
            rows = chosen[there.isin(wanted) if isinstance(wanted, tuple | list | range) else there == wanted]
            if rows.empty:
                known = ", ".join(map(_plain, sorted(chosen[column].dropna().unique())))
                raise NotTestableError(f"{self.name} has no {column} {_plain(wanted)}, only {known or 'none'}.")
            chosen = rows
        return Table(chosen, self.name)

    def at_end(self, *, of_each: bool = False) -> "Table":
        """Return every metric at its last step: that which any net reached, or, ``of_each``, each net by itself.

        A net that diverged is not at the end, and has none of the rows there.
        """
        nets = [name for name in self.frame if name not in _ROW] if of_each else []
        rows = self.frame.groupby(["metric", "of", *nets], dropna=False)
        return Table(self.frame[self.frame.step == rows.step.transform("max")], self.name)

    def nets(self, *metrics: str) -> pd.DataFrame:
        """Return the rows of these metrics of single nets."""
        return self._of("net", "single nets", metrics)

    def ensemble(self, *metrics: str) -> pd.DataFrame:
        """Return the rows of these metrics of the ensemble of all seeds, averages over nets included."""
        return self._of("ensemble", "an ensemble", metrics)

    def limit(self, *metrics: str) -> pd.DataFrame:
        """Return the rows of these metrics of the infinite-width limit, or of anything exact."""
        return self._of("limit", "a limit", metrics)

    def _of(self, of: str, words: str, metrics: tuple[str, ...]) -> pd.DataFrame:
        rows = self.frame[(self.frame.of == of) & self.frame.metric.isin(metrics)]
        if missing := sorted(set(metrics) - set(rows.metric)):
            known = ", ".join(sorted(self.frame.metric[self.frame.of == of].unique()))
            raise NotTestableError(f"{self.name} has no {', '.join(missing)} of {words}, only {known or 'nothing'}.")
        return rows

    def seeds(self) -> list[int]:
        """Return the seeds of the single nets."""
        return sorted(self.frame.seed[self.frame.of == "net"].unique().tolist())

    def by_index(self, metric: str) -> "pd.Series[Any]":
        """Return the limit's value of a metric at every index: what numbers nets of one stack differ in."""
        return self.limit(metric).groupby("index").value.first()

    def diverged(self) -> pd.DataFrame:
        """Return a row for every net that diverged; none is no error."""
        return self.frame[self.frame.metric == "diverged"]

    def values(self, column: str) -> list[Any]:
        """Return the distinct values of a column in order, such as the widths; the limit's missing one is left out."""
        if column not in self.frame:
            raise NotTestableError(f"{self.name} has no {column}.")
        return sorted(self.frame[column].dropna().unique().tolist())

    def last_step(self) -> int:
        """Return the last step of any row."""
        return int(self.frame.step.max())

    def first_step_after(self, part: float) -> int:
        """Return the first evaluation after that part (0 to 1) of training."""
        return next(step for step in self.values("step") if step >= part * self.last_step())

    def deepest_layer(self, metric: str) -> str:
        """Return the deepest layer (last by name, numbers in their order) of which ``metric`` was measured."""
        layers = self.frame[self.frame.metric == metric].layer.unique().tolist()
        if not layers:
            raise NotTestableError(f"{self.name} has no {metric}.")
        return max(layers, key=_in_order)


#: The tables of a paper's experiments, by the experiments' names.
Tables = Mapping[str, Table]


def _plain(value: object) -> str:
    """Return a value as people write it: 64.0 is 64, and several are joined."""
    if isinstance(value, tuple | list):
        return " or ".join(map(_plain, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _in_order(layer: str) -> list[tuple[str, int]]:
    """Return what sorts names with numbers as people do: ``blocks.9`` before ``blocks.10``."""
    return [(text, int(number or -1)) for text, number in re.findall(r"(\D*)(\d*)", layer)]
