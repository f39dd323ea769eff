"""Cells: the units of computation. A cell is every seed and learning rate of one configuration, or one computation."""

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from infwidth.errors import SpecError, nearest
from infwidth.solve import block_of
from infwidth.specs.block import read
from infwidth.specs.cells import Computation, Solve, Train
from infwidth.specs.document import Experiment, InfiniteWidth
from infwidth.specs.identity import cell_id

_KINDS = ("train", "join", "solve")
#: The blocks of a training beside its data.
_TRAINING = ("model", "parametrization", "optimizer", "training", "probes", "seeds")


@dataclass(frozen=True)
class Cell:
    """One cell: its identity, what it computes, and the values of the axes its experiment sweeps (for the table)."""

    id: str
    spec: Train | Solve[Any]
    axes: dict[str, Any]

    @property
    def kind(self) -> str:
        """What computes it: train, solve, or join, which puts its members together."""
        return self.spec.kind

    @property
    def members(self) -> tuple["Cell", ...]:
        """The cells of one seed each that it joins; none if it computes all by itself."""
        if not isinstance(self.spec, Train):
            return ()
        return tuple(Cell(id=cell_id(spec), spec=spec, axes=self.axes) for spec in self.spec.members)

    @property
    def document(self) -> dict[str, Any]:
        """The spec in plain values, for files and jobs; :func:`read_cell` takes it back."""
        document: dict[str, Any] = json.loads(self.spec.model_dump_json())
        return document

    @property
    def title(self) -> str:
        """One line for people: what is trained or computed."""
        axes = ", ".join(f"{name} {value}" for name, value in self.axes.items())
        on = f" on {self.spec.data.name}" if self.spec.data is not None else ""
        if isinstance(self.spec, Train):
            seeds = self.spec.seeds
            which = f"seed {seeds[0]}" if self.spec.apart else f"{len(seeds)} seeds"
            return f"{self.spec.model.name}{on} ({axes}; {which}{' joined' if self.kind == 'join' else ''})"
        return f"computation '{self.spec.solve.name}'{on}" + (f" ({axes})" if axes else "")


def read_cell(document: Any, *, where: str) -> Train | Solve[Any]:
    """Return the spec of a cell from plain values, checked.

    Raises SpecError, a line a fault, named as by ``where``.
    """
    if not isinstance(document, dict):
        raise SpecError(f"{where}: not the spec of a cell, but {document!r:.40}")
    kind = document.get("kind")
    if kind in ("train", "join"):
        return read(Train, document, where=where)
    if kind != "solve":
        raise SpecError(f"{where}: kind: {kind!r} is not known{nearest(str(kind), _KINDS)}; known: {', '.join(_KINDS)}")
    block = document.get("solve")
    name = block.get("name") if isinstance(block, dict) else None
    if not isinstance(name, str):
        return read(Solve[Computation], document, where=where)  # which refuses it
    try:
        spec = block_of(name)
    except SpecError as error:
        raise SpecError(f"{where}: solve.name: {error}") from None
    return read(_solve(spec), document, where=where)


def _n_seeds(seeds: int | Mapping[str, int], document: Mapping[str, Any], *, where: str) -> int:
    """Return how many seeds a cell has, where their number depends on the width that of its width."""
    if isinstance(seeds, int):
        return seeds
    width = str(document.get("model", {}).get("width"))
    if width not in seeds:
        raise SpecError(f"{where}: seeds: none for width {width}, only for {', '.join(seeds)}")
    return seeds[width]


@cache
def _solve(spec: type[Computation]) -> type[Solve[Any]]:
    return Solve[spec]  # type: ignore[valid-type]


def expand(experiment: Experiment, *, where: str) -> Iterator[Cell]:
    """Yield the cells of one experiment (already at one scale), in the order of its sweep.

    ``sweep`` maps dotted keys (``model.width``) to lists; the cells are their product. Those of a training whose seeds
    are apart join their members. Raises SpecError naming the key for what has no meaning, before anything runs.
    """
    blocks = experiment.blocks
    for dotted in experiment.sweep:
        block, _, key = dotted.partition(".")
        if not isinstance(blocks.get(block), dict) or not key:
            known = [f"{name}.…" for name, value in blocks.items() if isinstance(value, dict)]
            raise SpecError(
                f"{where}: sweep.{dotted}: no such block{nearest(block, blocks)}; known: {', '.join(known)}"
            )
        if key in blocks[block]:
            raise SpecError(f"{where}: sweep.{dotted}: also given in block '{block}'; a value has one place")
    for values in itertools.product(*experiment.sweep.values()):
        document = {key: dict(value) if isinstance(value, dict) else value for key, value in blocks.items()}
        axes = {}
        for dotted, value in zip(experiment.sweep, values, strict=True):
            block, _, key = dotted.partition(".")
            document[block][key] = axes[key] = value
        if experiment.seeds is not None:
            document["seeds"] = list(range(_n_seeds(experiment.seeds, document, where=where)))
        spec = read_cell(_with_kind(document, bool(experiment.seeds_apart), where=where), where=where)
        yield Cell(id=cell_id(spec), spec=spec, axes=axes)


def _with_kind(document: dict[str, Any], apart: bool, *, where: str) -> dict[str, Any]:
    """Return the document of a cell: a training at infinite width is a computation, with the training's blocks."""
    if apart and not document.keys().isdisjoint(("solve", "infinite_width")):
        raise SpecError(f"{where}: seeds_apart: true is for nets that are trained, not for computations; leave it out")
    if "infinite_width" not in document:
        return {"kind": "solve" if "solve" in document else "join" if apart else "train", **document}
    said = set(document) - {"data", "infinite_width"}
    if strange := sorted(said - set(_TRAINING)):
        raise SpecError(f"{where}: infinite_width goes with a training's blocks, not with {', '.join(strange)}")
    block = {key: document[key] for key in _TRAINING if key in document}
    limit = read(InfiniteWidth, document["infinite_width"], where=f"{where}: infinite_width")
    if isinstance(block.get("model"), dict):
        if "width" in block["model"]:
            raise SpecError(f"{where}: model.width: at infinite width there is none; leave it out of block and sweep")
        block["model"] = {**block["model"], "width": limit.neurons}
    data = {"data": document["data"]} if "data" in document else {}
    return {"kind": "solve", **data, "solve": {"name": "infinite_training", **block}}
