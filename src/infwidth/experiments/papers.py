"""The papers of the repository: their ``experiments.yaml`` read, brought to a scale, validated and expanded."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infwidth.errors import SpecError, nearest
from infwidth.experiments.cells import Cell, expand
from infwidth.experiments.like import models_of, resolved
from infwidth.experiments.scales import at_scale
from infwidth.experiments.settings import with_settings
from infwidth.experiments.twins import with_twins
from infwidth.papers import PAPERS_DIR, has_part, is_own, paper_folders
from infwidth.places import own_papers
from infwidth.specs.block import read
from infwidth.specs.document import OWN, Beyond, Document
from infwidth.yaml_file import read_yaml

SHARED = PAPERS_DIR / "shared.yaml"


@dataclass(frozen=True)
class Figure:
    """One figure of a paper: which of its experiments' tables it reads, and what its caption says."""

    paper: str
    name: str
    title: str
    caption: str
    tables: tuple[tuple[str, str], ...]  # (paper, experiment); a figure may read another paper's experiment

    @property
    def rule(self) -> str:
        """The figure's name in the workflow and in the catalog."""
        return f"{self.paper}_{self.name}"


@dataclass(frozen=True)
class Paper:
    """One paper at one scale: where it is, its experiments' cells and its figures; ``own``: not of this package."""

    name: str
    title: str
    reference: str
    cells: dict[str, tuple[Cell, ...]]  # by experiment, rounding twins last
    figures: tuple[Figure, ...]
    document: dict[str, Any]  # the whole file at this scale, annotations included
    own: bool = False
    beyond: Mapping[str, Beyond] = field(default_factory=dict)  # what cannot be rebuilt here, by the catalog's names

    @property
    def tables(self) -> list[tuple[str, str]]:
        """(paper, experiment) of all tables that its figures and claims may read: its own, then other papers'."""
        own = [(self.name, experiment) for experiment in self.cells]
        read = dict.fromkeys(table for figure in self.figures for table in figure.tables)
        return own + [table for table in read if table[0] != self.name]


def paper_names(*, own: bool = True) -> list[str]:
    """Return the names of all papers, sorted, those of one's own last; without ``own`` the built-in ones."""
    return list(paper_folders(own=own))


def load_paper(name: str, scale: str, settings: Mapping[str, Any] | None = None) -> Paper:
    """Read, validate and expand the experiments of paper ``name`` at ``scale``, with its changed ``settings``.

    Raises SpecError for an unknown paper, and for anything in its file that has no meaning: file, scale and key named.
    """
    folders = paper_folders()
    if name not in folders:
        raise SpecError(f"unknown paper '{name}'{nearest(name, folders)}; known: {', '.join(folders)}")
    own = is_own(name)
    where = f"{name}/experiments.yaml at scale {scale}"
    raw = at_scale(read_yaml(folders[name] / "experiments.yaml", where=where), scale, where=where)
    models: dict[str, list[str]] = {}
    if isinstance(raw, dict) and isinstance(raw.get("experiments"), dict):
        variants = raw["experiments"]
        said = resolved(variants, shared_blocks(scale, own=own), where=where)
        raw["experiments"] = with_settings(said, settings or {}, paper=name, scale=scale)
        models = {key: models_of(key, variants) for key in variants}
    if changed := [path for path in settings or {} if path.startswith(f"{name}.")]:
        where += f" with set {', '.join(changed)}"
    document = read(Document, raw, where=where, context=OWN if own else None)
    cells: dict[str, tuple[Cell, ...]] = {}
    for key, experiment in document.experiments.items():
        like = f" (like {', '.join(models[key])})" if models[key] else ""
        here = f"{where}: experiments.{key}{like}"
        cells[key] = tuple(with_twins(expand(experiment, where=here), experiment.noise_floor, scale=scale, where=here))
    figures = []
    for key, figure in document.figures.items():
        tables = []
        for table in figure.tables:
            paper, _, its_experiment = table.rpartition(".")
            if not paper and table not in cells:
                raise SpecError(f"{where}: figures.{key}.tables: no experiment '{table}'{nearest(table, cells)}")
            tables.append((paper or name, its_experiment))
        figures.append(Figure(name, key, figure.title, figure.caption.strip(), tuple(tables)))
    return Paper(name, document.title, document.reference, cells, tuple(figures), raw, own, document.beyond)


def check_parts(paper: Paper) -> None:
    """Raise SpecError, naming file and key, for a figure without its module, and for a paper without claims."""
    folder = paper_folders()[paper.name]
    for figure in paper.figures:
        if not has_part(folder, f"figures.{figure.name}"):
            drawn = sorted(file.stem for file in (folder / "figures").glob("[!_]*.py"))
            raise SpecError(
                f"{paper.name}/experiments.yaml: figures.{figure.name}: there is no {folder}/figures/{figure.name}.py"
                f"{nearest(figure.name, drawn)}; in it the function {figure.name}(tables) draws the figure"
            )
    if not has_part(folder, "claims"):
        raise SpecError(f"{folder}: there is no claims.py; it says CLAIMS = (…), or () for a paper without claims")


def shared_blocks(scale: str, *, own: bool = False) -> dict[str, Any]:
    """Return the blocks that all papers may be ``like`` (papers/shared.yaml), at a scale: block → name → values.

    With ``own`` also those of ``shared.yaml`` in the folder of one's own papers. Raises SpecError for a file that is
    no such mapping, and for a name of one's own that is there already.
    """
    shared = _blocks(SHARED, SHARED.name, scale)
    outside = own_papers() if own else None
    if outside and (file := outside / SHARED.name).exists():
        for block, named in _blocks(file, str(file), scale).items():
            known = shared.setdefault(block, {})
            if twice := sorted(known.keys() & named.keys()):
                raise SpecError(f"{file}: {block}.{twice[0]}: infwidth itself has a block of this name; rename yours")
            known |= named
    return shared


def _blocks(file: Path, name: str, scale: str) -> dict[str, dict[str, Any]]:
    where = f"{name} at scale {scale}"
    shared = at_scale(read_yaml(file, where=where), scale, where=where)
    if not isinstance(shared, dict) or not all(isinstance(blocks, dict) for blocks in shared.values()):
        raise SpecError(f"{where}: not a mapping of blocks to their names and values")
    return shared
