"""Settings changed for one run, without an edit: ``<paper>.<experiment>.<block>.<key>=<value>``, the value as in YAML.

What they change is what the experiment would say at the scale of the run; cells whose spec changed have other names by
themselves, and the results lie in a folder of their own, because a table keeps its name whatever it was made with.
"""

import copy
import hashlib
import json
import re
from collections.abc import Collection, Mapping
from typing import Any

import yaml

from infwidth.errors import SpecError, nearest
from infwidth.experiments.scales import at_scale
from infwidth.yaml_file import check_plain, value_of

#: Stands between a scale and the digest of the settings changed at it, in the name of their folder.
CHANGED = "_set_"
_WHERE = "config: set"
_PATH = re.compile(r"\w+(\.\w+)+")
#: A semicolon that another setting follows; others are part of a value.
_NEXT = re.compile(r"\s*;\s*(?=[\w.]+\s*=)")
_SWEEP = "sweep."


def read_settings(given: Any) -> dict[str, Any]:
    """Return the changed settings, path → value, in the order of their paths.

    ``given`` is one text, settings separated by semicolons; a list of such texts; a mapping of paths to values; or
    None. Raises SpecError for a text that is no path and value, and for a path that is there twice.
    """
    if isinstance(given, Mapping):
        pairs = list(given.items())
    else:
        texts = [given] if isinstance(given, str) else list(given or ())
        pairs = [_pair(part) for text in texts for part in _NEXT.split(str(text).strip(" \n;")) if part]
    settings: dict[str, Any] = {}
    for path, value in pairs:
        if not _PATH.fullmatch(path):
            raise SpecError(
                f"{_WHERE}: '{path}' is no <paper>.<experiment>.<block>.<key>; on the command line several settings "
                "are separated by semicolons, and a grid is written as its list"
            )
        if path in settings:
            raise SpecError(f"{_WHERE}: {path} is there twice")
        check_plain(value, where=f"{_WHERE}: {path}")
        settings[path] = value
    return dict(sorted(settings.items()))


def _pair(text: str) -> tuple[str, Any]:
    path, given, value = text.partition("=")
    if not given:
        raise SpecError(f"{_WHERE}: '{text}' says no value; a setting is <paper>.<experiment>.<block>.<key>=<value>")
    try:
        return path.strip(), value_of(value)
    except yaml.YAMLError as error:
        raise SpecError(f"{_WHERE}: {path.strip()}: {value!r} is not a value of YAML") from error


def as_text(settings: Mapping[str, Any]) -> str:
    """Return settings as the one text, without a space, that :func:`read_settings` takes back."""
    said = (f"{path}={json.dumps(value, separators=(',', ':'))}" for path, value in sorted(settings.items()))
    return ";".join(text.replace(";", r"\u003b").replace(" ", r"\u0020") for text in said)


def name_of(scale: str, settings: Mapping[str, Any]) -> str:
    """Return the name under which results of a scale lie: its own, or with changed settings one of theirs."""
    if not settings:
        return scale
    return f"{scale}{CHANGED}{hashlib.sha256(as_text(settings).encode()).hexdigest()[:8]}"


def check_papers(settings: Mapping[str, Any], papers: Collection[str]) -> None:
    """Raise SpecError for a setting of a paper that there is not."""
    for path in settings:
        paper = path.partition(".")[0]
        if paper not in papers:
            raise SpecError(f"{_WHERE}: {path}: no paper '{paper}'{nearest(paper, papers)}")


def with_settings(
    experiments: Mapping[str, Any], settings: Mapping[str, Any], *, paper: str, scale: str
) -> dict[str, Any]:
    """Return a paper's experiments, at one scale and with nothing ``like`` anything, with the settings that are theirs.

    A key that is swept has the values given, or the one value. What is ``like`` a changed experiment stays as it was.
    Raises SpecError for a path that there is not, with the nearest; keys of a block are checked with its cells.
    """
    changed = dict(experiments)
    done: set[tuple[str, str]] = set()
    for path, value in settings.items():
        of, _, rest = path.partition(".")
        if of != paper:
            continue
        where = f"{_WHERE}: {path}"
        name, _, key = rest.partition(".")
        if not isinstance(changed.get(name), dict):
            raise SpecError(f"{where}: {paper} has no experiment '{name}'{nearest(name, experiments)}")
        if (name, key.removeprefix(_SWEEP)) in done:
            raise SpecError(f"{where}: also given without 'sweep.'")
        done.add((name, key.removeprefix(_SWEEP)))
        changed[name] = copy.deepcopy(changed[name])  # a sweep is shared by those that are like each other
        _set(changed[name], key, at_scale(value, scale, where=where), where=where)
    return changed


def _set(experiment: dict[str, Any], key: str, value: Any, *, where: str) -> None:
    sweep = experiment.get("sweep") or {}
    if key.removeprefix(_SWEEP) in sweep:
        sweep[key.removeprefix(_SWEEP)] = value if isinstance(value, list) else [value]
        return
    if key in ("noise_floor", "seeds_apart") or (key in ("seeds", "probes") and key in experiment):
        experiment[key] = value
        return
    if not key:
        raise SpecError(f"{where}: says no key; a setting is <paper>.<experiment>.<block>.<key>=<value>")
    *blocks, last = key.split(".")
    place: Any = experiment
    for block in blocks if not key.startswith(_SWEEP) else ("",):
        place = place.get(block) if isinstance(place, dict) else None
    if not blocks or not isinstance(place, dict):
        known = [*_keys(experiment), *sweep]
        hint = nearest(key.removeprefix(_SWEEP), known)
        raise SpecError(f"{where}: the experiment has no '{key}'{hint}; it has {', '.join(known)}")
    place[last] = value


def _keys(experiment: Mapping[str, Any]) -> list[str]:
    """Return the dotted keys that an experiment says, without annotations."""
    keys = ["noise_floor", *(key for key in ("seeds", "probes") if key in experiment)]
    for name, block in experiment.items():
        if isinstance(block, dict) and name != "sweep":
            keys += [f"{name}.{key}" for key in block if key not in ("source", "deviation")]
    return keys
