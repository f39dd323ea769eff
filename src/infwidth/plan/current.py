"""What is current: made by the code and from the sources of now, whatever the times of files say.

A cell says by itself by which code and on which data it was made; a table, a figure and claims say so in a file beside
them (see :mod:`infwidth.results.made`). The workflow asks while it plans, and each job before it does anything, so that
a checkout, a copy or a clock that went wrong costs no computation.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from infwidth.data.identity import prepared_sets
from infwidth.errors import DataError
from infwidth.experiments.cells import Cell
from infwidth.experiments.papers import Figure, Paper
from infwidth.files import write_text
from infwidth.plan import entries, places
from infwidth.plan.code import Package
from infwidth.plan.graph import Graph
from infwidth.results.facts import CellFacts, outputs_file
from infwidth.results.made import digest_of, is_made, key_of, write_made
from infwidth.specs.cells import Solve, Train

_REMEMBERED = "cells.json"


class Currency:
    """Answers for one package and the results in the working folder.

    Args:
        package: the code.
        graph: what there is to build.
        published: whether tables are the published ones.
    """

    def __init__(self, package: Package, graph: Graph, *, published: bool = False) -> None:
        self.package, self.graph, self._published = package, graph, published
        self._prepared: dict[str, str] = {}
        self._remembered: dict[str, list[object]] | None = None
        self._new = False

    # Cells

    def cell_code(self, cell: Cell) -> str:
        """Return the digest of the code behind a cell."""
        return self.package.code_of(entries.of_cell(cell.spec, self.package))

    def cell_facts(self, cell: Cell) -> CellFacts | None:
        """Return what the file of a cell says; None where there is none, or a damaged one."""
        file = places.cell_file(cell)
        try:
            stats = [file.stat()] + ([outputs_file(file).stat()] if _is_apart(cell) else [])
        except OSError:
            return None
        stamp: list[object] = [number for stat in stats for number in (stat.st_size, stat.st_mtime_ns)]
        known = self._known.get(cell.id)
        if known and known[: len(stamp)] == stamp and len(known) == len(stamp) + len(CellFacts._fields):
            return CellFacts(*map(str, known[len(stamp) :]))
        from infwidth.results.cell_file import read_facts

        try:
            facts = read_facts(file, cell.id)
        except DataError:
            return None
        self._known[cell.id] = [*stamp, *facts]
        self._new = True
        return facts

    def is_current_cell(self, cell: Cell) -> bool:
        """Return whether there is a whole file of the cell, by the code of now, on the data as prepared now.

        One that joins others tells everything of them, so that their files may be gone; none may be another than the
        one that was joined.
        """
        facts = self.cell_facts(cell)
        if facts is None or facts.code != self.cell_code(cell):
            return False
        joined = json.loads(facts.joined)
        for member in cell.members:
            there = self.cell_facts(member)
            if there is not None and there.rows != joined.get(member.id):
                return False
        data, *_ = *sets_of(cell.spec), ""
        return self._sha256_of(data) in ("", facts.data)

    def _sha256_of(self, prepared: str) -> str:
        """Return the digest of data as prepared now; empty where they are not prepared here."""
        if prepared not in self._prepared:
            try:
                record = json.loads((places.PREPARED / prepared / "record.json").read_text(encoding="utf-8"))
                self._prepared[prepared] = str(record["sha256"])
            except (OSError, ValueError, LookupError, TypeError):
                self._prepared[prepared] = ""
        return self._prepared[prepared]

    # Tables, figures, claims: the key of what each is made from, and its files

    def table_key(self, paper: str, experiment: str) -> str:
        """Return what a table is made from; empty where one of its cells is not there."""
        cells = self.graph.cells_of(paper, experiment)
        facts = [self.cell_facts(cell) for cell in cells]
        if not all(facts):
            return ""
        rows = [[cell.id, cell.axes, fact.rows] for cell, fact in zip(cells, facts, strict=True) if fact]
        return key_of(self.package.code_of(entries.TABLE), rows)

    def figure_key(self, figure: Figure) -> str:
        """Return what a figure is made from."""
        return key_of(self.package.code_of(entries.of_figure(figure.paper, figure.name)), self._digests(figure.tables))

    def claims_key(self, paper: Paper) -> str:
        """Return what a paper's claims are made from, and for which of its figures they are judged."""
        figures = [figure.name for figure in paper.figures]
        return key_of(self.package.code_of(entries.of_claims(paper.name)), figures, self._digests(paper.tables))

    def _digests(self, tables: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        return [(experiment, digest_of(self.table_file(paper, experiment))) for paper, experiment in tables]

    def table_file(self, paper: str, experiment: str) -> Path:
        """Return the file of a table that figures and claims read."""
        return places.table_file(self.graph.scale, paper, experiment, published=self._published)

    def remember(self) -> None:
        """Keep what was read of cells for the next process."""
        self.package.remember()
        if self._new:
            try:
                write_text(places.KEPT / _REMEMBERED, json.dumps(self._remembered))
            except OSError:
                return  # a folder that cannot be written to; it is read again then
            self._new = False

    @property
    def _known(self) -> dict[str, list[object]]:
        if self._remembered is None:
            try:
                self._remembered = dict(json.loads((places.KEPT / _REMEMBERED).read_text(encoding="utf-8")))
            except (OSError, ValueError, TypeError):
                self._remembered = {}
        return self._remembered


def _is_apart(cell: Cell) -> bool:
    return isinstance(cell.spec, Train) and cell.spec.apart


def sets_of(spec: Train | Solve[Any]) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return the prepared data that a cell needs: prepared name → (data set, options); its own data come first."""
    return prepared_sets(spec.data.model_dump() if spec.data is not None else {})


def made(product: list[Path], key: str, beside: Path | None = None) -> bool:
    """Return whether the files of a product are there as they were made from what ``key`` stands for.

    ``beside`` is the file that says so, by default that of :func:`infwidth.plan.places.made_file`.
    """
    return bool(key) and is_made(beside or places.made_file(product[0]), key, product)


def note(product: list[Path], key: str, beside: Path | None = None) -> None:
    """Say beside a product what it was made from."""
    write_made(beside or places.made_file(product[0]), key, product)
