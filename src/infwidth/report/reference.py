"""The reference of the package: names, signatures and docstrings of what others may use, one page a module."""

import importlib
import inspect
import pkgutil
import re
from dataclasses import dataclass
from types import ModuleType

#: What is meant to be used from outside; of a package without ``__all__`` all its modules.
MODULES = (
    "infwidth",
    "infwidth.parametrization",
    "infwidth.empirical",
    "infwidth.activations",
    "infwidth.limits",
    "infwidth.models",
    "infwidth.analysis.table",
    "infwidth.errors",
)


@dataclass(frozen=True)
class Name:
    """A public function, class or constant: its signature (empty for a constant) and its docstring as Markdown."""

    name: str
    signature: str
    text: str
    methods: tuple["Name", ...] = ()


@dataclass(frozen=True)
class Module:
    """A module, its docstring as Markdown and its public names."""

    name: str
    text: str
    names: tuple[Name, ...]


def reference() -> list[Module]:
    """Return all modules of ``MODULES``, those within packages included."""
    return [_module(module) for name in MODULES for module in _modules(importlib.import_module(name))]


def _modules(module: ModuleType) -> list[ModuleType]:
    if hasattr(module, "__all__") or not hasattr(module, "__path__"):
        return [module]
    inner = [
        importlib.import_module(f"{module.__name__}.{found.name}") for found in pkgutil.iter_modules(module.__path__)
    ]
    return [leaf for part in inner for leaf in _modules(part)]


def _module(module: ModuleType) -> Module:
    public = getattr(module, "__all__", None) or [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == module.__name__
    ]
    return Module(
        module.__name__, markdown(module.__doc__), tuple(_name(name, getattr(module, name)) for name in public)
    )


def _name(name: str, value: object) -> Name:
    if inspect.isclass(value):
        methods = tuple(
            _name(key, method)
            for key, method in vars(value).items()
            if not key.startswith("_")
            and (inspect.isfunction(method) or isinstance(method, property))
            and method.__doc__
        )
        return Name(name, _signature(value), markdown(value.__doc__), methods)
    if callable(value):
        return Name(name, _signature(value), markdown(value.__doc__))
    return Name(name, "", markdown(value.__doc__) if isinstance(value, property) else f"A {type(value).__name__}.")


def _signature(value: object) -> str:
    try:
        text = str(inspect.signature(value))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return ""
    return re.sub(r"<.*?>|infwidth\.[\w.]*\.|collections\.abc\.|pathlib\.|typing\.|pandas\.\w+\.\w+\.", "", text)


def markdown(docstring: str | None) -> str:
    """Return a docstring of this package as Markdown: code in one backquote, no roles, arguments as a list."""
    text = re.sub(r":\w+:`~?([^`]+)`", r"`\1`", inspect.cleandoc(docstring or "")).replace("``", "`")
    return re.sub(r"(?m)^    (\w+): ", r"- `\1`: ", text)
