"""Where else published claims were judged: the verdicts of runs on other machines, kept beside the published ledger.

Digits are not the same on another processor, verdicts should be. Publishing the run of another machine replaces tables
and ledger; what they said before stays in ``elsewhere.csv``, a row a claim, of the last run of each class of machines.
"""

from pathlib import Path

import pandas as pd

from infwidth.files import write_text
from infwidth.plan.graph import load_graph
from infwidth.report.ledger import judged
from infwidth.report.numbers import number
from infwidth.results.tables import read_table

FILE = "elsewhere.csv"
#: ``expected`` and ``cells`` are the ledger's: what a claim measures, and on which cells. Others are not comparable.
COLUMNS = ("paper", "claim", "expected", "cells", "machine", "commit", "measured", "verdict")
_SAME = ["paper", "claim", "expected", "cells"]
_ABSENT = "a processor that was not recorded"


def machine_class(cells: pd.DataFrame) -> str:
    """Return what decides how the numbers of a run were rounded: processors or GPUs, and threads where several."""
    named = cells["processor"].fillna(_ABSENT) if "processor" in cells else pd.Series(_ABSENT, index=cells.index)
    named = named.where(cells["device"] == "cpu", cells["device"])
    threads = cells["threads"].map(lambda count: f", {count} threads" if count > 1 else "")
    return " + ".join(sorted((named + threads).unique()))


def read_elsewhere(folder: Path) -> pd.DataFrame:
    """Return the verdicts kept beside the ledger in ``folder``; no rows where there are none.

    An earlier run of the ledger's own class of machines may be among them.
    """
    file = folder / FILE
    return pd.read_csv(file, dtype={"cells": "str"}) if file.exists() else pd.DataFrame(columns=list(COLUMNS))


def keep_elsewhere(before: Path, now: Path) -> None:
    """Write beside the ledger in ``now`` what other machines said: what ``before`` kept, and its own verdicts.

    Those of ``before`` are judged anew on its tables, by the statistics of now. What is no longer measured is left
    out: other words, or other cells.
    """
    claims = pd.read_csv(now / "claims.csv", dtype={"cells": "str"})
    known = [read_elsewhere(before)]
    here = machine_class(pd.read_csv(now / "cells.csv"))
    if (before / "cells.csv").exists() and machine_class(pd.read_csv(before / "cells.csv")) != here:
        known.append(_verdicts(before))
    rows = pd.concat([part for part in known if len(part)] or known[:1], ignore_index=True)
    rows = rows.drop_duplicates(["paper", "claim", "machine", "commit"])  # what was noted first
    rows = rows.drop_duplicates(["paper", "claim", "machine"], keep="last")
    rows = rows.merge(claims[claims["n"] > 0][_SAME], on=_SAME)[list(COLUMNS)]
    if len(rows):
        write_text(now / FILE, rows.to_csv(index=False, lineterminator="\n"))


def _verdicts(folder: Path) -> pd.DataFrame:
    """Return what the tables of a published scale say to the claims of now, of cells whose provenance is told."""
    cells = pd.read_csv(folder / "cells.csv")

    def is_told(file: Path) -> bool:
        return file.exists() and set(read_table(file)["cell"]) <= set(cells["cell"])

    parts = []
    for paper in load_graph(folder.name, own=False).papers.values():
        files = {(of, name): folder / "tables" / of / f"{name}.parquet" for of, name in paper.tables}
        parts.append(judged(paper.name, {table: file for table, file in files.items() if is_told(file)}))
    rows = pd.concat(parts, ignore_index=True)
    commit = ", ".join(sorted(cells["commit"].unique()))
    return rows[rows["n"] > 0].assign(machine=machine_class(cells), commit=commit)[list(COLUMNS)]


def agreements(claims: pd.DataFrame, elsewhere: pd.DataFrame) -> dict[str, str]:
    """Return ``<paper>.<claim>`` → on how many classes of machines its verdict is the same, and what others say."""
    both = claims[["verdict", *_SAME]].merge(elsewhere, on=_SAME, suffixes=("_here", ""))
    found = {}
    for (paper, claim), rows in both.groupby(["paper", "claim"], sort=False):
        differing = rows[rows["verdict"] != rows["verdict_here"]]
        words = f"same verdict on {1 + len(rows) - len(differing)} of {1 + len(rows)} machines"
        others = [
            f"{row['verdict']} ({number(row['measured'])}) on {row['machine']}" for row in differing.to_dict("records")
        ]
        found[f"{paper}.{claim}"] = "; ".join([words, *others])
    return found
