"""The file of a cell: a parquet table of tidy rows whose metadata holds the spec and the provenance."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from infwidth.errors import DataError
from infwidth.files import replacing
from infwidth.results.rows import COLUMNS

_KEY = b"infwidth"


def write_cell(path: Path, rows: pd.DataFrame, spec: dict[str, Any], provenance: dict[str, Any]) -> None:
    """Write a cell's rows, spec and provenance to ``path``, atomically."""
    table = pa.Table.from_pandas(rows[list(COLUMNS)], preserve_index=False)
    note = json.dumps({"spec": spec, "provenance": provenance}, sort_keys=True)
    with replacing(path) as temporary:
        pq.write_table(table.replace_schema_metadata({_KEY: note.encode()}), temporary, compression="zstd")


def _open(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except FileNotFoundError as error:
        raise DataError(f"{path}: this cell has not been computed; run its figure or table in the workflow") from error
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"{path}: not a whole cell file ({error}); delete it and run the workflow again") from error


def read_cell(path: Path) -> pd.DataFrame:
    """Return a cell's rows. Raises DataError for a file that is absent or damaged."""
    with _open(path) as file:
        try:
            return file.read().to_pandas().astype(COLUMNS)
        except (pa.ArrowInvalid, OSError, KeyError) as error:
            raise DataError(f"{path}: damaged cell file ({error}); delete it and run the workflow again") from error


def read_provenance(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a cell's spec and provenance. Raises DataError for a file that is absent, damaged or not a cell's."""
    with _open(path) as file:
        note = (file.schema_arrow.metadata or {}).get(_KEY)
    if note is None:
        raise DataError(f"{path}: a parquet file, but not one that a cell wrote; delete it and run the workflow again")
    document = json.loads(note)
    return document["spec"], document["provenance"]
