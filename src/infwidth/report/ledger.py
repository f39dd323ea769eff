"""The ledger of claims: every paper's claims judged on its tables, and all of them in one file."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import pandas as pd

from infwidth.analysis.claims import COLUMNS, ledger
from infwidth.analysis.table import Table
from infwidth.files import write_text
from infwidth.papers import paper_module
from infwidth.results.tables import read_table


def judge(paper: str, tables: Mapping[str, Path], output: Path, figures: Collection[str] | None = None) -> None:
    """Write the claims of one paper, judged on its tables (experiment → file); ``figures`` are those that were run.

    By default all. A claim of a figure that was not run is in the ledger all the same, with that verdict.
    """
    read = {name: Table(read_table(path), name) for name, path in tables.items()}
    rows = ledger(paper, paper_module(paper, "claims").CLAIMS, read, figures)
    write_text(output, rows.to_csv(index=False, lineterminator="\n"))


def collect(parts: Sequence[Path], output: Path) -> None:
    """Write all papers' claims in one file."""
    claims = pd.concat([pd.read_csv(part) for part in parts], ignore_index=True)[list(COLUMNS)]
    claims["note"] = claims["note"].fillna("")
    write_text(output, claims.to_csv(index=False, lineterminator="\n"))
