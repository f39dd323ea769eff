"""What the workflow is made of at one scale: papers, cells, tables and figures."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from infwidth.data.registry import datasets
from infwidth.errors import SpecError, nearest
from infwidth.experiments.catalog import OWN, Entry, read_catalog
from infwidth.experiments.cells import Cell
from infwidth.experiments.papers import Figure, Paper, check_parts, load_paper, paper_names
from infwidth.experiments.rehearsal import REHEARSAL, rehearsed
from infwidth.experiments.settings import check_papers, name_of
from infwidth.plan.captions import with_data
from infwidth.plan.data_facts import check_images
from infwidth.specs.cells import Train

#: Characters that a folder's name may have; file systems allow 255.
_LONGEST = 120


@dataclass(frozen=True)
class Graph:
    """What is to be built at one scale: all figures, or those asked for, with their tables and cells."""

    scale: str  # as results are filed: of a rehearsal, or of changed settings, a name of its own
    papers: dict[str, Paper]
    cells: dict[str, Cell]  # also those that others join, which come before them
    left_out: tuple[str, ...]  # figures that were not asked for
    titles: dict[str, str]  # of all papers with experiments, also of those that were not asked for
    settings: Mapping[str, Any] = field(default_factory=dict)  # changed for this run: path → value
    own: tuple[Figure, ...] = ()  # all figures of papers of one's own, also those that were not asked for
    beyond: Mapping[str, str] = field(default_factory=dict)  # figure that cannot be rebuilt here → why, of all papers

    @property
    def figures(self) -> list[Figure]:
        """All figures of all papers."""
        return [figure for paper in self.papers.values() for figure in paper.figures]

    @property
    def tables(self) -> list[tuple[str, str]]:
        """All (paper, experiment)."""
        return [(paper.name, experiment) for paper in self.papers.values() for experiment in paper.cells]

    @property
    def catalog(self) -> list[Entry]:
        """The catalog of the repository, then the figures of one's own."""
        own = [Entry(figure.paper, figure.name, figure.title, OWN, 1) for figure in self.own]
        return [*read_catalog(), *own]

    @property
    def folder(self) -> str:
        """Where claims and report of these figures lie, within ``results``: a part never replaces the whole.

        The folder of the scale, or of some figures one within it that has their names.
        """
        if not self.left_out:
            return self.scale
        rules = sorted(figure.rule for figure in self.figures)
        name = "+".join(rules)
        if len(name) > _LONGEST:
            name = f"{rules[0]}+{len(rules) - 1}_more_{hashlib.sha256(name.encode()).hexdigest()[:8]}"
        return f"{self.scale}/only/{name}"

    @property
    def table_cells(self) -> list[Cell]:
        """The cells behind all tables, each once: without those that others join, of which these tell."""
        return [cell for cell in self.cells.values() if not (isinstance(cell.spec, Train) and cell.spec.apart)]

    def cells_of(self, paper: str, experiment: str) -> tuple[Cell, ...]:
        """Return the cells behind a table, in its order."""
        return self.papers[paper].cells[experiment]

    def tables_of(self, name: str) -> list[tuple[str, str]]:
        """Return (paper, experiment) of a table ``paper.experiment``, or of all tables of a figure ``paper_figure``.

        Raises SpecError for a name that is neither.
        """
        figures = {figure.rule: list(figure.tables) for figure in self.figures}
        tables = {f"{paper}.{experiment}": [(paper, experiment)] for paper, experiment in self.tables}
        found = {**figures, **tables}.get(name)
        if found is None:
            hint = nearest(name, tables if "." in name else figures)
            raise SpecError(
                f"no figure and no table '{name}'{hint}; names are like vyas2023_fig1 and vyas2023.language"
            )
        return found

    def cells_of_figure(self, figure: Figure) -> dict[str, Cell]:
        """Return the cells behind a figure, by id, also those that others join."""
        tops = (cell for table in figure.tables for cell in self.cells_of(*table))
        return {cell.id: cell for top in tops for cell in (*top.members, top)}


def _selected(papers: dict[str, Paper], figures: str) -> dict[str, Paper]:
    """Return the papers with only the ``figures`` named and their experiments.

    ``figures`` are names of figures, or of papers, which stand for all of theirs, separated by commas.
    """
    known = {figure.rule: [figure.rule] for paper in papers.values() for figure in paper.figures}
    known |= {name: [figure.rule for figure in paper.figures] for name, paper in papers.items()}
    wanted = set()
    for name in (part.strip() for part in figures.split(",")):
        if name not in known:
            raise SpecError(
                f"config: figures: no figure '{name}'{nearest(name, known)}; 'all', or names of figures or papers"
            )
        wanted.update(known[name])
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


def _check_data(paper: str, experiment: str, cells: Iterable[Cell]) -> None:
    for cell in cells:
        try:
            check_images(cell.spec)
        except SpecError as error:
            raise SpecError(f"{paper}/experiments.yaml: experiments.{experiment}: {error}") from None


def _rehearsed(paper: Paper) -> Paper:
    return replace(paper, cells={name: tuple(map(rehearsed, cells)) for name, cells in paper.cells.items()})


def load_graph(
    scale: str, figures: str = "all", settings: Mapping[str, Any] | None = None, *, own: bool = True
) -> Graph:
    """Read all papers at ``scale``; keep ``figures``: all, or names separated by commas.

    Papers of one's own are among them, unless ``own`` is false.

    A ``scale`` that ends in ``_rehearsal`` is the rehearsal of that scale (:mod:`infwidth.experiments.rehearsal`).
    ``settings`` change what experiments say (:mod:`infwidth.experiments.settings`); the graph's scale then has a name
    of their own, so that its results never replace those of the papers. Raises SpecError naming file and key for
    anything that has no meaning.
    """
    settings = dict(settings or {})
    names = paper_names(own=own)
    datasets()  # a mistake in data_sets.yaml is no mistake of a paper
    check_papers(settings, names)
    everything = {name: load_paper(name, scale.removesuffix(REHEARSAL), settings) for name in names}
    if scale.endswith(REHEARSAL):
        everything = {name: _rehearsed(paper) for name, paper in everything.items()}
    for paper in everything.values():
        _check_tables(paper, everything)
        if paper.own:
            check_parts(paper)
    everything = with_data(everything)
    papers = everything if figures == "all" else _selected(everything, figures)
    kept = {figure.rule for paper in papers.values() for figure in paper.figures}
    left_out = [f.rule for paper in everything.values() for f in paper.figures if f.rule not in kept]
    cells: dict[str, Cell] = {}
    for paper in papers.values():
        for name, experiment in paper.cells.items():
            _check_data(paper.name, name, experiment)
            for cell in (one for top in experiment for one in (*top.members, top)):
                known = cells.setdefault(cell.id, cell)
                if known.spec != cell.spec:
                    raise SpecError(f"two different cells share the name {cell.id}; lengthen cell_id")
    titles = {name: paper.title for name, paper in everything.items()}
    outside = tuple(figure for paper in everything.values() if paper.own for figure in paper.figures)
    beyond = {f"{name}_{figure}": its.why for name, paper in everything.items() for figure, its in paper.beyond.items()}
    return Graph(name_of(scale, settings), papers, cells, tuple(left_out), titles, settings, outside, beyond)


def in_catalog_order(papers: Iterable[Paper], catalog: Sequence[Entry]) -> list[Paper]:
    """Return the papers that have figures, and their figures, in the order of the catalog, which has all of them."""
    place = {entry.rule: number for number, entry in enumerate(catalog)}
    ordered = [
        replace(paper, figures=tuple(sorted(paper.figures, key=lambda figure: place[figure.rule])))
        for paper in papers
        if paper.figures
    ]
    return sorted(ordered, key=lambda paper: place[paper.figures[0].rule])
