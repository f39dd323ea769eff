"""Downloads that finish whole or not at all: checked, resumed, retried, and renamed into place last."""

import hashlib
import http.client
import logging
import re
import time
import urllib.error
import urllib.request
from pathlib import Path

from infwidth.data.arrays import is_disk_full
from infwidth.errors import DataError

_log = logging.getLogger(__name__)
_BLOCK = 1 << 20
_PAUSE_SECONDS = 1.0
_BUSY = (408, 429)  # the server asks to be tried again later
# Some hosts refuse the name under which urllib introduces itself.
_HEADERS = {"User-Agent": "Mozilla/5.0 (compatible; infwidth)"}


def file_digest(path: Path, algorithm: str = "sha256") -> str:
    """Return the hexadecimal digest of a file, read in blocks."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, algorithm).hexdigest()


def matches(path: Path, checksum: str) -> bool:
    """Say whether a file has the checksum "md5:…" or "sha256:…"."""
    algorithm, expected = checksum.split(":")
    return file_digest(path, algorithm) == expected


def download(url: str, target: Path, checksum: str | None = None, *, attempts: int = 4, timeout: float = 30.0) -> Path:
    """Download ``url`` to ``target`` and return ``target``.

    The bytes gather in ``target`` + ".part", which a later call resumes with an HTTP Range; the file gets its name
    only when it is as long as the server said and has its checksum. A part with the wrong checksum is removed and
    fetched once more from the start. Broken connections and server errors are tried ``attempts`` times.

    Raises DataError when the server refuses, cannot be reached, or sends a file with another checksum twice, and
    OSError where the disk is full.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    for retry_whole in (True, False):
        _fetch(url, part, attempts, timeout)
        if checksum is None or matches(part, checksum):
            part.replace(target)
            return target
        got = file_digest(part, checksum.split(":")[0])
        part.unlink()
        if retry_whole:
            _log.warning("%s: checksum %s instead of %s; removed, fetching again", part.name, got, checksum)
    raise DataError(
        f"{url} was fetched twice with the wrong checksum ({got} instead of {checksum}) and removed; "
        f"the server may hand out another version or an error page: fetch it by hand and look at it"
    )


def _fetch(url: str, part: Path, attempts: int, timeout: float) -> None:
    """Bring ``part`` to its full length, resuming what is there."""
    for attempt in range(1, attempts + 1):
        try:
            return _continue(url, part, timeout)
        except urllib.error.HTTPError as error:
            if error.code < 500 and error.code not in _BUSY:
                raise DataError(f"{url}: the server answered {error.code} {error.reason}") from error
            problem: Exception = error
        except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
            if isinstance(error, OSError) and is_disk_full(error):
                raise
            problem = error
        if attempt < attempts:
            _log.warning("%s: %s; attempt %d of %d failed", url, problem, attempt, attempts)
            time.sleep(_PAUSE_SECONDS * 2 ** (attempt - 1))
    raise DataError(f"{url} could not be fetched in {attempts} attempts ({problem})") from problem


def _continue(url: str, part: Path, timeout: float) -> None:
    """Make one request for what is missing of ``part``; raises ConnectionError when the answer ends early."""
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers=_HEADERS | ({"Range": f"bytes={have}-"} if have else {}))
    try:
        answer = urllib.request.urlopen(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        if error.code != 416:
            raise
        # "Range not satisfiable": nothing is missing, or the part is longer than the file.
        total = re.fullmatch(r"bytes \*/(\d+)", error.headers.get("Content-Range", ""))
        if total and int(total[1]) == have:
            return
        part.unlink()
        raise ConnectionError(f"{part.name} did not fit the file on the server and was removed") from error
    with answer:
        resumed = answer.status == 206
        if resumed and not answer.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
            part.unlink()
            raise ConnectionError("the server resumed at another place than asked")
        length = answer.headers.get("Content-Length")
        with part.open("ab" if resumed else "wb") as out:
            start = out.tell()
            while block := answer.read(_BLOCK):
                out.write(block)
            got = out.tell() - start
    if length is not None and got < int(length):
        raise ConnectionError(f"the connection ended after {got} of {length} bytes")
