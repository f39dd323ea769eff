"""Cells from elsewhere: taken if they are whole and by the code of now, and never put outside of their folder."""

import json
import math
from pathlib import Path

import pytest

from builders import graph
from infwidth.errors import DataError, InfwidthError
from infwidth.plan import entries
from infwidth.plan.code import this_package
from infwidth.results.cell_file import write_cell
from infwidth.results.made import digest_of
from infwidth.results.provenance import Meter
from infwidth.results.rows import Rows
from infwidth.results.tables import write_provenance, write_table
from infwidth.specs.identity import canonical
from infwidth.workflow.adopt import adopt, adopt_published

CELL, OTHER, *_ = (cell for cell in graph("smoke").cells.values() if cell.kind == "solve")
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


class TestPublished:
    """A published scale holds its cells: rows in tables, specs and provenance in cells.csv."""

    @pytest.fixture
    def cells(self, tmp_path: Path) -> Path:
        """Two cells as a run leaves them, the second by other code."""
        folder = tmp_path / "made" / "solve"
        for cell, code, loss in ((CELL, CODE, 1 / 3), (OTHER, "0" * 16, 0.5)):
            made = Rows(0.1, 0)
            made.add(0, "loss", loss)
            made.add(1, "kernel", math.nan)
            facts = {"cell": cell.id, "code": code, "torch": "2.0", "threads": 1}
            write_cell(folder / f"{cell.id}.parquet", made.frame(), canonical(cell.spec), Meter().record(**facts))
        return folder

    @pytest.fixture
    def published(self, cells: Path, tmp_path: Path) -> Path:
        folder = tmp_path / "published" / "smoke"
        files = [cells / f"{cell.id}.parquet" for cell in (CELL, OTHER)]
        write_table(files, {CELL.id: {"dimension": 1}, OTHER.id: {}}, folder / "tables" / "paper" / "one.parquet")
        write_provenance(files, folder / "cells.csv")
        digests = {file.relative_to(folder).as_posix(): digest_of(file) for file in folder.rglob("*") if file.is_file()}
        (folder / "MANIFEST.json").write_text(json.dumps({"sha256": digests, "figures_not_run": []}))
        return folder

    def test_what_the_code_of_now_made_is_taken_to_the_byte(self, cells: Path, published: Path, tmp_path: Path) -> None:
        assert adopt_published(published, tmp_path / "cells") == (1, 1)
        (taken,) = (tmp_path / "cells").rglob("*.parquet")
        assert taken.name == f"{CELL.id}.parquet"
        assert taken.read_bytes() == (cells / taken.name).read_bytes()

    def test_a_cell_that_is_there_stays(self, published: Path, tmp_path: Path) -> None:
        there = written(tmp_path / "cells" / "solve" / f"{CELL.id}.parquet")
        before = there.read_bytes()
        adopt_published(published, tmp_path / "cells")
        assert there.read_bytes() == before

    def test_a_cell_whose_spec_was_changed_by_hand_is_left(self, published: Path, tmp_path: Path) -> None:
        text = (published / "cells.csv").read_text()
        (published / "cells.csv").write_text(text.replace(f"{CELL.id},", f"{'0' * 16},"))
        manifest = json.loads((published / "MANIFEST.json").read_text())
        manifest["sha256"]["cells.csv"] = digest_of(published / "cells.csv")
        (published / "MANIFEST.json").write_text(json.dumps(manifest))
        assert adopt_published(published, tmp_path / "cells") == (0, 2)

    def test_what_is_not_that_of_the_manifest_is_refused(self, published: Path, tmp_path: Path) -> None:
        (published / "cells.csv").write_text("cell\n")
        with pytest.raises(DataError, match=r"cells\.csv is not what was published"):
            adopt_published(published, tmp_path / "cells")
