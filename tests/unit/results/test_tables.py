"""Tables: the rows of cells under their axes, through a file and back, and errors that name the file."""

from pathlib import Path

import pandas as pd
import pytest

from infwidth.errors import DataError
from infwidth.results.cell_file import write_cell
from infwidth.results.parquet import write_parquet
from infwidth.results.rows import Rows
from infwidth.results.tables import gather, read_table, write_table


@pytest.fixture
def rows() -> pd.DataFrame:
    rows = Rows(0.1, 3)
    rows.add(5, "test_loss", 1 / 3)
    rows.add(5, "kernel", [[1.0, 2.0], [3.0, 4.0]], layer="h1")
    return rows.frame()


def test_a_table_keeps_every_bit_and_names_its_cells(rows: pd.DataFrame, tmp_path: Path) -> None:
    paths = []
    for name in ("a" * 16, "b" * 16):
        paths.append(tmp_path / f"{name}.parquet")
        write_cell(paths[-1], rows, {}, {})
    axes = {"a" * 16: {"width": 8, "richness": "0"}, "b" * 16: {"width": 16, "richness": "0"}}
    write_table(paths, axes, tmp_path / "table.parquet")
    table = read_table(tmp_path / "table.parquet")
    assert list(table.columns[:3]) == ["width", "richness", "cell"]
    assert table.richness.tolist() == ["0"] * 10
    assert table.cell.tolist() == ["a" * 16] * 5 + ["b" * 16] * 5
    assert table.width.tolist() == [8] * 5 + [16] * 5
    assert (table[table.metric == "test_loss"].value == 1 / 3).all()
    assert set(table[table.metric == "test_loss"].layer) == {""}


def test_axes_keep_their_kind_and_a_limit_has_no_width(rows: pd.DataFrame) -> None:
    axes = {"a": {"width": 8, "decoupled": True, "lr0": 1}, "b": {"width": None, "decoupled": False, "lr0": 0.5}}
    table = gather({"a": rows, "b": rows}, axes)
    assert table.width[0] == 8
    assert table.width.isna().sum() == len(rows)
    assert [table[name].dtype.name for name in ("width", "decoupled", "lr0")] == ["float64", "bool", "float64"]


def test_an_absent_empty_or_foreign_table_is_named(rows: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.parquet: not a whole table .*run the workflow again"):
        read_table(tmp_path / "none.parquet")
    for name, frame in {"empty": rows[:0], "foreign": pd.DataFrame({"a": [1]})}.items():
        write_parquet(frame, tmp_path / f"{name}.parquet")
        with pytest.raises(DataError, match=rf"{name}\.parquet: not a whole table \(it has no rows, or lacks columns"):
            read_table(tmp_path / f"{name}.parquet")
