"""A study by the name of the function that returns it."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from infwidth.errors import SpecError
from infwidth.transfer.study import TransferStudy


def study_named(name: str) -> TransferStudy:
    """Return what ``module:function`` or ``path/to/file.py:function`` returns.

    A module is looked for in the current folder first, a file's folder is where its own imports are looked for first;
    that folder stays on the path, for imports that a study does later. Raises SpecError where there is none, and where
    it is no study. An error inside the module is the caller's to see.
    """
    place, _, function_name = name.rpartition(":")
    if not place:
        raise SpecError(f"'{name}' names no module or no function; write module:function, such as mine:study")
    module = _of_file(place) if place.endswith(".py") or set(place) & set("/\\") else _of_name(place)
    function = getattr(module, function_name, None)
    if not callable(function):
        raise SpecError(f"{place} has no function '{function_name}'")
    study = function()
    if not isinstance(study, TransferStudy):
        raise SpecError(f"{name} returns a {type(study).__name__}; it has to return an infwidth.transfer.TransferStudy")
    return study


def _of_name(name: str) -> ModuleType:
    if not all(part.isidentifier() for part in name.split(".")):
        raise SpecError(f"there is no module '{name}': that is no module's name")
    _look_first_in(Path.cwd())
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise
        raise SpecError(f"there is no module '{name}' in {Path.cwd()} or among those installed") from error


def _of_file(place: str) -> ModuleType:
    file = Path(place if place.endswith(".py") else f"{place}.py")
    if not file.is_file():
        raise SpecError(f"there is no file {file}")
    _look_first_in(file.resolve().parent)
    found = importlib.util.spec_from_file_location(file.stem, file.resolve())
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules.setdefault(file.stem, module)  # not in the place of another of this name
    found.loader.exec_module(module)
    return module


def _look_first_in(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
