"""What planning asks of the file of a cell; nothing heavy is imported for it."""

from pathlib import Path
from typing import NamedTuple


class CellFacts(NamedTuple):
    """What a whole cell says of itself: by which code and on which data it was made, and of what.

    ``rows`` is the digest of its rows, with that of the file beside it if it has one; ``joined`` tells those of the
    cells that it joins, as JSON.
    """

    code: str
    data: str
    rows: str
    joined: str


def outputs_file(cell: Path) -> Path:
    """Return the file beside that of a cell of one seed, of what probes kept of its nets for ensembles."""
    return cell.with_suffix(".npz")
