"""A folder of prepared data: plain arrays, and a record written last that names every file and its checksum.

What is read of it is compared with the record first. Files up to a GiB are compared once a process; larger ones once,
and again when their size or time is no longer what it was then.
"""

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
from infwidth.files import write_text

RECORD = "record.json"
_COMPARED = ".compared.json"  # size and time of large files when they were compared with the record
_LARGE = 1 << 30

Stamp = tuple[int, int]
_seen: dict[Path, tuple[Stamp, str]] = {}  # what this process compared: file → its stamp and checksum


def read_record(prepared_dir: Path) -> dict[str, Any]:
    """Return the record of a prepared folder; raises DataError where there is none or a damaged one."""
    path = prepared_dir / RECORD
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        whole = record["sha256"] == content_digest(record["files"])
        whole = whole and ("checksum" not in record or sealed(record) == record)  # older records have none
    except FileNotFoundError as error:
        raise DataError(f"{prepared_dir} holds no prepared data (no {RECORD}); prepare the data set first") from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise DataError(damage(path)) from error
    if not whole:
        raise DataError(damage(path))
    return record


def sealed(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record with the checksum of all that it says."""
    said = {key: value for key, value in record.items() if key != "checksum"}
    return said | {"checksum": hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()}


def damage(path: Path) -> str:
    """Return what to say of a file of a prepared folder that is not what was prepared."""
    return (
        f"{path} is damaged: it is not what was prepared; "
        f"delete the folder {path.parent} and run the same command again"
    )


def read_array(prepared_dir: Path, name: str, *, mapped: bool = True) -> np.ndarray:
    """Return the array ``name`` of a prepared folder, mapped into memory or read.

    Raises DataError for a file that is absent, cut short or otherwise not the one of the record.
    """
    path = prepared_dir / f"{name}.npy"
    compare(path)
    try:
        return np.load(path, mmap_mode="r" if mapped else None, allow_pickle=False)
    except (FileNotFoundError, ValueError, EOFError) as error:
        raise DataError(damage(path)) from error


def read_json(prepared_dir: Path, name: str) -> Any:
    """Return the value in ``name``.json of a prepared folder; raises DataError where it is not that of the record."""
    path = prepared_dir / f"{name}.json"
    compare(path)
    return json.loads(path.read_text(encoding="utf-8"))


def compare(path: Path) -> None:
    """Raise DataError unless a file of a prepared folder is the one that its record names; see the module."""
    entry = read_record(path.parent)["files"].get(path.name)
    if entry is None or not path.is_file():
        raise DataError(damage(path))
    stamp, digest = _stamp(path), entry["sha256"]
    if _seen.get(path.resolve()) == (stamp, digest):
        return
    if stamp[0] <= _LARGE or _compared(path.parent).get(path.name) != [*stamp, digest]:
        if file_digest(path) != digest:
            raise DataError(damage(path))
        remember_large(path, digest)
    _seen[path.resolve()] = (stamp, digest)


def remember_large(path: Path, digest: str) -> None:
    """Write down that a large file was compared; a folder that cannot be written is left as it is."""
    if path.stat().st_size <= _LARGE:
        return
    compared = {**_compared(path.parent), path.name: [*_stamp(path), digest]}
    try:
        write_text(path.parent / _COMPARED, json.dumps(compared))
    except OSError:
        return


def _stamp(path: Path) -> Stamp:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns


def _compared(folder: Path) -> dict[str, list[Any]]:
    try:
        known = json.loads((folder / _COMPARED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def write_json(path: Path, value: object) -> None:
    """Write ``value`` as JSON with a final newline, the same bytes for the same value."""
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def describe_files(folder: Path) -> dict[str, dict[str, Any]]:
    """Return {file name: sha256 and, for arrays, shape and dtype} of what a folder holds, in order of name."""
    files: dict[str, dict[str, Any]] = {}
    for path in sorted(path for path in folder.iterdir() if path.name != RECORD and not path.name.startswith(".")):
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
