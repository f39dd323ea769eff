"""A cell's identity is the hash of its canonical spec, made here and nowhere else.

Figures of different papers that need the same training share its cell. This module is all that a cell needs of the
experiments when it runs by itself on another machine: standard library only.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

Spec = dict[str, Any]


def canonical(spec: Mapping[str, Any]) -> str:
    """Return the one JSON text of a spec: sorted keys, no spaces, no NaN."""
    return json.dumps(spec, sort_keys=True, separators=(",", ":"), allow_nan=False)


def cell_id(spec: Mapping[str, Any]) -> str:
    """Return a cell's name: the first 16 hexadecimal digits of the sha256 of its canonical spec."""
    return hashlib.sha256(canonical(spec).encode()).hexdigest()[:16]


def rule_arguments(parametrization: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keyword arguments of the rule itself (its richness) from a spec's parametrization block."""
    return {key: parametrization[key] for key in ("richness", "allow_unstable") if key in parametrization}


def datasets_of(spec: Mapping[str, Any]) -> list[str]:
    """Return the names of the data sets that a cell needs: none, its data, or also the questions that test it."""
    block = spec.get("data", {})
    return [block[key] for key in ("name", "questions") if key in block]
