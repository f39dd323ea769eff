"""What the workflow is made of at one scale: papers, cells, tables, figures, and the code each step depends on."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from infwidth.errors import SpecError, nearest
from infwidth.experiments.catalog import Entry
from infwidth.experiments.cells import Cell
from infwidth.experiments.papers import Figure, Paper, load_paper, paper_names
from infwidth.specs.cells import Solve

_PACKAGE = Path(__file__).parents[1]

#: What loads prepared data; how it is prepared decides no number that the digest in the provenance does not tell.
_LOADING = tuple(f"data/{name}.py" for name in ("drawings", "images", "load", "record", "streams", "tokens"))

#: The source folders and files behind each kind of job; a change in them reruns the job. Paths within the package.
CODE = {
    "prepare": ("data", "files.py", "seeding.py"),
    "train": (
        "training",
        "activations",
        "models",
        *_LOADING,
        "parametrization",
        "results/cell_file.py",
        "results/rows.py",
        "seeding.py",
        "specs",
        "workflow/cell.py",
    ),
    "solve": (
        "activations",
        "limits",
        *_LOADING,
        "data/tasks.py",
        "parametrization",
        "results/cell_file.py",
        "results/rows.py",
        "seeding.py",
        "specs",
        "solve",
        "workflow/cell.py",
    ),
    "table": ("results",),
    "figure": ("plotting", "analysis", "topics", "workflow/figures.py"),
    "claims": ("analysis", "topics", "report/ledger.py"),
    "catalog": ("papers/catalog.csv", "experiments/catalog.py", "report/catalog.py", "plan/cost.py"),
    "pages": ("papers/catalog.csv", "plan/cost.py", "report"),
}


def code_hash(paths: Iterable[str]) -> str:
    """Return a digest of the Python and style files under ``paths`` (within the package): names and contents."""
    return _code_hash(tuple(paths))


@cache  # hundreds of rules share a few lists of paths
def _code_hash(paths: tuple[str, ...]) -> str:
    digest = hashlib.sha256()
    for part in paths:
        path = _PACKAGE / part
        files = [path] if path.is_file() else sorted(path.rglob("*.py"))
        for file in files:
            digest.update(file.relative_to(_PACKAGE).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def solve_code(cells: Iterable[Cell]) -> tuple[str, ...]:
    """Return the paths behind computations: those of all of them and, for a paper's own, its modules."""
    papers = {cell.spec.solve.name.rpartition(".")[0] for cell in cells if isinstance(cell.spec, Solve)} - {""}
    return (*CODE["solve"], *(f"papers/{paper}/{part}.py" for paper in sorted(papers) for part in ("solve", "limits")))


@dataclass(frozen=True)
class Bundle:
    """Cells that one job computes in turn; ``name`` is that of their experiment, numbered where it has more jobs."""

    name: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Graph:
    """What is to be built at one scale: all figures, or those asked for, with their tables and cells."""

    scale: str
    papers: dict[str, Paper]
    cells: dict[str, Cell]
    left_out: tuple[str, ...]  # figures that were not asked for
    titles: dict[str, str]  # of all papers with experiments, also of those that were not asked for

    @property
    def figures(self) -> list[Figure]:
        """All figures of all papers."""
        return [figure for paper in self.papers.values() for figure in paper.figures]

    @property
    def tables(self) -> list[tuple[str, str]]:
        """All (paper, experiment)."""
        return [(paper.name, experiment) for paper in self.papers.values() for experiment in paper.cells]

    def bundles(self, kind: str) -> list[Bundle]:
        """Return the jobs for all cells of a kind, train or solve: a cell each, at smoke scale an experiment each.

        There a cell takes less time than the start of the process that computes it, which imports torch. A cell that
        several experiments share belongs to the first.
        """
        bundles, seen = [], set()
        for paper, experiment in self.tables:
            fresh = [cell for cell in self.cells_of(paper, experiment) if cell.kind == kind and cell.id not in seen]
            seen |= {cell.id for cell in fresh}
            name = f"{kind}_{paper}_{experiment}"
            if self.scale == "smoke":
                bundles += [Bundle(name, tuple(fresh))] if fresh else []
            else:
                bundles += [Bundle(f"{name}_{number}", (cell,)) for number, cell in enumerate(fresh, start=1)]
        return bundles

    def cells_of(self, paper: str, experiment: str) -> tuple[Cell, ...]:
        """Return the cells behind a table, in its order."""
        return self.papers[paper].cells[experiment]

    def cells_of_figure(self, figure: Figure) -> dict[str, Cell]:
        """Return the cells behind a figure, by id."""
        return {cell.id: cell for table in figure.tables for cell in self.cells_of(*table)}


def _selected(papers: dict[str, Paper], figures: str) -> dict[str, Paper]:
    """Return the papers with only the figures named in ``figures`` (separated by commas) and their experiments."""
    known = [figure.rule for paper in papers.values() for figure in paper.figures]
    wanted = [name.strip() for name in figures.split(",")]
    for name in wanted:
        if name not in known:
            raise SpecError(f"config: figures: no figure '{name}'{nearest(name, known)}; 'all' or names of figures")
    kept = {name: tuple(f for f in paper.figures if f.rule in wanted) for name, paper in papers.items()}
    tables = {table for figures in kept.values() for figure in figures for table in figure.tables}
    chosen = {}
    for name, paper in papers.items():
        cells = {key: value for key, value in paper.cells.items() if (name, key) in tables}
        if cells or kept[name]:
            chosen[name] = replace(paper, figures=kept[name], cells=cells)
    return chosen


def _check_tables(paper: Paper, papers: dict[str, Paper]) -> None:
    """Raise SpecError if a figure reads a table that there is not, or two of one name."""
    for figure in paper.figures:
        where = f"{paper.name}/experiments.yaml: figures.{figure.name}.tables"
        for other, experiment in figure.tables:
            if other not in papers:
                raise SpecError(f"{where}: no paper '{other}'{nearest(other, papers)}")
            if experiment not in papers[other].cells:
                hint = nearest(experiment, papers[other].cells)
                raise SpecError(f"{where}: {other} has no experiment '{experiment}'{hint}")
    names = [experiment for _, experiment in paper.tables]
    if twice := {name for name in names if names.count(name) > 1}:
        raise SpecError(f"{paper.name}/experiments.yaml reads two tables called {', '.join(sorted(twice))}; rename one")


def load_graph(scale: str, figures: str = "all") -> Graph:
    """Read all papers at ``scale``; keep ``figures``: all, or names separated by commas.

    Raises SpecError naming file and key for anything that has no meaning.
    """
    everything = {name: load_paper(name, scale) for name in paper_names()}
    for paper in everything.values():
        _check_tables(paper, everything)
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
    titles = {name: paper.title for name, paper in everything.items()}
    return Graph(scale, papers, cells, tuple(left_out), titles)


def in_catalog_order(papers: Iterable[Paper], catalog: Sequence[Entry]) -> list[Paper]:
    """Return the papers that have figures, and their figures, in the order of the catalog, which has all of them."""
    place = {entry.rule: number for number, entry in enumerate(catalog)}
    ordered = [
        replace(paper, figures=tuple(sorted(paper.figures, key=lambda figure: place[figure.rule])))
        for paper in papers
        if paper.figures
    ]
    return sorted(ordered, key=lambda paper: place[paper.figures[0].rule])
