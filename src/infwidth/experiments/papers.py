"""The papers of the repository: their ``experiments.yaml`` read, brought to a scale, validated and expanded."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from infwidth.errors import SpecError, nearest
from infwidth.experiments.cells import PAPERS_DIR, Cell, expand
from infwidth.experiments.scales import at_scale
from infwidth.experiments.validation import check_plain, validate


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
    cells: dict[str, tuple[Cell, ...]]  # by experiment
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


def load_paper(name: str, scale: str, schemas: Path) -> Paper:
    """Read, validate and expand the experiments of paper ``name`` at ``scale``; ``schemas`` is the folder of schemas.

    Raises SpecError for an unknown paper, and for anything in its file that has no meaning: file, scale and key named.
    """
    if name not in paper_names():
        raise SpecError(f"unknown paper '{name}'{nearest(name, paper_names())}; known: {', '.join(paper_names())}")
    file = PAPERS_DIR / name / "experiments.yaml"
    where = f"{name}/experiments.yaml at scale {scale}"
    try:
        raw = yaml.load(file.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except RecursionError as error:
        raise SpecError(f"{file}: not valid YAML: nested too deeply") from error
    except (yaml.YAMLError, ValueError) as error:  # ValueError: not UTF-8, the 99th of a month, a number of 5000 digits
        raise SpecError(f"{file}: not valid YAML: {error}") from error
    check_plain(raw, where=where)
    document = at_scale(raw, scale, where=where)
    validate(document, schemas / "experiments.schema.json", where=where)
    cells = {
        key: tuple(expand(experiment, schemas / "cell.schema.json", where=f"{where}: experiments.{key}"))
        for key, experiment in document["experiments"].items()
    }
    figures = []
    for key, figure in document["figures"].items():
        tables = []
        for table in figure["tables"]:
            paper, _, experiment = table.rpartition(".")
            if not paper and table not in cells:
                raise SpecError(f"{where}: figures.{key}.tables: no experiment '{table}'{nearest(table, cells)}")
            tables.append((paper or name, experiment))
        figures.append(Figure(name, key, figure["title"], figure["caption"].strip(), tuple(tables)))
    return Paper(name, document["title"], document["reference"], cells, tuple(figures), document)
