"""Tables: the rows of an experiment's cells under the axes it sweeps, and the provenance of all cells."""

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from infwidth.errors import DataError
from infwidth.files import write_text
from infwidth.results.cell_file import read_cell, read_provenance
from infwidth.results.rows import COLUMNS


def write_table(cells: Sequence[Path], axes: Mapping[str, Mapping[str, Any]], output: Path) -> None:
    """Write the tidy CSV of one experiment.

    ``cells`` are the files of its cells, in order; ``axes`` maps a cell's id to what tells it from the others.
    """
    frames = []
    for path in cells:
        rows = read_cell(path)
        rows.insert(0, "cell", path.stem)
        for position, (name, value) in enumerate(axes[path.stem].items()):
            rows.insert(position, name, value)
        frames.append(rows)
    write_text(output, pd.concat(frames, ignore_index=True).to_csv(index=False, lineterminator="\n"))


def read_table(path: Path) -> pd.DataFrame:
    """Return a table; absent layer names are empty strings, richness and other rationals stay text.

    Raises DataError for a file that is absent, empty, cut short or no table.
    """
    try:
        content = path.read_bytes()
        table = pd.read_csv(io.BytesIO(content), dtype={"richness": str, "layer": str, "cell": str})
    except (OSError, ValueError) as error:  # pandas' errors of parsing are ValueErrors
        raise _damaged(path, error) from error
    if table.empty or not content.endswith(b"\n") or not set(COLUMNS) <= set(table.columns):
        raise _damaged(path, "cut short")
    return table.fillna({"layer": ""})


def _damaged(path: Path, reason: object) -> DataError:
    return DataError(
        f"{path}: not a whole table ({reason}); delete it and run the workflow again "
        "(a published table: take it from the repository again)"
    )


def write_provenance(cells: Sequence[Path], output: Path) -> None:
    """Write one row a cell: its provenance, and its spec as JSON."""
    records = []
    for path in sorted(cells, key=lambda p: p.stem):
        spec, provenance = read_provenance(path)
        records.append(
            {"cell": path.stem, **provenance, "spec": json.dumps(spec, sort_keys=True, separators=(",", ":"))}
        )
    write_text(output, pd.DataFrame(records).to_csv(index=False, lineterminator="\n"))
