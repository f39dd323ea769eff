"""The folders that a workflow writes into, looked at before it starts."""

import os
import time
from collections.abc import Iterable
from pathlib import Path

from infwidth.errors import InfwidthError


def check_writable(folders: Iterable[str]) -> None:
    """Raise InfwidthError for a folder that cannot be written to, or cannot be made because a file is in its place."""
    for name in folders:
        there = next(path for path in (Path(name), *Path(name).parents) if path.exists() or path.is_symlink())
        if not there.is_dir():
            raise InfwidthError(f"{there}: there is a file where the workflow needs a folder; move it away")
        if not os.access(there, os.W_OK | os.X_OK):
            raise InfwidthError(
                f"{there.absolute()}: this folder cannot be written to; change its permissions, "
                "or run in another folder with --directory"
            )


def mend_times(folders: Iterable[Path]) -> None:
    """Bring files that are dated in the future back to now: nothing made of them could ever be newer."""
    now = time.time()
    for folder in folders:
        for place, _, names in os.walk(folder):
            for name in names:
                path = Path(place, name)
                try:
                    if path.stat().st_mtime > now + 1:
                        os.utime(path)
                except OSError:
                    continue  # gone, or another's
