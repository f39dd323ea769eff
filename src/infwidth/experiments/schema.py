"""The JSON schema of experiments.yaml, for editors: made of the blocks, as people write them.

    ./run python -m infwidth.experiments.schema > config/experiments.schema.json

An editor completes and checks keys and values with it. It allows what is allowed somewhere: values by scale, grids,
blocks that say only what differs. Whether a cell is whole the code tells, which alone decides.
"""

import json
from typing import Any, get_args

from pydantic import BaseModel

from infwidth.experiments.scales import GRID, SCALES
from infwidth.solve import blocks
from infwidth.specs.data import Data
from infwidth.specs.document import Beyond, Figure, InfiniteWidth
from infwidth.specs.models import Model
from infwidth.specs.parametrization import Parametrization
from infwidth.specs.probes import AnyProbe
from infwidth.specs.training import Optimizer, Training

Schema = dict[str, Any]

_TEXT = {"type": "string", "minLength": 1}
_NUMBER = {"type": "integer", "minimum": 1}
_SEEDS = {
    "anyOf": [_NUMBER, {"type": "object", "additionalProperties": False, "patternProperties": {"^[0-9]+$": _NUMBER}}]
}


def editor_schema() -> Schema:
    """Return the schema."""
    members: dict[str, list[type[BaseModel]]] = {
        "data": [get_args(tagged)[0] for tagged in get_args(get_args(Data)[0])],
        "model": list(get_args(get_args(Model)[0])),
        "parametrization": [Parametrization],
        "optimizer": [Optimizer],
        "training": [Training],
        "infinite_width": [InfiniteWidth],
        "solve": list(blocks()),
        "probe": list(get_args(get_args(AnyProbe)[0])),
    }
    definitions = {_key(kind, block): _written(block) for kind, all_of in members.items() for block in all_of}
    inside = {
        name: _by_key(schema) for all_of in members.values() for b in all_of for name, schema in _inside(b).items()
    }
    notes = {"like": _TEXT, "source": _TEXT, "deviation": _TEXT}
    for name, definition in definitions.items():
        if not name.startswith("probe"):
            definition["properties"] |= notes
    unions = {
        kind: {"anyOf": [{"$ref": f"#/$defs/{_key(kind, block)}"} for block in all_of]}
        for kind, all_of in members.items()
    }
    kinds = [kind for kind in unions if kind != "probe"]
    experiment = {
        "type": "object",
        "additionalProperties": False,
        "required": ["what"],
        "properties": {
            "like": _TEXT,
            "what": _TEXT,
            **{kind: _by_scale(unions[kind]) for kind in kinds},
            "probes": {"type": "array", "minItems": 1, "items": unions["probe"]},
            "seeds": _by_scale(_SEEDS),
            "noise_floor": _by_scale({"type": "boolean"}),
            "seeds_apart": _by_scale({"type": "boolean"}),
            "sweep": {
                "type": "object",
                "additionalProperties": False,
                "patternProperties": {rf"^({'|'.join(kinds)})\.\w+$": _lists()},
            },
        },
    }
    named = {"type": "object", "minProperties": 1, "additionalProperties": False}
    beyond = _plain(Beyond.model_json_schema())
    inside |= beyond.pop("$defs")
    name = "^[a-z][a-z0-9_]*$"
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "experiments.yaml of a paper; made by infwidth.experiments.schema",
        "type": "object",
        "additionalProperties": False,
        "required": ["title", "reference", "experiments", "figures"],
        "properties": {
            "title": _TEXT,
            "reference": _TEXT,
            "experiments": {**named, "patternProperties": {name: experiment}},
            "figures": {**named, "patternProperties": {name: _plain(Figure.model_json_schema())}},
            "beyond": {**named, "patternProperties": {name: beyond}},
        },
        "$defs": dict(sorted((definitions | inside).items())),
    }


def _key(kind: str, block: type[BaseModel]) -> str:
    name = block.model_fields.get("name")
    literal = get_args(name.annotation) if name else ()
    return f"{kind}.{literal[0] if len(literal) == 1 else block.__name__}"


def _written(block: type[BaseModel]) -> Schema:
    """Return the schema of a block as it is written: any of its keys, each with a value or with one a scale."""
    return _by_key(_plain(block.model_json_schema()))


def _inside(block: type[BaseModel]) -> dict[str, Schema]:
    """Return the schemas of the blocks inside a block, by the names under which it speaks of them."""
    inside: dict[str, Schema] = _plain(block.model_json_schema().get("$defs", {}))
    return inside


def _by_key(schema: Schema) -> Schema:
    fields = {key: _by_scale(field) for key, field in schema["properties"].items()}
    return {**{key: schema[key] for key in ("description", "type", "additionalProperties")}, "properties": fields}


def _by_scale(schema: Schema) -> Schema:
    """Return the schema of a value, or of values by scale; lists may be grids."""
    written = {"anyOf": [schema, _grid()]} if schema.get("type") == "array" else schema
    scales = {"type": "object", "minProperties": 1, "additionalProperties": False}
    return {"anyOf": [written, {**scales, "patternProperties": {f"^({'|'.join(SCALES)})$": written}}]}


def _lists() -> Schema:
    return _by_scale({"type": "array", "minItems": 1})


def _grid() -> Schema:
    numbers = {key: {"type": "number", "exclusiveMinimum": 0} for key in sorted(GRID)}
    return {"type": "object", "additionalProperties": False, "required": sorted(GRID), "properties": numbers}


def _plain(schema: Any) -> Any:
    """Return pydantic's schema without titles that repeat the keys, and with the end of a text as editors write it."""
    if isinstance(schema, list):
        return [_plain(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: value for key, value in schema.items() if not (key == "title" and isinstance(value, str))}
    return {
        key: value.replace("\\z", "$") if key == "pattern" and isinstance(value, str) else _plain(value)
        for key, value in kept.items()
    }


def text() -> str:
    """Return the schema as the text of its file, a definition a line."""
    schema = editor_schema()
    definitions = _lines(schema.pop("$defs"))
    return _lines(schema).removesuffix("\n}") + f',\n"$defs": {definitions}\n}}\n'


def _lines(mapping: Schema) -> str:
    entries = (f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in mapping.items())
    return "{\n" + ",\n".join(entries) + "\n}"


if __name__ == "__main__":
    print(text(), end="")
