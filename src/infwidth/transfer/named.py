"""A study by the name of the function that returns it."""

import importlib
import sys
from pathlib import Path

from infwidth.errors import SpecError
from infwidth.transfer.study import TransferStudy


def study_named(name: str) -> TransferStudy:
    """Return what ``module:function`` returns; the module is looked for in the current folder first.

    Raises SpecError where there is none, and where it is no study. An error inside the module is the caller's to see.
    """
    module_name, _, function_name = name.partition(":")
    if not function_name:
        raise SpecError(f"'{name}' names no function; write module:function, such as mine:study")
    module_name = module_name.removesuffix(".py").replace("/", ".")
    sys.path.insert(0, str(Path.cwd()))
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name != module_name.partition(".")[0] and error.name != module_name:
            raise
        raise SpecError(f"there is no module '{module_name}' in {Path.cwd()} or among those installed") from error
    finally:
        sys.path.remove(str(Path.cwd()))
    function = getattr(module, function_name, None)
    if not callable(function):
        raise SpecError(f"{module_name} has no function '{function_name}'")
    study = function()
    if not isinstance(study, TransferStudy):
        raise SpecError(f"{name} returns a {type(study).__name__}; it has to return an infwidth.transfer.TransferStudy")
    return study
