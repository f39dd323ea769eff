"""The code behind a number: a digest of the modules that a job names and of all that they import.

A file counts as its parsed code: comments, blank lines, line ends and docstrings change nothing. Nor do refusals, an
``if`` that raises SpecError or DataError and does nothing else, and what these errors say: who was refused has no
number, and who was not has the number that they had. (No module behind a number catches them; a test holds it.)
Registries name
modules in text (see :mod:`infwidth.registry`), so that what a spec does not name is not behind it, and an entry added
to one changes no digest. Packages that only pass names on are looked through. Standard library only: a cell that runs
by itself on another machine has its digest too.
"""

import ast
import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple

from infwidth.errors import SpecError
from infwidth.places import own_papers

_ENTRY = re.compile(r"infwidth(\.\w+)+:\w+")
#: Fields of the syntax tree that say nothing of what the code does, or that only some releases of Python have.
_SILENT = {"ctx", "kind", "type_comment", "type_ignores", "type_params"}
#: Modules that decide no number: messages, writing files, loading what a spec names, who computed what, when. Specs
#: say what is computed: all that they decide is in the identity of a cell.
_NUMBERLESS = re.compile(r"infwidth(\.(errors|files|registry|places|papers|results\.provenance|specs(\..*)?))?")
#: Of files that are no code, those that count where a module names them.
_DATA_SUFFIXES = (".mplstyle", ".csv", ".json", ".j2", ".npy", ".npz", ".txt")
#: The errors that end a run, so that nothing depends on where they are raised.
_REFUSING = ("SpecError", "DataError")
#: Of what is remembered of a file; another one is read again.
_FORMAT = 3


class _Facts(NamedTuple):
    """What is known of a module from its text."""

    digest: str
    imports: list[tuple[str, str]]  # (module, name in it); the name is empty for the module itself
    names: dict[str, tuple[str, str]]  # of an __init__: name → (module, name) that it passes on
    registries: dict[str, dict[str, str]]
    texts: list[str]  # in it that may be names of data files


class Package:
    """The source of this package, or, in tests, of a changed copy of it.

    Args:
        root: its folder.
        remember: the file that keeps what was read of each file until its size or time changes; None: nothing is kept.
        own: the folder of papers of one's own, whose modules are ``infwidth.papers.…`` too, if there is one.
    """

    def __init__(self, root: Path, remember: Path | None = None, own: Path | None = None) -> None:
        self._root, self._remember, self._own = root, remember, own
        self._facts: dict[str, _Facts] = {}
        self._files: dict[str, Path | None] = {}
        self._needed: dict[str, set[str]] = {}
        self._digests: dict[frozenset[str], str] = {}
        self._of_own: dict[str, dict[str, str]] = {}
        self._new = False

    def code_of(self, entries: Iterable[str]) -> str:
        """Return the digest of the code behind ``entries``: modules, or ``package:name`` for what a package passes on.

        Raises SpecError for one that there is not.
        """
        entries = frozenset(entries)
        if entries not in self._digests:
            self._digests[entries] = self._digest(entries)
        return self._digests[entries]

    def _digest(self, entries: Iterable[str]) -> str:
        digest = hashlib.sha256()
        for module in sorted(self.closure(entries)):
            digest.update(f"{module} {self.facts(module).digest}\n".encode())
        return digest.hexdigest()[:16]

    def closure(self, entries: Iterable[str]) -> frozenset[str]:
        """Return the modules that ``entries`` need, themselves included; raise SpecError for one that there is not."""
        found: set[str] = set()
        open_ends = []
        for entry in entries:
            module, _, name = entry.partition(":")
            resolved = self._resolve(module, name)
            if resolved is None:
                raise SpecError(f"there is no module {entry} in {' or '.join(map(str, self._roots(module)))}")
            open_ends.append(resolved)
        while open_ends:
            module = open_ends.pop()
            if module in found or _NUMBERLESS.fullmatch(module):
                continue
            found.add(module)
            open_ends += self._needs(module)
        return frozenset(found)

    def registry(self, module: str, name: str) -> dict[str, str]:
        """Return a registry, read from the text of its module."""
        return self.facts(module).registries[name]

    def _needs(self, module: str) -> set[str]:
        if module not in self._needed:
            self._needed[module] = set(filter(None, (self._resolve(*item) for item in self.facts(module).imports)))
        return self._needed[module]

    def _file(self, module: str) -> Path | None:
        if module not in self._files:
            below = module.split(".")[1:]
            stems = [root.joinpath(*below[start:]) for root, start in self._roots(module).items()]
            candidates = (file for stem in stems for file in (stem / "__init__.py", stem.with_suffix(".py")))
            self._files[module] = next((file for file in candidates if file.is_file()), None)
        return self._files[module]

    def _roots(self, module: str) -> dict[Path, int]:
        """Return the folders that a module may be in, in their order, and how many parts of its name each stands for.

        Behind ``infwidth``; one's own folder stands for ``papers``.
        """
        own = {self._own: 1} if self._own and module.startswith("infwidth.papers.") else {}
        return {self._root: 0} | own

    def _resolve(self, module: str, name: str) -> str | None:
        """Return the module that holds ``name``, through packages that only pass it on; None for other packages."""
        if module.partition(".")[0] != "infwidth":
            return None
        if name and self._file(f"{module}.{name}"):
            return f"{module}.{name}"
        file = self._file(module)
        if file is None:
            return None
        if name and file.name == "__init__.py" and name in (names := self.facts(module).names):
            return self._resolve(*names[name])
        return module

    def facts(self, module: str) -> _Facts:
        """Return what is known of a module."""
        if module not in self._facts:
            file = self._file(module)
            assert file is not None
            outside = not file.is_relative_to(self._root)
            key = str(file.absolute()) if outside else module
            stamp = [_FORMAT, file.stat().st_mtime_ns, file.stat().st_size]
            kept = self._kept.get(key)
            if kept and kept[0] == stamp:
                facts = _Facts(
                    kept[1], [(m, n) for m, n in kept[2]], {k: (m, n) for k, (m, n) in kept[3].items()}, *kept[4:]
                )
            else:
                facts = _read(file, module)
                self._kept[key] = [stamp, *facts]
                self._new = True
            known = self._data_files | (self._own_data_files(module) if outside else {})
            if data_files := sorted(known[text] for text in facts.texts if text in known):
                contents = b"".join((self._root / name).read_bytes() for name in data_files)
                facts = facts._replace(digest=hashlib.sha256(facts.digest.encode() + contents).hexdigest())
            self._facts[module] = facts
        return self._facts[module]

    def remember(self) -> None:
        """Keep what was read for the next process, where the folder can be written to."""
        if not self._new or self._remember is None:
            return
        temporary = self._remember.with_name(f"{self._remember.name}.{os.getpid()}")
        try:
            self._remember.parent.mkdir(exist_ok=True)
            temporary.write_text(json.dumps(self._kept), encoding="utf-8")
            temporary.replace(self._remember)
        except OSError:
            temporary.unlink(missing_ok=True)
        self._new = False

    @cached_property
    def _kept(self) -> dict[str, Any]:
        try:
            return dict(json.loads(self._remember.read_text(encoding="utf-8"))) if self._remember else {}
        except (OSError, ValueError):
            return {}

    @cached_property
    def _data_files(self) -> dict[str, str]:
        """Name → path within the package, of all files that are no code and whose name is theirs alone."""
        return {name: path.relative_to(self._root).as_posix() for name, path in _data_in(self._root).items()}

    def _own_data_files(self, module: str) -> dict[str, str]:
        """Return the same of the folder of one's own paper that a module is of: name → path."""
        assert self._own is not None
        paper = module.split(".")[2]
        if paper not in self._of_own:
            found = _data_in(self._own / paper)
            found |= {path.relative_to(self._own / paper).as_posix(): path for path in found.values()}
            self._of_own[paper] = {name: str(path.absolute()) for name, path in found.items()}
        return self._of_own[paper]


def _data_in(folder: Path) -> dict[str, Path]:
    paths = [path for path in sorted(folder.rglob("*")) if path.suffix in _DATA_SUFFIXES]
    names = [path.name for path in paths]
    return {name: path for name, path in zip(names, paths, strict=True) if names.count(name) == 1}


def _read(file: Path, module: str) -> _Facts:
    try:
        tree = ast.parse(file.read_bytes(), filename=str(file))
    except (SyntaxError, ValueError) as error:  # ValueError: bytes of zero
        raise SpecError(f"{file}, line {getattr(error, 'lineno', '?')}: not Python: {error.args[0]}") from error
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            node.module, node.level = ".".join([*above, *([node.module] if node.module else [])]), 0
    names = dict(_bindings(tree)) if file.name == "__init__.py" else {}
    registries = {}
    for statement in list(tree.body):
        if (found := _entries(statement)) is not None:
            registries[found[0]] = found[1]
            tree.body.remove(statement)
    imports = sorted({item for node in ast.walk(tree) for item in _imported(node)})
    refusals = _refusals(tree)
    for node in ast.walk(tree):
        for field in ("body", "orelse", "finalbody"):
            if isinstance(block := getattr(node, field, None), list):
                kept = (item for item in block if not (_is_for_types(item) or item in refusals or _is_of_errors(item)))
                setattr(node, field, [_without_words(item) for item in kept])
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(
            node, clean=False
        ):
            del node.body[0]
    constants = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and type(node.value) is str}
    return _Facts(
        hashlib.sha256("".join(_canonical(tree)).encode()).hexdigest(),
        imports,
        names,
        registries,
        sorted(text for text in constants if text.endswith(_DATA_SUFFIXES)),
    )


def _imported(node: ast.AST) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Import):
        yield from ((alias.name, "") for alias in node.names if alias.name.partition(".")[0] == "infwidth")
    elif isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] == "infwidth":
        yield from ((node.module, alias.name) for alias in node.names)


def _bindings(tree: ast.Module) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield what an __init__ passes on: name → (module, name). For types only or not: it may load them when asked."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from ((alias.asname or alias.name, (node.module, alias.name)) for alias in node.names)


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _is_of_errors(node: ast.AST) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "infwidth.errors"


def _is_refusing(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Raise)
        and isinstance(node.exc, ast.Call)
        and isinstance(node.exc.func, ast.Name)
        and node.exc.func.id in _REFUSING
    )


def _refusals(tree: ast.Module) -> set[ast.AST]:
    """Return the ifs that do nothing but refuse; one that names something for the code behind it is none."""
    found = {
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and len(node.body) == 1 and _is_refusing(node.body[0]) and not node.orelse
    }
    inside = {part for node in found for part in ast.walk(node)}
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and node not in inside}

    def names(node: ast.AST) -> set[str]:
        return {part.target.id for part in ast.walk(node) if isinstance(part, ast.NamedExpr)}

    return {node for node in found if not names(node) & used}


def _without_words(node: ast.stmt) -> ast.stmt:
    """Return a statement as it is, but for one that refuses, which says then only that it does."""
    return ast.Raise() if _is_refusing(node) else node


def _entries(node: ast.stmt) -> tuple[str, dict[str, str]] | None:
    """Return name and entries of a registry that ``node`` assigns; None if it assigns none."""
    if not isinstance(node, ast.Assign | ast.AnnAssign) or not isinstance(node.value, ast.Dict):
        return None
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    if not isinstance(target, ast.Name):
        return None
    try:
        entries = ast.literal_eval(node.value)
    except ValueError:
        return None
    if not entries or not all(isinstance(entry, str) and _ENTRY.fullmatch(entry) for entry in entries.values()):
        return None
    return target.id, entries


def _canonical(node: Any) -> Iterator[str]:
    """Yield the tree as text, the same for every release of Python: types and fields that hold something."""
    if isinstance(node, ast.AST):
        yield type(node).__name__
        yield "("
        for field, value in ast.iter_fields(node):
            if value is not None and value != [] and field not in _SILENT:
                yield field
                yield from _canonical(value)
        yield ")"
    elif isinstance(node, list):
        yield "["
        for item in node:
            yield from _canonical(item)
        yield "]"
    else:
        yield repr(node)


@cache
def _package(own: Path | None) -> Package:
    return Package(Path(__file__).parents[1], own=own)


def this_package() -> Package:
    """Return the package that runs, with papers of one's own if there are any."""
    return _package(own_papers())
