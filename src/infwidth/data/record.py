"""A folder of prepared data: plain arrays, and a record written last that names every file and its checksum."""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from infwidth.data.download import file_digest
from infwidth.errors import DataError

RECORD = "record.json"


def read_record(prepared_dir: Path) -> dict[str, Any]:
    """Return the record of a prepared folder; raises DataError where there is none."""
    try:
        record: dict[str, Any] = json.loads((prepared_dir / RECORD).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DataError(f"{prepared_dir} holds no prepared data (no {RECORD}); prepare the data set first") from error
    return record


def read_array(prepared_dir: Path, name: str, *, mapped: bool = True) -> np.ndarray:
    """Return the array ``name`` of a prepared folder, mapped into memory or read.

    Raises DataError for a file that is absent, cut short or otherwise no array.
    """
    path = prepared_dir / f"{name}.npy"
    try:
        return np.load(path, mmap_mode="r" if mapped else None, allow_pickle=False)
    except (FileNotFoundError, ValueError, EOFError) as error:
        raise DataError(damage(path)) from error


def damage(path: Path) -> str:
    """Return what to say of a file of a prepared folder that is not what was prepared."""
    return (
        f"{path} is damaged: it is not what was prepared; "
        f"delete the folder {path.parent} and run the same command again"
    )


def write_json(path: Path, value: object) -> None:
    """Write ``value`` as JSON with a final newline, the same bytes for the same value."""
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def describe_files(folder: Path) -> dict[str, dict[str, Any]]:
    """Return {file name: sha256 and, for arrays, shape and dtype} of everything in a folder, in order of name."""
    files: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.iterdir()):
        files[path.name] = {"sha256": file_digest(path)}
        if path.suffix == ".npy":
            array = np.load(path, mmap_mode="r", allow_pickle=False)
            files[path.name] |= {"shape": list(array.shape), "dtype": str(array.dtype)}
    return files


def content_digest(files: dict[str, dict[str, Any]]) -> str:
    """Return one sha256 for the described files, names included."""
    lines = "".join(f"{name} {entry['sha256']}\n" for name, entry in sorted(files.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


@contextmanager
def staged_folder(out_dir: Path) -> Iterator[Path]:
    """Give a fresh folder beside ``out_dir`` that takes its place when the block ends well, and is removed if not."""
    out_dir.parent.mkdir(parents=True, exist_ok=True)
    stage = Path(tempfile.mkdtemp(prefix=f".{out_dir.name}.", dir=out_dir.parent))
    try:
        yield stage
        stage.chmod(0o755)
        if out_dir.exists():
            # Without its record the old folder no longer counts as prepared, should this process die right here.
            (out_dir / RECORD).unlink(missing_ok=True)
            shutil.rmtree(out_dir)
        stage.rename(out_dir)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
