"""The name of a prepared data set: that of the data set, and of the options with which it was prepared, if any.

Only the standard library is imported here, because the workflow names prepared sets while it plans.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def prepared_name(name: str, options: Mapping[str, Any] | None = None) -> str:
    """Return the name of the folder of a prepared data set: ``name``, with options ``name-`` and their digest."""
    if not options:
        return name
    canonical = json.dumps(options, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return f"{name}-{hashlib.sha256(canonical.encode()).hexdigest()[:8]}"


def prepared_sets(block: Mapping[str, Any]) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return what a spec's data block needs: prepared name → (data set, options), of its data and its questions."""
    sets = {}
    if "name" in block:
        options = dict(block.get("options") or {})
        sets[prepared_name(block["name"], options)] = (block["name"], options)
    if "questions" in block:
        sets[block["questions"]] = (block["questions"], {})
    return sets
