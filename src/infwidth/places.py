"""Where the results of the project lie, whichever folder a command is run in, and where papers of one's own do."""

import os
import re
from pathlib import Path

from infwidth.errors import DataError, SpecError

#: The environment variable that names the folder of one's own papers and data sets, for this process and its children.
OWN_PAPERS = "INFWIDTH_PAPERS_DIR"


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


def named_folder(text: str | Path, *, key: str) -> Path:
    """Return the folder that a person named, with ``~`` and variables put in; SpecError for one that is unset.

    ``key`` is where it was named, for the error.
    """
    path = os.path.expandvars(str(text))
    if unset := re.findall(r"\$\{?(\w+)", path):
        raise SpecError(f"{key} is '{text}', and there is no environment variable {', '.join(unset)}")
    return Path(path).expanduser()


def use_own_papers(text: str | Path) -> None:
    """Take the papers and data sets in a folder as well, in this process and in those that it starts.

    Raises SpecError for one that is not there.
    """
    os.environ[OWN_PAPERS] = str(_there(text, key="papers_dir").absolute())


def own_papers() -> Path | None:
    """Return the folder of one's own papers and data sets; None where none is named.

    Raises SpecError for one that is not there.
    """
    text = os.environ.get(OWN_PAPERS)
    return _there(text, key=OWN_PAPERS) if text else None


def _there(text: str | Path, *, key: str) -> Path:
    folder = named_folder(text, key=key)
    if not folder.is_dir():
        raise SpecError(f"{key}: there is no folder {folder}; it is to hold a folder a paper, and data_sets.yaml")
    return folder
