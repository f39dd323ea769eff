"""Cells from elsewhere: taken if they are whole and by the code of now, and never put outside of their folder."""

from pathlib import Path

import pytest

from infwidth.errors import DataError, InfwidthError
from infwidth.plan import entries
from infwidth.plan.code import this_package
from infwidth.plan.graph import load_graph
from infwidth.results.cell_file import write_cell
from infwidth.results.rows import Rows
from infwidth.specs.identity import canonical
from infwidth.workflow.adopt import adopt

CELL = next(cell for cell in load_graph("smoke").cells.values() if cell.kind == "solve")
CODE = this_package().code_of(entries.of_cell(CELL.spec, this_package()))


def rows() -> Rows:
    rows = Rows(0.1, 0)
    rows.add(0, "loss", 1.0)
    return rows


def written(path: Path, spec: object = None, **provenance: str) -> Path:
    provenance = {"cell": CELL.id, "code": CODE, **provenance}
    write_cell(path, rows().frame(), canonical(CELL.spec) if spec is None else spec, provenance)  # type: ignore[arg-type]
    return path


def test_a_cell_finds_its_place(tmp_path: Path) -> None:
    assert adopt(written(tmp_path / "any.parquet"), tmp_path / "cells") == tmp_path / f"cells/solve/{CELL.id}.parquet"


def test_a_cell_by_other_code_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="made by other code"):
        adopt(written(tmp_path / "any.parquet", code="0" * 16), tmp_path / "cells")


@pytest.mark.parametrize("kind", ["../../..", "/tmp", "train/../../x", "", None, 3])
def test_nothing_is_written_outside(kind: object, tmp_path: Path) -> None:
    file = written(tmp_path / "any.parquet", {**canonical(CELL.spec), "kind": kind})
    with pytest.raises(InfwidthError):
        adopt(file, tmp_path / "cells")
    assert [path.name for path in tmp_path.iterdir()] == ["any.parquet"]


def test_a_file_of_another_cell_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="it holds cell another"):
        adopt(written(tmp_path / "any.parquet", cell="another"), tmp_path / "cells")
