"""The catalog: every figure the project sets out to rebuild, read from ``papers/catalog.csv``."""

import csv
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from infwidth.errors import SpecError, nearest
from infwidth.papers import PAPERS_DIR

CATALOG = PAPERS_DIR / "catalog.csv"
TITLES = PAPERS_DIR / "catalog_titles.csv"  # of papers that have no experiments.yaml yet
COLUMNS = ["paper", "figure", "what", "cost", "stage"]

#: The stage of figures that the paper does not have.
OURS = "ours"

#: Cost classes of the catalog: what the smallest rebuild that shows the effect takes on two cores.
COSTS = {
    "C0": "under a minute",
    "C1": "minutes",
    "C2": "minutes reduced, up to hours in full",
    "G": "wants a GPU",
    "X": "beyond one machine",
}
#: In place of a cost class: a figure of one's own, whose row follows from its paper.
OWN = "own"


@dataclass(frozen=True)
class Entry:
    """One figure of the catalog: what it shows, its cost class (a key of COSTS, or OWN), the stage of the work.

    Stage 0 is that of figures of ours: they measure what the paper's text says and no figure of it shows.
    """

    paper: str
    figure: str
    what: str
    cost: str
    stage: int

    @property
    def ours(self) -> bool:
        """Whether the paper has no such figure."""
        return self.stage == 0 and self.cost != OWN

    @property
    def rule(self) -> str:
        """The figure's name in the workflow."""
        return f"{self.paper}_{self.figure}"


def read_catalog(file: Path = CATALOG) -> list[Entry]:
    """Return the catalog, in its order.

    Raises SpecError naming file, line and value for anything that has no meaning.
    """
    with file.open(encoding="utf-8", newline="") as text:
        rows = list(csv.reader(text))
    if not rows or rows[0] != COLUMNS:
        raise SpecError(f"{file.name}: the first line is not '{','.join(COLUMNS)}'")
    entries: dict[str, Entry] = {}
    for number, row in enumerate(rows[1:], start=2):
        where = f"{file.name}, row {number}"
        if len(row) != len(COLUMNS):
            raise SpecError(f"{where}: {len(row)} fields instead of {len(COLUMNS)}; quote a text that holds commas")
        paper, figure, what, cost, stage = row
        if not re.fullmatch(r"[a-z]+[0-9]{4}[a-z]*", paper) or not re.fullmatch(r"[a-z0-9_]+", figure):
            raise SpecError(f"{where}: '{paper}', '{figure}' are not names of a paper (author2021) and a figure")
        if not what.strip():
            raise SpecError(f"{where}: {paper}_{figure} does not say what it shows")
        if cost not in COSTS:
            raise SpecError(f"{where}: unknown cost class '{cost}'; known: {', '.join(COSTS)}")
        if not re.fullmatch(rf"[1-9]|{OURS}", stage):
            raise SpecError(
                f"{where}: stage '{stage}' is not a number from 1, nor '{OURS}' for a figure beyond the paper's"
            )
        entry = Entry(paper, figure, what, cost, 0 if stage == OURS else int(stage))
        if entry.rule in entries:
            raise SpecError(f"{where}: {entry.rule} is there twice")
        entries[entry.rule] = entry
    return list(entries.values())


def read_titles(file: Path = TITLES) -> dict[str, str]:
    """Return the titles of the papers of the catalog that have no experiments.yaml yet."""
    with file.open(encoding="utf-8", newline="") as text:
        return {row["paper"]: row["title"] for row in csv.DictReader(text)}


def check_catalog(catalog: Sequence[Entry], built: Collection[str], beyond: Collection[str] = ()) -> None:
    """Raise SpecError if the code has a figure that the catalog has not, or that it says cannot be rebuilt.

    And if a figure of ours is in the catalog but not in the code, for such rows promise nothing; or if a paper says of
    a figure that it is ``beyond`` what can be rebuilt, of which the catalog does not.
    """
    cost = {entry.rule: entry.cost for entry in catalog}
    for name in built:
        if name not in cost:
            raise SpecError(
                f"papers/catalog.csv has no figure '{name}'{nearest(name, cost)}; name it as there, or add its row"
            )
        if cost[name] == "X":
            raise SpecError(f"papers/catalog.csv: {name} is of class X, cannot be rebuilt, but the code draws it")
    for name in beyond:
        if cost.get(name) != "X":
            known = [other for other, its in cost.items() if its == "X"]
            raise SpecError(
                f"experiments.yaml: beyond: papers/catalog.csv has no figure '{name}' of class X{nearest(name, known)}"
            )
    if gone := [entry.rule for entry in catalog if entry.ours and entry.rule not in built]:
        raise SpecError(f"papers/catalog.csv: {gone[0]} is of stage '{OURS}', but no code draws it; take its row out")
