"""SHA256SUMS: checksums in the data folder, for files whose makers publish none, or that are not the published ones.

``data_dir/NAME/SHA256SUMS`` has lines as ``sha256sum`` writes them. Of a file without a published checksum, that of the
first use is added, and checked from then on. A line that is there counts more than what is published: by it a user
says that another file is meant, which the record of the prepared data then says, too.
"""

import re
from pathlib import Path

from infwidth.errors import DataError
from infwidth.files import write_text

NAME = "SHA256SUMS"
_LINE = re.compile(r"([0-9a-f]{64}) [ *](\S.*)")


def listed(folder: Path) -> dict[str, str]:
    """Return {file name: sha256} of a folder's list, empty where there is none; raises DataError for a broken line."""
    path = folder / NAME
    if not path.is_file():
        return {}
    found = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        match = _LINE.fullmatch(line.rstrip())
        if match is None:
            raise DataError(f"{path}, line {number}: not a checksum and a file name, as 'sha256sum FILE' writes them")
        found[match[2]] = match[1]
    return found


def add(folder: Path, filename: str, sha256: str) -> None:
    """Add the checksum of a file to a folder's list."""
    lines = [f"{digest}  {name}\n" for name, digest in {**listed(folder), filename: sha256}.items()]
    write_text(folder / NAME, "".join(lines))
