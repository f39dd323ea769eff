"""Taking over cells that were computed elsewhere: whole files only, by the code of now, each in its own place.

What is published holds every cell too: its rows in a table, its spec and its provenance in ``cells.csv``. So a clone
can start from the published numbers, compute only what other code made, and publish the whole again.
"""

import csv
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infwidth.errors import DataError, SpecError
from infwidth.experiments.cells import read_cell
from infwidth.files import replacing
from infwidth.plan import entries
from infwidth.plan.code import this_package
from infwidth.report.published import check_published, read_manifest
from infwidth.results.cell_file import read_facts, read_provenance, write_cell
from infwidth.results.facts import outputs_file
from infwidth.results.provenance import from_texts
from infwidth.results.rows import COLUMNS
from infwidth.results.tables import read_table
from infwidth.specs.cells import Solve, Train
from infwidth.specs.identity import canonical, cell_id, from_canonical


def adopt(file: Path, cells: Path) -> Path:
    """Copy the cell ``file``, and what lies beside it, to its place in the folder ``cells``, and return that.

    Nothing that the file says of itself leads out of the folder: its spec is read as any other, and names its place.
    Raises SpecError or DataError for a file that is damaged or no cell's, and DataError for a cell that other code
    made, which the workflow would compute anew.
    """
    spec = read_cell(from_canonical(read_provenance(file)[0]), where=str(file))
    name = cell_id(spec)
    facts = read_facts(file, name)
    code = _code_of(spec)
    if facts.code != code:
        raise DataError(
            f"{file}: made by other code ({facts.code or 'unknown'}) than is here ({code}); compute the cell there "
            "from the same commit as here, or let the workflow compute it"
        )
    target = cells / spec.kind / f"{name}.parquet"
    if isinstance(spec, Train) and spec.apart:
        _copy(outputs_file(file), outputs_file(target))  # before the cell, which says that it is there
    _copy(file, target)
    return target


def adopt_published(folder: Path, cells: Path) -> tuple[int, int]:
    """Write the cells of a published scale that the code of now made to their places in the folder ``cells``.

    Return how many those are, and how many are left to be computed: made by other code, of a spec that is no longer
    known, or joining others, whose rows are not published. A cell that is there already stays. Raises DataError for
    files that are not those of the manifest.
    """
    tables = [name for name in read_manifest(folder)["sha256"] if name.endswith(".parquet")]
    check_published(folder, ["cells.csv", *tables])
    with (folder / "cells.csv").open(encoding="utf-8", newline="") as rows:
        told = {row["cell"]: row for row in csv.DictReader(rows)}
    wanted = {name: spec for name, row in told.items() if (spec := _spec_by_the_code_of_now(name, row)) is not None}
    taken = 0
    for table in tables:
        for name, rows_of_cell in read_table(folder / table).groupby("cell", sort=False):
            spec = wanted.pop(str(name), None)  # a cell may be in several tables
            if spec is None:
                continue
            taken += 1
            target = cells / spec.kind / f"{name}.parquet"
            if not target.exists():
                provenance = from_texts({key: text for key, text in told[str(name)].items() if key != "spec"})
                frame = rows_of_cell.reset_index(drop=True).astype(COLUMNS)
                write_cell(target, frame, canonical(spec), provenance)
    return taken, len(told) - taken


def _spec_by_the_code_of_now(name: str, row: Mapping[str, str]) -> Train | Solve[Any] | None:
    """Return the spec of a published cell; None where the workflow would compute it anew."""
    try:
        spec = read_cell(from_canonical(json.loads(row["spec"])), where=name)
        current = cell_id(spec) == name and _code_of(spec) == row.get("code")
    except SpecError:
        return None
    return spec if current and spec.kind != "join" else None


def _code_of(spec: Train | Solve[Any]) -> str:
    return this_package().code_of(entries.of_cell(spec, this_package()))


def _copy(file: Path, target: Path) -> None:
    with replacing(target) as temporary:
        shutil.copyfile(file, temporary)
