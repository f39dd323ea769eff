"""Whether prepared data are still those of a user's own files: by size and time, and where these differ by checksum.

Official files need no such look, because their checksums are published. Where a user's files are gone, what was
prepared of them stays.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from infwidth.data.download import file_digest
from infwidth.data.record import read_record
from infwidth.data.registry import Dataset, dataset
from infwidth.errors import DataError

_KNOWN = ".sources.json"  # beside the record, which says nothing of times


def source_digest(name: str, options: Mapping[str, Any], data_dir: Path, prepared_dir: Path) -> str:
    """Return a digest of the files of a user's own from which a data set is to be prepared; "" where there are none.

    Of a folder of photographs, names and sizes count.
    """
    entry, known = dataset(name), _known(prepared_dir)
    digest = hashlib.sha256()
    found = False
    if entry.own:  # what is said of it is checked, and decides what becomes of its files
        digest.update(repr((entry.kind, entry.images, entry.min_count)).encode())
    for label, path in _files(entry, options, data_dir):
        found = True
        digest.update(f"{label}\0{_checksum(label, path, known)}\n".encode())
    for label, size in _photographs(entry, data_dir):
        found = True
        digest.update(f"{label}\0{size}\n".encode())
    return digest.hexdigest()[:16] if found else str(known.get("digest", ""))


def is_current(name: str, options: Mapping[str, Any], data_dir: Path, prepared_dir: Path) -> bool:
    """Return whether there are prepared data, and of the files that are there now."""
    try:
        read_record(prepared_dir)
    except DataError:
        return False
    return source_digest(name, options, data_dir, prepared_dir) == _known(prepared_dir).get("digest", "")


def remember(name: str, options: Mapping[str, Any], data_dir: Path, folder: Path) -> None:
    """Note in a folder that is being prepared what its files of a user's own are now."""
    files = {
        label: [path.stat().st_size, path.stat().st_mtime_ns, file_digest(path)]
        for label, path in _files(dataset(name), options, data_dir)
    }
    digest = source_digest(name, options, data_dir, folder)
    if digest:
        (folder / _KNOWN).write_text(json.dumps({"digest": digest, "files": files}), encoding="utf-8")


def _files(entry: Dataset, options: Mapping[str, Any], data_dir: Path) -> Iterator[tuple[str, Path]]:
    """Yield the user's own files of a data set: those that stand for the official ones if all are there, and lists."""
    paths = entry.prepared_files(data_dir)
    if all(path.is_file() for path in paths.values()):
        yield from paths.items()
    classes = options.get("classes")
    if isinstance(classes, str) and (data_dir / classes).is_file():
        yield classes, data_dir / classes


def _photographs(entry: Dataset, data_dir: Path) -> Iterator[tuple[str, int]]:
    if entry.name != "imagenet":
        return
    root = data_dir / entry.name
    for split in ("train", "val"):
        for folder, folders, files in os.walk(root / split):
            folders.sort()
            for file in sorted(files):
                path = Path(folder, file)
                yield path.relative_to(root).as_posix(), path.stat().st_size


def _checksum(label: str, path: Path, known: Mapping[str, Any]) -> str:
    stat = path.stat()
    size, time, digest = known.get("files", {}).get(label, (None, None, ""))
    return digest if (size, time) == (stat.st_size, stat.st_mtime_ns) else file_digest(path)


def _known(prepared_dir: Path) -> dict[str, Any]:
    try:
        known = json.loads((prepared_dir / _KNOWN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}
