"""Writing npy files: room on the disk first, then rows, so that an array need not fit into memory."""

import errno
import math
import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def is_disk_full(error: OSError) -> bool:
    """Return whether a disk, a quota or the largest size of a file is behind an error."""
    return error.errno in _NO_ROOM


def new_array(path: Path, dtype: npt.DTypeLike, shape: tuple[int, ...]) -> np.memmap:
    """Make an npy file and return it mapped into memory, to be written; raises OSError where there is no room for it.

    Its room is taken at once, because a write to a mapped file on a full disk kills the process.
    """
    if math.prod(shape) == 0:
        raise ValueError(f"{path.name} would be empty: {shape}")
    array = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)
    if hasattr(os, "posix_fallocate"):
        with path.open("r+b") as file:
            try:
                os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
            except OSError as error:
                if is_disk_full(error):
                    raise OSError(error.errno, f"{error.strerror} ({array.nbytes} bytes)", str(path)) from error
    return array


def write_rows(path: Path, dtype: npt.DTypeLike, shape: tuple[int, ...], blocks: Iterable[np.ndarray]) -> None:
    """Write an npy file block by block."""
    out = new_array(path, dtype, shape)
    start = 0
    for block in blocks:
        out[start : start + len(block)] = block.reshape(len(block), *shape[1:])
        start += len(block)
    out.flush()


def save(path: Path, array: np.ndarray) -> None:
    """Write an array in C order."""
    if array.size:
        write_rows(path, array.dtype, array.shape, [array])
    else:
        np.save(path, array)
