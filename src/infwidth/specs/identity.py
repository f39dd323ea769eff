"""A cell's identity is the hash of its canonical spec, made here and nowhere else.

Figures of different papers that need the same training share its cell. Here alone are the words under which cells were
first published, before some had better ones: a name, once published, stays.
"""

import hashlib
import json
from typing import Any

from infwidth.specs.cells import Cell

#: Kind and block of a computation, then and now.
_LIMIT, _SOLVE = "limit", "solve"
#: Activations of models by today's name: √2·max(h, 0) was published as relu.
_ACTIVATIONS = {"unit_relu": "relu", "relu": "plain_relu"}


def canonical(cell: Cell) -> dict[str, Any]:
    """Return a cell's canonical spec, as it is published: plain values, every default written out."""
    spec = json.loads(cell.model_dump_json())
    if spec["kind"] == _SOLVE:
        spec |= {"kind": _LIMIT, _LIMIT: spec.pop(_SOLVE)}
    elif "activation" in spec["model"]:
        spec["model"]["activation"] = _ACTIVATIONS.get(spec["model"]["activation"], spec["model"]["activation"])
    return spec


def from_canonical(spec: dict[str, Any]) -> dict[str, Any]:
    """Return the document, in today's words, of the cell whose canonical spec this is."""
    if spec.get("kind") == _LIMIT:
        rest = {key: value for key, value in spec.items() if key != _LIMIT}
        return {**rest, "kind": _SOLVE, _SOLVE: spec.get(_LIMIT)}
    today = {then: now for now, then in _ACTIVATIONS.items()}
    model = spec.get("model")
    if isinstance(model, dict) and model.get("activation") in today:
        return {**spec, "model": {**model, "activation": today[model["activation"]]}}
    return spec


def canonical_text(spec: dict[str, Any]) -> str:
    """Return the one JSON text of a canonical spec: sorted keys, no spaces, no NaN."""
    return json.dumps(spec, sort_keys=True, separators=(",", ":"), allow_nan=False)


def cell_id(cell: Cell) -> str:
    """Return a cell's name: the first 16 hexadecimal digits of the sha256 of its canonical spec."""
    return hashlib.sha256(canonical_text(canonical(cell)).encode()).hexdigest()[:16]
