"""Prepared data that is no longer what was prepared: the first suspect where a job fails for no known reason."""

from pathlib import Path

from infwidth.data.download import file_digest
from infwidth.data.record import RECORD, damage, read_record
from infwidth.errors import DataError


def damaged_data(folder: Path) -> list[str]:
    """Return a line for each data set in ``folder`` (one a subfolder) that is not what its record says."""
    lines = []
    for record in sorted(folder.glob(f"*/{RECORD}")):
        if file := _damaged_file(record.parent):
            lines.append(damage(file))
    return lines


def _damaged_file(prepared: Path) -> Path | None:
    try:
        files = {prepared / name: entry["sha256"] for name, entry in read_record(prepared)["files"].items()}
    except DataError:
        return prepared / RECORD
    return next((file for file, digest in files.items() if not file.is_file() or file_digest(file) != digest), None)
