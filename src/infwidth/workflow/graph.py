"""What the workflow is made of at one scale: papers, cells, tables, figures, and the code each step depends on."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from infwidth.errors import SpecError, nearest
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
        "parametrization",
        "results",
        "analysis/dichotomy.py",
        "analysis/polyhedra.py",
        "seeding.py",
        "experiments/identity.py",
        "workflow/abc_space.py",
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
    """What is to be built at one scale: all figures, or those asked for, with their tables and cells."""

    scale: str
    papers: dict[str, Paper]
    cells: dict[str, Cell]
    left_out: tuple[str, ...]  # figures that were not asked for

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


def _selected(papers: dict[str, Paper], figures: str) -> dict[str, Paper]:
    """Return the papers with only the figures named in ``figures`` (separated by commas) and their experiments."""
    known = [figure.rule for paper in papers.values() for figure in paper.figures]
    wanted = [name.strip() for name in figures.split(",")]
    for name in wanted:
        if name not in known:
            raise SpecError(f"config: figures: no figure '{name}'{nearest(name, known)}; 'all' or names of figures")
    chosen = {}
    for name, paper in papers.items():
        kept = tuple(figure for figure in paper.figures if figure.rule in wanted)
        tables = {table for figure in kept for table in figure.tables}
        if kept:
            cells = {key: value for key, value in paper.cells.items() if key in tables}
            chosen[name] = replace(paper, figures=kept, cells=cells)
    return chosen


def load_graph(scale: str, schemas: Path, figures: str = "all") -> Graph:
    """Read all papers at ``scale``; keep ``figures``: all, or names separated by commas.

    Raises SpecError naming file and key for anything that has no meaning.
    """
    everything = {name: load_paper(name, scale, schemas) for name in paper_names()}
    papers = everything if figures == "all" else _selected(everything, figures)
    kept = {figure.rule for paper in papers.values() for figure in paper.figures}
    left_out = [f.rule for paper in everything.values() for f in paper.figures if f.rule not in kept]
    cells: dict[str, Cell] = {}
    for paper in papers.values():
        for experiment in paper.cells.values():
            for cell in experiment:
                known = cells.setdefault(cell.id, cell)
                if known.spec != cell.spec:
                    raise SpecError(f"two different cells share the name {cell.id}; lengthen cell_id")
    return Graph(scale, papers, cells, tuple(left_out))
