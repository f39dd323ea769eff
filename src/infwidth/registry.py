"""Names of specs that stand for what a module holds, ``"infwidth.models.mlp:MLP"``, imported when it is asked for.

A registry names modules and imports none: a process loads only what its spec names, and the code behind a spec is that
of the entries it names, not of all (see :mod:`infwidth.plan.code`).
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from infwidth.errors import SpecError, nearest


def load(registry: Mapping[str, str], name: str, *, kind: str) -> Any:
    """Return what ``registry`` calls ``name``; raise SpecError, naming the ``kind`` of thing, where it has none."""
    if name not in registry:
        raise SpecError(f"unknown {kind} '{name}'{nearest(name, registry)}; known: {', '.join(registry)}")
    module, _, attribute = registry[name].partition(":")
    return getattr(import_module(module), attribute)
