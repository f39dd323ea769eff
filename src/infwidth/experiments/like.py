"""Variants: an experiment, or one block of it, that is ``like`` another but for what it says itself."""

from collections.abc import Mapping
from typing import Any

from infwidth.errors import SpecError, nearest

_BLOCKS = ("data", "model", "parametrization", "optimizer", "training", "infinite_width", "solve")


def resolved(experiments: Mapping[str, Any], shared: Mapping[str, Any], *, where: str) -> dict[str, Any]:
    """Return the experiments (at one scale) with nothing left that is ``like`` something.

    ``like: other`` in an experiment takes over what the other says, but for ``what``; in a block it takes over that
    block of another experiment or, by name, of ``shared`` (block → name → values). Keys said anew replace those taken
    over, and what is swept anew replaces a value taken over. Raises SpecError for a name that is not there, and for
    experiments that are like each other.
    """
    return {name: _Resolver(experiments, shared, where).experiment(name, ()) for name in experiments}


def models_of(name: str, experiments: Mapping[str, Any]) -> list[str]:
    """Return what an experiment is like, itself or in a block, and what that is like, in order; for errors."""
    own = _mapping(experiments.get(name))
    names = [value["like"] for value in (own, *own.values()) if isinstance(value, dict) and "like" in value]
    return list(dict.fromkeys(model for near in names for model in (near, *models_of(near, experiments))))


class _Resolver:
    def __init__(self, experiments: Mapping[str, Any], shared: Mapping[str, Any], where: str) -> None:
        self._experiments, self._shared, self._where = experiments, shared, where

    def experiment(self, name: str, through: tuple[str, ...]) -> Any:
        here = f"{self._where}: experiments.{name}"
        if name in through:
            raise SpecError(f"{here}.like: {' is like '.join((*through, name))}, which never ends")
        own = self._experiments[name]
        if not isinstance(own, dict):
            return own
        base: dict[str, Any] = {}
        if "like" in own:
            other = _known(own["like"], self._experiments, f"{here}.like", "experiment")
            base = self._checked(self.experiment(other, (*through, name)), f"{here}.like", other)
        said = {key: self._block(key, value, (*through, name)) for key, value in own.items() if key != "like"}
        merged = {key: value for key, value in base.items() if key != "what"}
        for key, value in said.items():
            adds = key in _BLOCKS and isinstance(value, dict) and "like" not in own[key]
            merged[key] = _merged(base.get(key), value) if adds else value
        for dotted in said.get("sweep", {}) if isinstance(said.get("sweep"), dict) else ():
            block, _, key = dotted.partition(".")
            if isinstance(merged.get(block), dict) and key not in _mapping(said.get(block)):
                merged[block] = {k: v for k, v in merged[block].items() if k != key}
        return merged

    def _block(self, key: str, value: Any, through: tuple[str, ...]) -> Any:
        if key not in _BLOCKS or not isinstance(value, dict) or "like" not in value:
            return value
        here = f"{self._where}: experiments.{through[-1]}.{key}.like"
        shared = _mapping(self._shared.get(key))
        name = _known(value["like"], {**shared, **self._experiments}, here, f"experiment or shared {key}")
        if name in self._experiments:
            base = _mapping(self.experiment(name, through)).get(key)
            if base is None:
                raise SpecError(f"{here}: experiment '{name}' has no block '{key}'")
        else:
            base = shared[name]
        return _merged(self._checked(base, here, name), {k: v for k, v in value.items() if k != "like"})

    def _checked(self, base: Any, here: str, name: str) -> dict[str, Any]:
        if not isinstance(base, dict):
            raise SpecError(f"{here}: what it is like, {name}, is no block of keys and values")
        return base


def _known(name: Any, known: Mapping[str, Any], here: str, kind: str) -> str:
    if not isinstance(name, str) or name not in known:
        raise SpecError(f"{here}: no {kind} {name!r}{nearest(str(name), known)}; known: {', '.join(known)}")
    return name


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _merged(base: Any, own: dict[str, Any]) -> dict[str, Any]:
    return {**_mapping(base), **own}
