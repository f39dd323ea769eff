"""One folder a paper: ``experiments.yaml``, ``figures/``, ``claims.py``. Adding a paper is adding a folder.

A figure is the function of its name in the module of its name: ``papers.mei2018.figures.radial:radial``; no list names
them again. A computation that only one paper needs is a function of that paper's ``solve.py``, beside its typed block.

Papers of one's own lie in a folder outside (:func:`infwidth.places.own_papers`) and are the same in all: their modules
are ``infwidth.papers.<paper>.…`` as well. What is in this package is found first, so that nothing outside replaces it.
"""

import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from infwidth.errors import SpecError
from infwidth.places import own_papers

PAPERS_DIR = Path(__file__).parent
_NAME = re.compile(r"[a-z][a-z0-9]*")  # as in the workflow's files and rules: <paper>_<figure>


def paper_folders(*, own: bool = True) -> dict[str, Path]:
    """Return name → folder of all papers, sorted, those of one's own last; without ``own`` the built-in ones.

    Raises SpecError for a folder of one's own that has no name of a paper, that of a built-in one, or no experiments.
    """
    folders = {file.parent.name: file.parent for file in sorted(PAPERS_DIR.glob("*/experiments.yaml"))}
    outside = own_papers() if own else None
    return folders | _own_folders(outside, folders) if outside else folders


def _own_folders(outside: Path, built_in: dict[str, Path]) -> dict[str, Path]:
    folders = {}
    for folder in sorted(outside.iterdir()):
        if not any((folder / part).exists() for part in ("experiments.yaml", "figures", "claims.py", "solve.py")):
            continue  # something else that is kept there
        name = folder.name
        if name in built_in:
            raise SpecError(f"{folder}: there is a paper '{name}' in infwidth itself; rename the folder")
        if not _NAME.fullmatch(name):
            raise SpecError(
                f"{folder}: '{name}' is no name of a paper, which is small letters and digits, a letter first; rename "
                "the folder"
            )
        if not (folder / "experiments.yaml").is_file():
            raise SpecError(f"{folder}: a paper without experiments.yaml, which says what it trains and draws")
        folders[name] = folder
    if not folders and not (outside / "data_sets.yaml").exists():
        raise SpecError(
            f"{outside}: no paper in it, which is a folder with experiments.yaml; give the folder that holds the "
            "folders of papers"
        )
    return folders


def is_own(paper: str) -> bool:
    """Return whether a paper is not of this package."""
    return not (PAPERS_DIR / paper / "experiments.yaml").exists()


def paper_module(paper: str, part: str) -> ModuleType:
    """Return module ``claims``, ``solve`` or ``figures.<figure>`` of a paper."""
    __path__[1:] = [str(folder)] if (folder := own_papers()) else []
    return import_module(f"infwidth.papers.{paper}.{part}")


def figure_function(paper: str, figure: str) -> Callable[[Any], Any]:
    """Return the function that draws a figure: tables by experiment in, matplotlib figure out."""
    function: Callable[[Any], Any] = _of(paper_module(paper, f"figures.{figure}"), figure, "the function that draws")
    return function


def claims_of(paper: str) -> Any:
    """Return the claims of a paper."""
    return _of(paper_module(paper, "claims"), "CLAIMS", "the paper's claims, () if it has none")


def _of(module: ModuleType, name: str, what: str) -> Any:
    if not hasattr(module, name):
        raise SpecError(f"{module.__file__}: there is no '{name}' in it: {what}")
    return getattr(module, name)


def papers_with(part: str) -> list[str]:
    """Return the names of the papers that have such a module, sorted."""
    folders = paper_folders().items()
    return sorted(name for name, folder in folders if has_part(folder, part))


def has_part(folder: Path, part: str) -> bool:
    """Return whether the folder of a paper has a module ``claims``, ``solve``, ``figures.<figure>``."""
    stem = folder.joinpath(*part.split("."))
    return stem.with_suffix(".py").is_file() or (stem / "__init__.py").is_file()
