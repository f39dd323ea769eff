"""Results on disk: whole or absent, with their provenance, and errors that name the file."""

import errno
import os
from pathlib import Path

import pandas as pd
import pytest

from infwidth.errors import DataError
from infwidth.files import replacing, write_text
from infwidth.results.cell_file import read_cell, read_provenance, write_cell
from infwidth.results.provenance import Meter
from infwidth.results.rows import Rows


@pytest.fixture
def rows() -> pd.DataFrame:
    rows = Rows(0.1, 3)
    rows.add(5, "test_loss", 1 / 3)
    rows.add(5, "kernel", [[1.0, 2.0], [3.0, 4.0]], layer="h1")
    return rows.frame()


def test_a_cell_comes_back_as_it_went(rows: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "cells" / "abc.parquet"
    write_cell(path, rows, {"kind": "train"}, {"cell": "abc"})
    pd.testing.assert_frame_equal(read_cell(path), rows, check_exact=True)
    assert read_provenance(path) == ({"kind": "train"}, {"cell": "abc"})
    assert rows[rows.metric == "kernel"]["index"].tolist() == [0, 1, 2, 3]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    write_text(path, "old")

    def interrupted() -> None:
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["file.txt"]


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_text(tmp_path / "file.txt", "text")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("keep", [0, 10, 0.5, 0.99])
def test_a_truncated_cell_is_named(rows: pd.DataFrame, keep: float, tmp_path: Path) -> None:
    path = tmp_path / "abc.parquet"
    write_cell(path, rows, {}, {})
    content = path.read_bytes()
    path.write_bytes(content[: keep if isinstance(keep, int) else int(len(content) * keep)])
    with pytest.raises(DataError, match=r"abc\.parquet: not a whole cell file"):
        read_cell(path)


def test_an_absent_or_foreign_cell_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has not been computed"):
        read_cell(tmp_path / "abc.parquet")
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "foreign.parquet")
    with pytest.raises(DataError, match=r"foreign\.parquet: a parquet file, but not one that a cell wrote"):
        read_provenance(tmp_path / "foreign.parquet")


def test_provenance_says_where_a_number_comes_from() -> None:
    record = Meter().record(dataset="mnist5k")
    expected = {"version", "commit", "dirty", "python", "numpy", "machine", "processor", "wall_seconds", "cpu_seconds"}
    assert expected | {"dataset", "peak_memory_mib"} == set(record)
    assert record["peak_memory_mib"] > 10
