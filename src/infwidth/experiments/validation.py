"""Strict validation of documents by JSON schema, with errors that name file, key, value and the nearest known key."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

from infwidth.errors import SpecError, nearest


@cache
def _validator(schema_file: Path) -> jsonschema.Draft202012Validator:
    schema = json.loads(schema_file.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def validate(document: Any, schema_file: Path, *, where: str) -> None:
    """Check ``document`` against the JSON schema in ``schema_file``.

    ``where`` names the document (a file, and a scale if it has one) in the error.
    Raises SpecError naming the place, the key, the value and what would have been right.
    """
    errors = sorted(_validator(schema_file).iter_errors(document), key=lambda e: [str(p) for p in e.absolute_path])
    if errors:
        raise SpecError("\n".join(f"{where}: {_explain(error)}" for error in errors))


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
