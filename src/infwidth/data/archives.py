"""Reading tar, zip, gzip and npz files that were downloaded, so that a hostile one does no harm.

Nothing is ever unpacked to disk: members are read as streams, and an archive with a link, a path that leaves its
folder, or far more content than its own size allows is refused as a whole.
"""

import errno
import gzip
import lzma
import math
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

import numpy as np

from infwidth.errors import DataError

# What the standard library raises for files that are cut short, damaged or of another format.
_BROKEN = (
    *(tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError),
    *(EOFError, OSError, ValueError, NotImplementedError, OverflowError),
)
_LONGEST_HEADER = 1 << 20  # of a tar's extended header, which holds names and times


def content_limit(path: Path) -> int:
    """Return how many bytes an archive may hold: twenty times its size (text shrinks about fivefold), or 64 MiB."""
    return max(64 << 20, 20 * path.stat().st_size)


def _check_name(path: Path, name: str) -> None:
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts or "\\" in name or ":" in name or "\0" in name:
        raise DataError(f"{path.name} is refused: its member '{name}' would leave the folder it is unpacked in")


def _check_size(path: Path, size: int, limit: int) -> None:
    if size > limit:
        raise DataError(f"{path.name} is refused: it unpacks to more than {limit} bytes")


def _broken(path: Path, kind: str, error: Exception) -> DataError | OSError:
    if isinstance(error, OSError) and error.errno is not None and error.errno != errno.EINVAL:
        return error  # of the disk, not of what the file holds
    return DataError(f"{path} is not a whole {kind} ({error}); put the right file there, or get it again")


def members(path: Path, wanted: Callable[[str], bool], limit: int | None = None) -> Iterator[tuple[str, bytes]]:
    """Yield (name, content) for the wanted regular files of a zip or tar archive, in the archive's order.

    ``limit`` is the most bytes that all members together, wanted or not, may unpack to. Raises DataError for a hostile
    archive (for a zip, before its first member is yielded) and for a broken one.
    """
    limit = content_limit(path) if limit is None else limit
    try:
        yield from (_zip_members if zipfile.is_zipfile(path) else _tar_members)(path, wanted, limit)
    except _BROKEN as error:
        raise _broken(path, "archive", error) from error


def _check_open(path: Path, info: zipfile.ZipInfo) -> None:
    if info.flag_bits & 1:
        raise DataError(f"{path} is encrypted ('{info.filename}'); unpack it with its password and pack it without")


def _zip_members(path: Path, wanted: Callable[[str], bool], limit: int) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
        for info in infos:
            _check_name(path, info.filename)
            if stat.S_ISLNK(info.external_attr >> 16):
                raise DataError(f"{path.name} is refused: its member '{info.filename}' is a link")
            _check_open(path, info)
        # zipfile reads no more of a member than its declared size, so the declared sizes bound the real ones.
        _check_size(path, sum(info.file_size for info in infos), limit)
        for info in infos:
            if not info.is_dir() and wanted(info.filename):
                yield info.filename, archive.read(info)


class _BoundedTarInfo(tarfile.TarInfo):
    """A member of a tar, whose extended headers are short: tarfile reads them into memory whatever their length."""

    _EXTENDED = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, *tarfile.GNU_TYPES)

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        if self.type in self._EXTENDED and self.type != tarfile.GNUTYPE_SPARSE and self.size > _LONGEST_HEADER:
            raise DataError(f"{archive.name!s} is refused: one of its headers has {self.size} bytes")
        return super()._proc_member(archive)  # type: ignore[misc]


def _tar_members(path: Path, wanted: Callable[[str], bool], limit: int) -> Iterator[tuple[str, bytes]]:
    total = 0
    with tarfile.open(path, "r:*", tarinfo=_BoundedTarInfo) as archive:
        for info in archive:
            _check_name(path, info.name)
            if not (info.isreg() or info.isdir()):
                raise DataError(f"{path.name} is refused: its member '{info.name}' is a link or a device")
            total += info.size
            _check_size(path, total, limit)
            if info.isreg() and wanted(info.name):
                stream = archive.extractfile(info)
                assert stream is not None  # it is None only for what is not a regular file
                yield info.name, stream.read()


def places(path: Path, inside: IO[bytes] | None = None) -> Iterator[tuple[tarfile.TarInfo, IO[bytes]]]:
    """Yield the regular files of a tar that is not compressed: where each lies (``offset_data``), and it as a stream.

    ``inside`` is the stream of a tar within the tar ``path``. Nothing is read but the headers. Raises DataError for
    what ``members`` refuses.
    """
    try:
        with tarfile.open(path, "r:", fileobj=inside, tarinfo=_BoundedTarInfo) as archive:
            for info in archive:
                _check_name(path, info.name)
                if info.isdir():
                    continue
                stream = archive.extractfile(info) if info.isreg() and not info.issparse() else None
                if stream is None:
                    raise DataError(f"{path.name} is refused: its member '{info.name}' is a link or a device")
                yield info, stream
    except _BROKEN as error:
        raise _broken(path, "archive", error) from error


def read_gzip(path: Path, limit: int | None = None) -> bytes:
    """Return the unpacked content of a gzip file; raises DataError beyond ``limit`` bytes or when it is broken."""
    limit = content_limit(path) if limit is None else limit
    try:
        with gzip.open(path) as stream:
            content = stream.read(limit + 1)
    except _BROKEN as error:
        raise _broken(path, "gzip file", error) from error
    _check_size(path, len(content), limit)
    return content


class NpyStream:
    """An array inside an npz file, read forwards in blocks of rows, without pickles and never all in memory.

    ``shape`` and ``dtype`` are those of the whole array.
    """

    def __init__(self, stream: IO[bytes], size: int, where: str) -> None:
        self._stream, self._where = stream, where
        version = np.lib.format.read_magic(stream)
        read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        self.shape, fortran, self.dtype = read_header(stream)
        if self.dtype.hasobject:
            raise DataError(f"{where} is no plain array: it holds Python objects, which are not read; save numbers")
        if not self.shape:
            raise DataError(f"{where} is no plain array: it is a single number")
        if fortran:
            raise DataError(f"{where} has the rows last in memory (Fortran order); save np.ascontiguousarray of it")
        if stream.tell() + math.prod(self.shape) * self.dtype.itemsize != size:
            raise ValueError(f"{where} does not hold the {self.shape} that it announces")

    def blocks(self, count: int = 4096) -> Iterator[np.ndarray]:
        """Yield all rows in order, at most ``count`` at a time; raises DataError where the file is broken."""
        row_shape = self.shape[1:]
        row_bytes = math.prod(row_shape) * self.dtype.itemsize
        for start in range(0, self.shape[0], count):
            rows = min(count, self.shape[0] - start)
            try:
                content = self._stream.read(rows * row_bytes)
                block = np.frombuffer(content, self.dtype).reshape(rows, *row_shape)
            except _BROKEN as error:
                raise DataError(f"{self._where} is broken ({error}); make or get the file again") from error
            yield block


@contextmanager
def npz_array(path: Path, name: str) -> Iterator[NpyStream]:
    """Open the array ``name`` of an npz file; raises DataError for an absent name, a broken file or pickled objects."""
    with ExitStack() as stack:
        try:
            archive = stack.enter_context(zipfile.ZipFile(path))
            if f"{name}.npy" not in archive.namelist():
                names = ", ".join(entry.removesuffix(".npy") for entry in archive.namelist())
                raise DataError(f"{path.name} has no array '{name}'; it has {names}")
            _check_open(path, archive.getinfo(f"{name}.npy"))
            size = archive.getinfo(f"{name}.npy").file_size
            _check_size(path, size, content_limit(path))
            array = NpyStream(stack.enter_context(archive.open(f"{name}.npy")), size, f"{path.name}[{name}]")
        except _BROKEN as error:
            raise _broken(path, "npz file", error) from error
        yield array
