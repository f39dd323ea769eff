"""Parquet files that know what they hold: the digest of the content lies in the metadata and is checked when read."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from infwidth.files import replacing

_DIGEST = b"infwidth.sha256"

#: What a damaged file makes pyarrow raise; its own errors of parsing are ValueErrors or OSErrors.
Unreadable = (pa.ArrowException, OSError, ValueError, KeyError, MemoryError, OverflowError)


def write_parquet(frame: pd.DataFrame, path: Path, notes: Mapping[bytes, bytes] | None = None) -> None:
    """Write a frame of numbers, truths and texts, atomically; the same content gives the same bytes.

    A missing number is null in the file. ``notes`` are kept in the metadata as they are.
    """
    table = pa.Table.from_pandas(frame, preserve_index=False)
    metadata = {**(notes or {}), _DIGEST: _digest(table)}
    with replacing(path) as temporary:
        pq.write_table(
            table.replace_schema_metadata(metadata), temporary, compression="zstd", compression_level=15, version="2.6"
        )


def read_parquet(path: Path) -> pd.DataFrame:
    """Return what :func:`write_parquet` wrote.

    Raises FileNotFoundError, one of ``Unreadable`` for a damaged file, or ValueError where the content is not what was
    written.
    """
    return _checked(path).to_pandas()


def read_digest(path: Path) -> str:
    """Return the digest of the content, which is checked; raise what :func:`read_parquet` raises."""
    return str(_checked(path).schema.metadata[_DIGEST].decode())


def _checked(path: Path) -> pa.Table:
    with pq.ParquetFile(path) as file:
        table = file.read()
    if (table.schema.metadata or {}).get(_DIGEST) != _digest(table):
        raise ValueError("its content is not what was written")
    return table


def _digest(table: pa.Table) -> bytes:
    """Return the SHA-256 of names, types and values, however the file cuts and packs them."""
    digest = hashlib.sha256()
    for name, column in zip(table.column_names, table.columns, strict=True):
        values = column.combine_chunks()
        if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
            coded = pc.dictionary_encode(values)  # in the order of the first occurrence
            digest.update(f"{name} text\0".encode() + "\0".join(map(str, coded.dictionary.to_pylist())).encode())
            values = coded.indices
        else:
            digest.update(f"{name} {values.type}\0".encode())
        digest.update(values.to_numpy(zero_copy_only=False).tobytes())
    return digest.hexdigest().encode()
