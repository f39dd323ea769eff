"""The papers of the repository: their ``experiments.yaml`` read, brought to a scale, validated and expanded."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infwidth.errors import SpecError, nearest
from infwidth.experiments.cells import Cell, expand
from infwidth.experiments.like import models_of, resolved
from infwidth.experiments.scales import at_scale
from infwidth.experiments.settings import with_settings
from infwidth.experiments.source import read_yaml
from infwidth.experiments.twins import with_twins
from infwidth.specs.block import read
from infwidth.specs.document import Document

PAPERS_DIR = Path(__file__).parents[1] / "papers"
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
    """One paper at one scale: where it is, its experiments' cells and its figures."""

    name: str
    title: str
    reference: str
    cells: dict[str, tuple[Cell, ...]]  # by experiment, rounding twins last
    figures: tuple[Figure, ...]
    document: dict[str, Any]  # the whole file at this scale, annotations included

    @property
    def tables(self) -> list[tuple[str, str]]:
        """(paper, experiment) of all tables that its figures and claims may read: its own, then other papers'."""
        own = [(self.name, experiment) for experiment in self.cells]
        read = dict.fromkeys(table for figure in self.figures for table in figure.tables)
        return own + [table for table in read if table[0] != self.name]


def paper_names() -> list[str]:
    """Return the names of all paper folders, sorted."""
    return sorted(path.parent.name for path in PAPERS_DIR.glob("*/experiments.yaml"))


def load_paper(name: str, scale: str, settings: Mapping[str, Any] | None = None) -> Paper:
    """Read, validate and expand the experiments of paper ``name`` at ``scale``, with its changed ``settings``.

    Raises SpecError for an unknown paper, and for anything in its file that has no meaning: file, scale and key named.
    """
    if name not in paper_names():
        raise SpecError(f"unknown paper '{name}'{nearest(name, paper_names())}; known: {', '.join(paper_names())}")
    where = f"{name}/experiments.yaml at scale {scale}"
    raw = at_scale(read_yaml(PAPERS_DIR / name / "experiments.yaml", where=where), scale, where=where)
    models: dict[str, list[str]] = {}
    if isinstance(raw, dict) and isinstance(raw.get("experiments"), dict):
        variants = raw["experiments"]
        said = resolved(variants, shared_blocks(scale), where=where)
        raw["experiments"] = with_settings(said, settings or {}, paper=name, scale=scale)
        models = {key: models_of(key, variants) for key in variants}
    if changed := [path for path in settings or {} if path.startswith(f"{name}.")]:
        where += f" with set {', '.join(changed)}"
    document = read(Document, raw, where=where)
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
    return Paper(name, document.title, document.reference, cells, tuple(figures), raw)


def shared_blocks(scale: str) -> dict[str, Any]:
    """Return the blocks that all papers may be ``like`` (papers/shared.yaml), at a scale: block → name → values."""
    where = f"{SHARED.name} at scale {scale}"
    shared = at_scale(read_yaml(SHARED, where=where), scale, where=where)
    if not isinstance(shared, dict) or not all(isinstance(blocks, dict) for blocks in shared.values()):
        raise SpecError(f"{where}: not a mapping of blocks to their names and values")
    return shared
