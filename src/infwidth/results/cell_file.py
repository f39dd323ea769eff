"""The file of a cell: a parquet table of tidy rows whose metadata holds the spec and the provenance.

The metadata also hold a digest of the rows and one of themselves, checked when the file is read.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from infwidth.errors import DataError
from infwidth.results.parquet import Unreadable, read_digest, read_parquet, write_parquet
from infwidth.results.rows import COLUMNS

_KEY, _SUM = b"infwidth", b"infwidth.note.sha256"


def write_cell(path: Path, rows: pd.DataFrame, spec: dict[str, Any], provenance: dict[str, Any]) -> None:
    """Write a cell's rows, spec and provenance to ``path``, atomically."""
    note = json.dumps({"spec": spec, "provenance": provenance}, sort_keys=True).encode()
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
    document = json.loads(note)
    return document["spec"], document["provenance"]


def read_facts(path: Path, cell: str) -> tuple[str, str, str]:
    """Return the digests of the code and of the data that a cell was made by, and that of its rows.

    The whole file is read and checked. Raises DataError for one that is damaged, or of another cell.
    """
    _, provenance = read_provenance(path)
    if provenance.get("cell") != cell:
        raise DataError(f"{path}: it holds cell {provenance.get('cell')}; delete it and run the workflow again")
    try:
        digest = read_digest(path)
    except Unreadable as error:
        raise _damaged(path, error) from error
    return str(provenance.get("code", "")), str(provenance.get("dataset_sha256", "")), digest


def _absent(path: Path) -> DataError:
    return DataError(f"{path}: this cell has not been computed; run its figure or table in the workflow")


def _damaged(path: Path, reason: object) -> DataError:
    return DataError(
        f"{path}: not a whole cell file ({' '.join(str(reason).split())}); run the workflow again, which replaces it"
    )
