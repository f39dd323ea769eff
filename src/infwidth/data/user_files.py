"""Checks of what a user may have made: arrays of images with labels, and texts. Faults are named: file, array, row."""

import codecs
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from infwidth.data.archives import npz_array
from infwidth.errors import DataError


def image_shape(path: Path, x_name: str, y_name: str) -> tuple[int, ...]:
    """Return the shape [P, H, W, C] of the images of an npz file, one channel where it names none.

    Raises DataError unless they are bytes with the channels last, with a label each.
    """
    with npz_array(path, x_name) as x, npz_array(path, y_name) as y:
        where, shape = f"{path}: {x_name}", x.shape
        if x.dtype != np.uint8:
            raise DataError(f"{where} is {x.dtype}; pixels are uint8, 0 to 255{_to_bytes(x.dtype)}")
        if len(shape) not in (3, 4):
            raise DataError(f"{where} has the shape {shape}; images are [P, H, W] or [P, H, W, C]")
        if len(shape) == 4 and shape[3] not in (1, 3):
            turned = shape[1] in (1, 3)
            why = "its channels come first: save np.transpose(x, (0, 2, 3, 1))" if turned else "C is 1 or 3"
            raise DataError(f"{where} has the shape {shape}; images are [P, H, W, C], and {why}")
        if y.shape != shape[:1]:
            raise DataError(
                f"{path}: {y_name} has the shape {y.shape}; {x_name} has {shape[0]} images, with a label each"
            )
        if not all(shape):
            raise DataError(f"{where} holds no images: its shape is {shape}")
    return (*shape, 1)[:4]


def _to_bytes(dtype: np.dtype) -> str:
    if dtype == np.uint16:
        return ": for images of 16 bits save (x // 257).astype(np.uint8)"
    if dtype.kind == "f":
        return ": for values from 0 to 1 save np.rint(255 * x).astype(np.uint8)"
    return ": if that is what they are, save x.astype(np.uint8)" if dtype.kind in "iu" else ""


def labels(paths: Iterable[Path], name: str) -> np.ndarray:
    """Return the labels of one or more npz files in order, int64 [P]; raises DataError unless they are 0, 1, 2, …"""
    parts = []
    for path in paths:
        with npz_array(path, name) as array:
            values = np.concatenate(list(array.blocks(1 << 20))) if array.shape[0] else np.empty(0, array.dtype)
        if values.dtype.kind not in "iuf":
            raise DataError(f"{path}: {name} is {values.dtype}; labels are whole numbers from 0")
        wrong = ~((values >= 0) & (values < 1 << 31) & (values == np.floor(values)))  # so written, it finds NaN as well
        if wrong.any():
            row = int(wrong.argmax())
            raise DataError(f"{path}: {name}, row {row}: the label is {values[row]}; labels are 0, 1, 2, …")
        parts.append(values.astype(np.int64))
    return np.concatenate(parts)


def check_classes(where: str, train: np.ndarray, test: np.ndarray) -> None:
    """Raise DataError unless the training labels are all of 0, …, k − 1 and the test labels are among them."""
    there = np.unique(train)
    if len(there) <= there[-1]:
        gap = int(np.setdiff1d(np.arange(len(there) + 1), there)[0])
        raise DataError(
            f"{where}: no training image has the label {gap}, and some have {there[-1]}; number the {len(there)} "
            f"classes from 0 to {len(there) - 1}"
        )
    strange = ~np.isin(test, there)
    if strange.any():
        row = int(strange.argmax())
        raise DataError(f"{where}: the test label of row {row} is {test[row]}, which no training image has")


def check_text(content: bytes, where: str, *, before: int = 0) -> str:
    """Return text; raises DataError, naming the byte (after ``before`` others), unless it is UTF-8."""
    try:
        text = content.decode("utf-8-sig" if before == 0 else "utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        encoding = "utf-16" if content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "latin1"
        raise DataError(
            f"{where} is not UTF-8: byte {before + error.start} (line {line}) is {content[error.start]:#04x}. Convert "
            f"it, for example: iconv -f {encoding} -t utf-8 {Path(where).name}"
        ) from error
    if "\0" in text:
        raise DataError(
            f"{where} holds bytes of zero: it is not text in UTF-8 (UTF-16? iconv -f utf-16 -t utf-8 converts it)"
        )
    return text
