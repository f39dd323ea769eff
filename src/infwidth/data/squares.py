"""Photographs of any size to squares of one side: by all cores, with progress, and on from where a kill stopped it."""

import hashlib
import io
import json
import logging
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

import numpy as np
from PIL import Image
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional

from infwidth.data.arrays import new_array
from infwidth.data.photos import Photo
from infwidth.errors import DataError

_log = logging.getLogger(__name__)
_BLOCK = 256  # photographs that a thread does in turn
_SECONDS = 10.0  # between two lines of progress, and two notes of what is done
# Modes of more than 8 bits, which Pillow cuts off at 255 instead of scaling.
_DEEP = ("I", "F")


def square(photo: Photo, side: int) -> np.ndarray:
    """Return the centre square of a photograph, uint8 [side, side, 3]; raises DataError where it cannot be read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # up to twice the limit is read
            with Image.open(io.BytesIO(photo.content())) as image:
                if image.mode.startswith(_DEEP):
                    raise DataError(
                        f"{photo.name} has more than 8 bits a channel (mode {image.mode}); save it with 8 bits"
                    )
                shorter = min(image.size)
                centre = functional.center_crop(image.convert("RGB"), [shorter, shorter])
    except Image.DecompressionBombError as error:
        raise DataError(f"{photo.name} is too large to be read ({error}); make it smaller") from error
    except (OSError, SyntaxError, ValueError) as error:
        raise DataError(f"{photo.name} cannot be read as an image ({error})") from error
    return np.asarray(functional.resize(centre, [side, side], interpolation=InterpolationMode.BICUBIC))


def write_squares(folder: Path, name: str, photos: Sequence[Photo], side: int, *, workers: int) -> Path:
    """Write ``name``.npy, uint8 [P, side, side, 3], in ``folder`` and return its path.

    What a process that was killed had written is kept, if the photographs and their sizes are still the same.
    """
    path, journal = folder / f"{name}.npy", folder / f"{name}.done.json"
    plan = _plan(photos, side)
    done = _done(journal, plan) if path.is_file() else set()
    blocks = [start for start in range(0, len(photos), _BLOCK) if start not in done]
    if done:
        out = np.load(path, mmap_mode="r+", allow_pickle=False)
        _log.info("%s: %d of %d images are there already", name, len(photos) - _count(blocks, photos), len(photos))
    else:
        folder.mkdir(parents=True, exist_ok=True)
        out = new_array(path, np.uint8, (len(photos), side, side, 3))

    def write(start: int) -> int:
        for row, photo in enumerate(photos[start : start + _BLOCK], start):
            out[row] = square(photo, side)
        return start

    started = noted = time.monotonic()
    todo = _count(blocks, photos)
    try:
        for start in _in_parallel(write, blocks, workers):
            done.add(start)
            if time.monotonic() - noted > _SECONDS:
                noted = time.monotonic()
                _note(out, journal, plan, done)
                left = _count([block for block in blocks if block not in done], photos)
                seconds = (noted - started) * left / (todo - left)
                _log.info("%s: %d of %d images, about %.0f s left", name, len(photos) - left, len(photos), seconds)
    finally:
        _note(out, journal, plan, done)
    return path


def _in_parallel(work: Callable[[int], int], blocks: Sequence[int], workers: int) -> Iterator[int]:
    """Yield the blocks as they are done; decoding and resizing let other threads run."""
    remaining = iter(blocks)
    with ThreadPoolExecutor(max(1, workers)) as pool:
        running: set[Future[int]] = set()
        try:
            while True:
                while len(running) < 2 * max(1, workers) and (start := next(remaining, None)) is not None:
                    running.add(pool.submit(work, start))
                if not running:
                    return
                finished, running = wait(running, return_when=FIRST_COMPLETED)
                for future in sorted(finished, key=lambda future: future.exception() is not None):  # what is done first
                    yield future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _count(blocks: Sequence[int], photos: Sequence[Photo]) -> int:
    return sum(min(_BLOCK, len(photos) - start) for start in blocks)


def _plan(photos: Sequence[Photo], side: int) -> str:
    digest = hashlib.sha256(str(side).encode())
    for photo in photos:
        size = photo.file.stat().st_size if photo.size is None else photo.size
        digest.update(f"{photo.name}\0{photo.offset}\0{size}\n".encode())
    return digest.hexdigest()


def _note(out: np.memmap, journal: Path, plan: str, done: set[int]) -> None:
    out.flush()  # before what is noted as done could be lost with the machine's power
    partial = journal.with_suffix(".tmp")
    partial.write_text(json.dumps({"plan": plan, "done": sorted(done)}))
    partial.replace(journal)


def _done(journal: Path, plan: str) -> set[int]:
    try:
        known = json.loads(journal.read_text(encoding="utf-8"))
        return set(known["done"]) if known["plan"] == plan else set()
    except (OSError, ValueError, LookupError, TypeError):
        return set()
