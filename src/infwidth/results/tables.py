"""Tables: the rows of an experiment's cells under the axes it sweeps, and the provenance of all cells."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from infwidth.errors import DataError
from infwidth.files import write_text
from infwidth.results.cell_file import read_cell, read_joined, read_provenance
from infwidth.results.parquet import Unreadable, read_parquet, write_parquet
from infwidth.results.rows import COLUMNS


def gather(rows: Mapping[str, pd.DataFrame], axes: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """Return the table of one experiment: the rows of its cells (cell → rows), in order, under the axes it sweeps.

    ``axes`` maps a cell to what tells it from the others; an axis that is null, as the width of a limit, or that a cell
    does not have, as the perturbation of what is no twin, is NaN.
    """
    frame = pd.concat([part.assign(cell=cell) for cell, part in rows.items()], ignore_index=True)
    names = list(dict.fromkeys(name for of_cell in axes.values() for name in of_cell))
    for position, name in enumerate(names):
        # A series of the values themselves, so that pandas sees which kind of column they make together.
        frame.insert(position, name, pd.Series([axes[cell].get(name) for cell in frame["cell"]]))
    return frame[[*names, "cell", *COLUMNS]]


def write_table(cells: Sequence[Path], axes: Mapping[str, Mapping[str, Any]], output: Path) -> None:
    """Write the tidy table (parquet) of one experiment from the files of its cells; see :func:`gather`."""
    write_parquet(gather({path.stem: read_cell(path) for path in cells}, axes), output)


def read_table(path: Path) -> pd.DataFrame:
    """Return a table as :func:`gather` made it.

    Raises DataError for a file that is absent, damaged or no table.
    """
    try:
        table = read_parquet(path)
    except Unreadable as error:
        raise _damaged(path, error) from error
    if table.empty or not set(COLUMNS) <= set(table.columns):
        raise _damaged(path, "it has no rows, or lacks columns of every table")
    return table


def _damaged(path: Path, reason: object) -> DataError:
    return DataError(
        f"{path}: not a whole table ({' '.join(str(reason).split())}); delete it and run the workflow again "
        "(a published table: take it from the repository again)"
    )


def write_provenance(cells: Sequence[Path], output: Path) -> None:
    """Write one row a cell, also of those that others join: its provenance, and its spec as JSON."""
    told: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
    for path in cells:
        told[path.stem] = read_provenance(path)
        told |= {one["provenance"]["cell"]: (one["spec"], one["provenance"]) for one in read_joined(path)}
    records = [
        {"cell": cell, **provenance, "spec": json.dumps(spec, sort_keys=True, separators=(",", ":"))}
        for cell, (spec, provenance) in sorted(told.items())
    ]
    write_text(output, pd.DataFrame(records).to_csv(index=False, lineterminator="\n"))
