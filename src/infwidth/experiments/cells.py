"""Cells: the units of computation. A cell is every seed and learning rate of one configuration, or one exact limit."""

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infwidth.errors import SpecError, nearest
from infwidth.experiments.identity import Spec, cell_id, rule_arguments
from infwidth.experiments.validation import validate
from infwidth.parametrization.exponents import exponents

#: What says where a value comes from, not what is computed: kept for the reader, left out of a cell's identity.
ANNOTATIONS = ("source", "deviation", "what")

PAPERS_DIR = Path(__file__).parents[1] / "papers"


@dataclass(frozen=True)
class Cell:
    """One cell: its identity, what it computes, and the values of the axes its experiment sweeps (for the table)."""

    id: str
    kind: str  # "train" or "limit"
    spec: Spec
    axes: dict[str, Any]

    @property
    def title(self) -> str:
        """One line for people: what is trained or computed."""
        on = f" on {self.spec['data']['name']}" if "data" in self.spec else ""
        axes = ", ".join(f"{name} {value}" for name, value in self.axes.items())
        if self.kind == "limit":
            return f"exact limit '{self.spec['limit']['name']}'{on}" + (f" ({axes})" if axes else "")
        return f"{self.spec['model']['name']}{on} ({axes}; {len(self.spec['seeds'])} seeds)"


def _without_annotations(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_annotations(item) for key, item in value.items() if key not in ANNOTATIONS}
    return value


def expand(experiment: Mapping[str, Any], schema_file: Path, *, where: str) -> Iterator[Cell]:
    """Yield the cells of one experiment (already at one scale), in the order of its sweep.

    ``sweep`` maps dotted keys (``model.width``) to lists; the cells are their product. Each cell's spec is validated by
    ``schema_file``, and what a schema cannot say (a width below the base width, a richness without meaning) is refused
    here too, before anything runs. Raises SpecError naming the key.
    """
    blocks = {key: value for key, value in experiment.items() if key not in ("kind", "sweep", *ANNOTATIONS)}
    sweep: Mapping[str, list[Any]] = experiment["sweep"]
    for dotted in sweep:
        block, _, key = dotted.partition(".")
        if not isinstance(blocks.get(block), dict) or not key:
            known = [f"{name}.…" for name, value in blocks.items() if isinstance(value, dict)]
            raise SpecError(
                f"{where}: sweep.{dotted}: no such block{nearest(block, blocks)}; known: {', '.join(known)}"
            )
        if key in blocks[block]:
            raise SpecError(f"{where}: sweep.{dotted}: also given in block '{block}'; a value has one place")
    for values in itertools.product(*sweep.values()):
        spec = json.loads(json.dumps(_without_annotations(blocks)))
        axes = {}
        for dotted, value in zip(sweep, values, strict=True):
            block, _, key = dotted.partition(".")
            spec[block][key] = axes[key] = value
        if isinstance(spec.get("seeds"), int):
            spec["seeds"] = list(range(spec["seeds"]))
        spec["kind"] = experiment["kind"]
        validate(spec, schema_file, where=where)
        if spec["kind"] == "train":
            _check_parametrization(spec, where)
        elif "." in spec["limit"]["name"]:
            _check_own_limit(spec, where)
        yield Cell(id=cell_id(spec), kind=spec["kind"], spec=spec, axes=axes)


def _check_own_limit(spec: Spec, where: str) -> None:
    """Check the cell of a paper's own limit, ``<paper>.<function>``, by the schema in that paper's folder."""
    paper, _, function = spec["limit"]["name"].partition(".")
    schemas = {file.parent.name: file for file in PAPERS_DIR.glob("*/limits.schema.json")}
    if paper not in schemas:
        raise SpecError(f"{where}: limit.name: no paper '{paper}' with limits of its own{nearest(paper, schemas)}")
    validate({function: spec}, schemas[paper], where=f"{where}: limits of {paper}")


def _check_parametrization(spec: Spec, where: str) -> None:
    width, parametrization = spec["model"]["width"], spec["parametrization"]
    if width < parametrization["base_width"]:
        raise SpecError(
            f"{where}: model.width {width} is below parametrization.base_width {parametrization['base_width']}; "
            "the base is the narrowest net, the one at which all parametrizations coincide"
        )
    if "gauge" in parametrization and spec["optimizer"]["name"] != "sgd":
        raise SpecError(
            f"{where}: parametrization.gauge is for optimizer sgd; {spec['optimizer']['name']} has other gauges"
        )
    try:
        exponents(parametrization["rule"], 1, **rule_arguments(parametrization))
    except SpecError as error:
        raise SpecError(f"{where}: parametrization: {error}") from error
