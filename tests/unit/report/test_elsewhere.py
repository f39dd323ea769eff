"""What other machines said is kept beside the ledger, as long as it is about the same measurement."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from infwidth.files import write_text
from infwidth.report.elsewhere import agreements, keep_elsewhere, machine_class, read_elsewhere
from infwidth.report.ledger import collect, judge
from infwidth.results.tables import read_table

PUBLISHED = Path(__file__).parents[3] / "results" / "published" / "laptop"
TABLES = [("mei2018", "particles"), ("mei2018", "reduced")]


def _run(folder: Path, processor: str) -> Path:
    """Return the folder of a run, by name a scale's, of one paper on a machine with that processor."""
    for paper, name in TABLES:
        (folder / "tables" / paper).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PUBLISHED / f"tables/{paper}/{name}.parquet", folder / f"tables/{paper}/{name}.parquet")
    judge("mei2018", {t: folder / f"tables/{t[0]}/{t[1]}.parquet" for t in TABLES}, folder / "part.csv", ["radial"])
    collect([folder / "part.csv"], folder / "claims.csv")
    names = sorted({cell for of, name in TABLES for cell in read_table(folder / f"tables/{of}/{name}.parquet").cell})
    cells = pd.DataFrame({"cell": names, "device": "cpu", "threads": 1}).assign(
        processor=processor, commit=processor[0] * 40
    )
    write_text(folder / "cells.csv", cells.to_csv(index=False))
    return folder


def _edit(folder: Path, name: str, **changes: object) -> None:
    rows = pd.read_csv(folder / name, dtype={"cells": "str"}).assign(**changes)
    write_text(folder / name, rows.to_csv(index=False))


def test_a_machine_is_its_processor_or_its_gpu_and_its_threads() -> None:
    cells = pd.DataFrame({"device": ["cpu", "cpu", "A100"], "processor": ["Z80", "Z80", "Z80"], "threads": [1, 4, 1]})
    assert machine_class(cells) == "A100 + Z80 + Z80, 4 threads"
    assert machine_class(cells[:1].drop(columns="processor")) == "a processor that was not recorded"


def test_history_accumulates_a_row_a_claim_and_machine(tmp_path: Path) -> None:
    first, second, third = (
        _run(tmp_path / str(n) / "laptop", name) for n, name in enumerate(("Z80", "MOS 6502", "Z80"))
    )
    keep_elsewhere(first, second)
    rows = read_elsewhere(second)
    ledger = pd.read_csv(first / "claims.csv").query("verdict != 'not run'")
    assert rows.claim.tolist() == ledger.claim.tolist()
    assert rows.verdict.tolist() == ledger.verdict.tolist()
    assert set(rows.machine) == {"Z80"}
    assert set(rows.commit) == {"Z" * 40}
    keep_elsewhere(second, third)  # back on the first machine, whose earlier run is not forgotten
    assert set(read_elsewhere(third).machine) == {"MOS 6502", "Z80"}
    fourth = _run(tmp_path / "4" / "laptop", "MC 68000")
    keep_elsewhere(third, fourth)
    assert read_elsewhere(fourth).groupby("machine").size().to_dict() == {"MOS 6502": len(ledger), "Z80": len(ledger)}


def test_the_same_machine_again_and_a_first_run_leave_nothing(tmp_path: Path) -> None:
    first, again = (_run(tmp_path / str(n) / "laptop", "Z80") for n in range(2))
    keep_elsewhere(tmp_path / "nothing", first)
    keep_elsewhere(first, again)
    assert not (first / "elsewhere.csv").exists()
    assert not (again / "elsewhere.csv").exists()


def test_a_table_whose_cells_have_no_provenance_is_of_no_machine(tmp_path: Path) -> None:
    first, second = (_run(tmp_path / str(n) / "laptop", name) for n, name in enumerate(("Z80", "MOS 6502")))
    rows = pd.read_csv(first / "cells.csv")
    write_text(first / "cells.csv", rows.head(1).to_csv(index=False))
    keep_elsewhere(first, second)
    assert read_elsewhere(second).empty


def test_what_was_noted_of_a_run_stays_and_a_later_run_of_the_machine_replaces_it(tmp_path: Path) -> None:
    first, second, third = (
        _run(tmp_path / str(n) / "laptop", name) for n, name in enumerate(("Z80", "MOS 6502", "MOS 6502"))
    )
    keep_elsewhere(first, second)
    noted = read_elsewhere(second).assign(verdict="inconclusive")
    for commit, expected in (("Z" * 40, {"inconclusive"}), ("Y" * 40, set(read_elsewhere(second).verdict))):
        write_text(first / "elsewhere.csv", noted.assign(commit=commit).to_csv(index=False))
        keep_elsewhere(first, third)
        assert set(read_elsewhere(third).verdict) == expected


@pytest.mark.parametrize("change", [{"cells": "0123456789ab"}, {"expected": "something else > 0"}])
def test_what_is_measured_otherwise_now_is_not_compared(tmp_path: Path, change: dict[str, str]) -> None:
    first, second = (_run(tmp_path / str(n) / "laptop", name) for n, name in enumerate(("Z80", "MOS 6502")))
    _edit(second, "claims.csv", **change)
    keep_elsewhere(first, second)
    assert read_elsewhere(second).empty


def test_verdicts_of_others_are_counted_and_told(tmp_path: Path) -> None:
    first, second = (_run(tmp_path / str(n) / "laptop", name) for n, name in enumerate(("Z80", "MOS 6502")))
    keep_elsewhere(first, second)
    claims, rows = pd.read_csv(second / "claims.csv"), read_elsewhere(second)
    assert set(agreements(claims, rows).values()) == {"same verdict on 2 of 2 machines"}
    turned = rows.assign(verdict=["not reproduced", *rows.verdict[1:]], measured=0.5)
    words = agreements(claims, turned)[f"mei2018.{rows.claim[0]}"]
    assert words == "same verdict on 1 of 2 machines; not reproduced (0.5) on Z80"
