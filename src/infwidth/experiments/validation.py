"""Strict validation of documents by JSON schema, with errors that name file, key, value and the nearest known key."""

import json
import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

from infwidth.errors import SpecError, nearest

_DEEPEST = 32


@cache
def _validator(schema_file: Path) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads(schema_file.read_text(encoding="utf-8")))


def validate(document: Any, schema_file: Path, *, where: str) -> None:
    """Check ``document`` against the JSON schema in ``schema_file``.

    ``where`` names the document (a file, and a scale if it has one) in the error.
    Raises SpecError naming the place, the key, the value and what would have been right.
    """
    errors = sorted(_validator(schema_file).iter_errors(document), key=lambda e: [str(p) for p in e.absolute_path])
    if errors:
        raise SpecError("\n".join(f"{where}: {_explain(error)}" for error in errors))


def check_plain(value: Any, *, where: str, place: tuple[str, ...] = ()) -> None:
    """Raise SpecError, naming the place, for what YAML can say and a cell's spec (JSON) cannot.

    These are dates, bytes, NaN and infinities, keys that are not text, and what contains itself.
    """
    here = f"{where}: {'.'.join(place) or 'top level'}"
    if len(place) > _DEEPEST:
        raise SpecError(f"{where}: {'.'.join(place[:3])}: nested too deeply")
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise SpecError(f"{here}: the key {key!r} is not text; put it in quotes")
            check_plain(item, where=where, place=(*place, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            check_plain(item, where=where, place=(*place, str(index)))
    elif isinstance(value, float) and not math.isfinite(value):
        raise SpecError(f"{here}: {value} is not a finite number")
    elif value is not None and not isinstance(value, str | int | float):
        raise SpecError(f"{here}: {value!r} is of YAML's type {type(value).__name__}; if it is text, put it in quotes")


def _explain(error: jsonschema.ValidationError) -> str:
    schema = error.schema if isinstance(error.schema, Mapping) else {}
    place = ".".join(str(part) for part in error.absolute_path) or "top level"
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = list(schema.get("properties", {}))
        unknown = [key for key in error.instance if key not in known]
        hints = ", ".join(f"'{key}'{nearest(str(key), known)}" for key in unknown)
        return f"{place}: unknown key {hints}; known keys: {', '.join(known)}"
    if error.validator == "required" and isinstance(error.instance, dict):
        missing = [key for key in schema["required"] if key not in error.instance]
        return f"{place}: missing key {', '.join(repr(key) for key in missing)}"
    if error.validator == "enum":
        known = [str(value) for value in schema["enum"]]
        hint = nearest(str(error.instance), known)
        return f"{place}: {error.instance!r} is not known{hint}; known: {', '.join(known)}"
    return f"{place}: {error.instance!r}: {schema.get('description', error.message)}"
