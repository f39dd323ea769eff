"""The ledger of claims: every paper's claims judged on its tables, and all of them in one file."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import pandas as pd

from infwidth.analysis.claims import COLUMNS, ledger
from infwidth.analysis.table import Table
from infwidth.files import write_text
from infwidth.papers import claims_of
from infwidth.results.tables import read_table


def judge(
    paper: str, tables: Mapping[tuple[str, str], Path], output: Path, figures: Collection[str] | None = None
) -> None:
    """Write the claims of one paper, judged on its tables; see :func:`judged`."""
    write_text(output, judged(paper, tables, figures).to_csv(index=False, lineterminator="\n"))


def judged(paper: str, tables: Mapping[tuple[str, str], Path], figures: Collection[str] | None = None) -> pd.DataFrame:
    """Return the claims of one paper, judged on its tables, (paper, experiment) → file.

    ``figures`` are those that were run, by default all. A claim of a figure that was not run is in the ledger all the
    same, with that verdict.
    """
    read = {name: Table(read_table(path), f"{of}.{name}") for (of, name), path in tables.items()}
    return ledger(paper, claims_of(paper), read, figures)


def collect(parts: Sequence[Path], output: Path) -> None:
    """Write all papers' claims in one file, with a column ``same_as``; see :func:`same_measurements`."""
    claims = pd.concat([_read(part)[list(COLUMNS)] for part in parts], ignore_index=True)
    claims = claims.assign(same_as=same_measurements(claims))[[*COLUMNS[:-1], "same_as", COLUMNS[-1]]]
    write_text(output, claims.to_csv(index=False, lineterminator="\n"))


def read_ledger(path: Path) -> pd.DataFrame:
    """Return all papers' claims, as :func:`collect` wrote them: texts are never missing, numbers may be."""
    return _read(path)


def same_measurements(claims: pd.DataFrame) -> pd.Series:
    """Return for each row, ``<paper>.<claim>``, the one that it is the same measurement as; empty for that one itself.

    The same is what has the same words, for statistic and threshold, on the same cells with the same result to the last
    bit. The one that counts is of the paper whose table it is, else the first.
    """
    names = claims["paper"] + "." + claims["claim"]
    owned = claims["tables"].str.partition(".")[0] == claims["paper"]
    ran = claims[claims["cells"] != ""].assign(owned=owned).sort_values("owned", ascending=False, kind="stable")
    same = ran.groupby(["expected", "cells", "measured", "ci_low", "ci_high", "n"], dropna=False).ngroup()
    counts = names[same.index].groupby(same).transform("first")
    return counts.reindex(claims.index).where(lambda counted: counted != names, "").fillna("")


def _read(path: Path) -> pd.DataFrame:
    texts = ("undecided_by", "tables", "cells", "same_as", "note")
    claims = pd.read_csv(path, dtype={"seeds_to_decide": "Int64", **dict.fromkeys(texts, "str")})
    return claims.fillna({name: "" for name in texts if name in claims})
