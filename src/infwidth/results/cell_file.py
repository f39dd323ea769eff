"""The file of a cell: a parquet table of tidy rows whose metadata holds the spec and the provenance.

The metadata also hold a digest of the rows and one of themselves, checked when the file is read. A cell of one seed has
a second file beside it, what the ensemble of all seeds needs of its nets; a cell that joins others holds the spec, the
provenance and the digest of each, so that it tells everything without their files.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypedDict

import pandas as pd
import pyarrow.parquet as pq

from infwidth.errors import DataError
from infwidth.results.facts import CellFacts, outputs_file
from infwidth.results.parquet import Unreadable, read_digest, read_parquet, write_parquet
from infwidth.results.rows import COLUMNS

_KEY, _SUM = b"infwidth", b"infwidth.note.sha256"


class Joined(TypedDict):
    """What a cell tells of one that it joins."""

    spec: dict[str, Any]
    provenance: dict[str, Any]
    rows: str


def write_cell(
    path: Path,
    rows: pd.DataFrame,
    spec: dict[str, Any],
    provenance: dict[str, Any],
    joined: Sequence[Joined] = (),
) -> None:
    """Write a cell's rows, spec and provenance, and those of the cells that it joins, to ``path``, atomically."""
    content = {"spec": spec, "provenance": provenance} | ({"joined": list(joined)} if joined else {})
    note = json.dumps(content, sort_keys=True).encode()
    write_parquet(rows[list(COLUMNS)], path, {_KEY: note, _SUM: hashlib.sha256(note).hexdigest().encode()})


def read_cell(path: Path) -> pd.DataFrame:
    """Return a cell's rows. Raises DataError for a file that is absent or damaged."""
    try:
        return read_parquet(path).astype(COLUMNS)
    except FileNotFoundError as error:
        raise _absent(path) from error
    except Unreadable as error:
        raise _damaged(path, error) from error


def read_provenance(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a cell's spec and provenance. Raises DataError for a file that is absent, damaged or not a cell's."""
    note = _note(path)
    return note["spec"], note["provenance"]


def read_joined(path: Path) -> list[Joined]:
    """Return what a cell tells of those that it joins, if any. Raises DataError as :func:`read_provenance`."""
    joined: list[Joined] = _note(path).get("joined", [])
    return joined


def _note(path: Path) -> dict[str, Any]:
    try:
        with pq.ParquetFile(path) as file:
            notes = file.schema_arrow.metadata or {}
    except FileNotFoundError as error:
        raise _absent(path) from error
    except Unreadable as error:
        raise _damaged(path, error) from error
    note = notes.get(_KEY)
    if note is None:
        raise DataError(f"{path}: a parquet file, but not one that a cell wrote; delete it and run the workflow again")
    if notes.get(_SUM, b"") != hashlib.sha256(note).hexdigest().encode():
        raise _damaged(path, "its spec or its provenance is not what was written")
    document: dict[str, Any] = json.loads(note)
    return document


def read_facts(path: Path, cell: str) -> CellFacts:
    """Return what a cell says of itself.

    The whole file is read and checked, and the one beside it. Raises DataError for one that is damaged, or of another
    cell.
    """
    note = _note(path)
    provenance = note["provenance"]
    if provenance.get("cell") != cell:
        raise DataError(f"{path}: it holds cell {provenance.get('cell')}; delete it and run the workflow again")
    try:
        digest = read_digest(path)
    except Unreadable as error:
        raise _damaged(path, error) from error
    if "outputs_sha256" in provenance:
        _check_outputs(outputs_file(path), provenance["outputs_sha256"])
        digest += f"+{provenance['outputs_sha256']}"
    joined = json.dumps({one["provenance"]["cell"]: one["rows"] for one in note.get("joined", [])})
    return CellFacts(str(provenance.get("code", "")), str(provenance.get("dataset_sha256", "")), digest, joined)


def _check_outputs(path: Path, sha256: str) -> None:
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError as error:
        raise _absent(path) from error
    if digest != sha256:
        raise _damaged(path, "its content is not what was written")


def _absent(path: Path) -> DataError:
    return DataError(f"{path}: this cell has not been computed; run its figure or table in the workflow")


def _damaged(path: Path, reason: object) -> DataError:
    return DataError(
        f"{path}: not a whole cell file ({' '.join(str(reason).split())}); run the workflow again, which replaces it"
    )
