"""How the workflow is told that a job is due whose files look done: by one more input, newer than all of them."""

import secrets
import time
from pathlib import Path


class Due:
    """A file that is new in every run; made when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "due"
        self._is_new = False

    def unless(self, current: bool) -> list[str]:
        """Return the inputs that make a job due: none if its files are ``current``.

        What the file holds differs from run to run, because an input whose content is as before does not count as new.
        """
        if current:
            return []
        if not self._is_new:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.write_text(f"{time.time_ns()} {secrets.token_hex(8)}\n", encoding="utf-8")
            self._is_new = True
        return [str(self._file)]
