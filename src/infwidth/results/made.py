"""What was made from what: beside each product a file with the key of its sources and the digests of its own files."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from infwidth.files import write_text


def key_of(*sources: object) -> str:
    """Return one digest of plain values: of the code, of inputs, of parameters."""
    return hashlib.sha256(json.dumps(sources, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def digest_of(file: Path) -> str:
    """Return the SHA-256 of a file; empty where there is none."""
    try:
        with file.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except OSError:
        return ""


def write_made(note: Path, key: str, files: Iterable[Path]) -> None:
    """Note that ``files`` were made from what ``key`` stands for."""
    digests = {file.name: digest_of(file) for file in files}
    write_text(note, json.dumps({"key": key, "sha256": digests}, indent=1, sort_keys=True) + "\n")


def is_made(note: Path, key: str, files: Iterable[Path]) -> bool:
    """Return whether ``files`` are there, as they were made, from what ``key`` stands for."""
    try:
        made = json.loads(note.read_text(encoding="utf-8"))
        return made["key"] == key and all(made["sha256"].get(file.name) == (digest_of(file) or None) for file in files)
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return False
