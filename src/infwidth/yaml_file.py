"""YAML as people write it: read strictly, into what JSON can say, with the line of what is wrong.

Numbers and truths are those of YAML 1.2: ``1e-3`` is a number, ``010`` is ten, ``1:20`` and ``no`` are texts.
"""

import math
import re
from pathlib import Path
from typing import Any, ClassVar

import yaml

from infwidth.errors import SpecError

_DEEPEST = 32
_TOO_DEEP = "nested too deeply"


class _SafeLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Reads scalars as YAML 1.2 does, and refuses a key given twice, of which YAML's loaders silently take the last."""

    yaml_implicit_resolvers: ClassVar[dict[str, list[tuple[str, re.Pattern[str]]]]] = {}  # filled below

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return the mapping; raises ConstructorError at the second of two equal keys."""
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key '{key.value}' is there twice", key.start_mark
                    )
                seen.add(key.value)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return mapping

    def construct_yaml_int(self, node: yaml.ScalarNode) -> int:
        """Return a whole number; a leading zero, which is octal in YAML 1.1, says nothing."""
        return int(node.value)


def _read_as_yaml_1_2(loader: type[_SafeLoader]) -> None:
    of_1_1 = yaml.SafeLoader.yaml_implicit_resolvers
    for first, resolvers in of_1_1.items():
        kept = [(tag, pattern) for tag, pattern in resolvers if tag.rpartition(":")[2] not in ("bool", "int", "float")]
        loader.yaml_implicit_resolvers[first] = kept
    for tag, pattern, first in (
        ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
        ("int", r"[-+]?[0-9]+", "-+0123456789"),
        ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
        ("float", r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", "-+."),
    ):
        loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(rf"^(?:{pattern})$"), list(first))
    loader.add_constructor("tag:yaml.org,2002:int", loader.construct_yaml_int)


_read_as_yaml_1_2(_SafeLoader)


def value_of(text: str) -> Any:
    """Return what ``text`` says as YAML. Raises yaml.YAMLError where it says nothing."""
    return yaml.load(text, Loader=_SafeLoader)


def read_yaml(file: Path, *, where: str) -> Any:
    """Return the content of a YAML file; ``where`` names it in errors about values.

    Raises SpecError, with the line, for what is not YAML or gives a key twice, and for what JSON cannot say.
    """
    try:
        document = value_of(file.read_text(encoding="utf-8"))
    except RecursionError as error:
        raise SpecError(f"{file}: not valid YAML: {_TOO_DEEP}") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + 1}" if mark else ""
        problem = str(error.problem or error.context)
        if "nesting depth" in problem:  # libyaml's limit, or that of Python above, whichever comes first
            problem = _TOO_DEEP
        raise SpecError(f"{file}{line}: not valid YAML: {problem}") from error
    except (OSError, yaml.YAMLError, ValueError) as error:  # ValueError: not UTF-8, a number of 5000 digits
        reason = " ".join(str(error).split())
        raise SpecError(f"{file}: not valid YAML: {reason}") from error
    check_plain(document, where=where)
    return document


def check_plain(value: Any, *, where: str, place: tuple[str, ...] = ()) -> None:
    """Raise SpecError, naming the place, for what YAML can say and a cell's spec (JSON) cannot.

    These are dates, bytes, NaN and infinities, keys that are not text, and what contains itself.
    """
    here = f"{where}: {'.'.join(place) or 'top level'}"
    if len(place) > _DEEPEST:
        raise SpecError(f"{where}: {'.'.join(place[:3])}: {_TOO_DEEP}")
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
