"""Where the results of the project lie, whichever folder a command is run in."""

from pathlib import Path

from infwidth.errors import DataError


def project_root(given: Path | None = None) -> Path:
    """Return the folder whose ``results/`` is meant: the one ``given``, else the first that there is of

    1. the current folder and those above it, if it holds ``results/published`` or ``results/cells``,
    2. the checkout that this package runs from,
    3. the current folder.

    Raises DataError if the folder given is none.
    """
    if given is not None:
        if not given.is_dir():
            raise DataError(f"--root {given}: there is no such folder; give a clone of the repository")
        return given
    here = Path.cwd()
    for folder in (here, *here.parents, Path(__file__).resolve().parents[2]):
        if any((folder / "results" / name).is_dir() for name in ("published", "cells")):
            return folder
    return here
