"""What the workflow is made of at one scale: papers, cells, tables, figures, and the code each step depends on."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from infwidth.errors import SpecError
from infwidth.experiments.cells import Cell
from infwidth.experiments.papers import Figure, Paper, load_paper, paper_names

_PACKAGE = Path(__file__).parents[1]

#: The source folders and files behind each kind of job; a change in them reruns the job. Paths within the package.
CODE = {
    "prepare": ("data", "seeding.py", "results/atomic.py"),
    "train": (
        "training",
        "models",
        "data",
        "parametrization",
        "results",
        "seeding.py",
        "experiments/identity.py",
        "workflow/cell.py",
    ),
    "limit": (
        "limits",
        "data",
        *(f"parametrization/{part}.py" for part in ("exponents", "gauge", "linear", "rationals", "solver")),
        "results",
        "seeding.py",
        "workflow/cell.py",
        "workflow/limit_rows.py",
    ),
    "table": ("results", "workflow/tables.py"),
    "figure": ("plotting", "analysis", "workflow/figures.py"),
    "claims": ("analysis", "workflow/ledger.py"),
}


def code_hash(paths: Iterable[str]) -> str:
    """Return a digest of the Python and style files under ``paths`` (within the package): names and contents."""
    digest = hashlib.sha256()
    for part in paths:
        path = _PACKAGE / part
        files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.suffix in (".py", ".mplstyle"))
        for file in files:
            digest.update(file.relative_to(_PACKAGE).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


@dataclass(frozen=True)
class Graph:
    """Everything there is to build at one scale."""

    scale: str
    papers: dict[str, Paper]
    cells: dict[str, Cell]

    @property
    def figures(self) -> list[Figure]:
        """All figures of all papers."""
        return [figure for paper in self.papers.values() for figure in paper.figures]

    @property
    def tables(self) -> list[tuple[str, str]]:
        """All (paper, experiment)."""
        return [(paper.name, experiment) for paper in self.papers.values() for experiment in paper.cells]

    def cells_of(self, paper: str, experiment: str) -> tuple[Cell, ...]:
        """Return the cells behind a table, in its order."""
        return self.papers[paper].cells[experiment]

    def cells_of_figure(self, figure: Figure) -> dict[str, Cell]:
        """Return the cells behind a figure, by id."""
        return {cell.id: cell for table in figure.tables for cell in self.cells_of(figure.paper, table)}

    def datasets(self) -> list[str]:
        """Return the names of all data sets that cells read, sorted."""
        return sorted({cell.spec["data"]["name"] for cell in self.cells.values() if "data" in cell.spec})


def load_graph(scale: str, schemas: Path) -> Graph:
    """Read all papers at ``scale``. Raises SpecError naming file and key for anything that has no meaning."""
    papers = {name: load_paper(name, scale, schemas) for name in paper_names()}
    cells: dict[str, Cell] = {}
    for paper in papers.values():
        for experiment in paper.cells.values():
            for cell in experiment:
                known = cells.setdefault(cell.id, cell)
                if known.spec != cell.spec:
                    raise SpecError(f"two different cells share the name {cell.id}; lengthen cell_id")
    return Graph(scale, papers, cells)
