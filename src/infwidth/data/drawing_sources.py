"""From the sources of Omniglot to one array of drawings with character, drawer and half.

The official order throughout: the 30 background alphabets, then the 20 of the evaluation half, alphabets,
characters and drawers each in the order of their names.
"""

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from infwidth.data.archives import npz_array
from infwidth.data.arrays import save
from infwidth.data.sources import SourceFinder
from infwidth.errors import DataError

if TYPE_CHECKING:
    from PIL import Image

_ARRAYS = {"x": np.uint8, "label": np.int64, "drawer": np.int64, "background": np.bool_}
_INK = 96  # of 255: an average of 3/8 ink makes a dark pixel, so that thin strokes stay connected


def omniglot(finder: SourceFinder, folder: Path) -> None:
    """Write x uint8 {0,1} [P, 28, 28] (1 is ink), label int64 (0, 1, …), drawer int64 (1–20), background bool.

    The official 105×105 drawings are reduced by Lanczos resampling and a threshold at 96/255.
    """
    if paths := finder.prepared():
        for name, array in _checked(paths[0]).items():
            save(folder / f"{name}.npy", array.astype(_ARRAYS[name]))
        return
    archives = [finder.official(half) for half in (0, 1)]
    from infwidth.data import torchvision_sets

    drawings: list[np.ndarray] = []
    drawers: list[int] = []
    labels: list[int] = []
    background: list[bool] = []
    characters: dict[PurePosixPath, int] = {}
    for archive, in_background in zip(archives, (True, False), strict=True):
        for name, paper in torchvision_sets.omniglot(archive):
            place = PurePosixPath(name)  # images_background/ALPHABET/characterNN/FILE_DRAWER.png
            drawings.append(_reduce(paper))
            drawers.append(_drawer(place, archive))
            labels.append(characters.setdefault(place.parent, len(characters)))
            background.append(in_background)
    if not drawings:
        raise DataError(f"{finder.dataset.name}: no drawings in the official archives; get them again")
    for name, values in zip(_ARRAYS, (drawings, labels, drawers, background), strict=True):
        save(folder / f"{name}.npy", np.asarray(values, _ARRAYS[name]))


def _checked(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of a user's own npz file; raises DataError for what they cannot be."""
    found = {}
    for name in _ARRAYS:
        with npz_array(path, name) as array:
            found[name] = np.concatenate(list(array.blocks())) if array.shape[0] else np.empty(array.shape, array.dtype)
    x, label = found["x"], found["label"]
    if x.shape[1:] != (28, 28) or not len(x) or not np.isin(x, (0, 1)).all():
        raise DataError(f"{path.name}: x is {x.dtype} {x.shape}; drawings are [P, 28, 28], 0 for paper and 1 for ink")
    for name, values in found.items():
        if values.shape != x.shape[:1] and name != "x":
            raise DataError(f"{path.name}: {name} has the shape {values.shape}; there are {len(x)} drawings")
        if not np.array_equal(values, values.astype(_ARRAYS[name])):
            raise DataError(f"{path.name}: {name} is {values.dtype}; it holds whole numbers")
    if not np.array_equal(np.unique(label), np.arange(len(np.unique(label)))):
        raise DataError(f"{path.name}: the labels are not 0, 1, 2, … without a gap")
    return found


def _drawer(place: PurePosixPath, archive: Path) -> int:
    _, _, drawer = place.stem.partition("_")
    if not drawer.isdecimal():
        raise DataError(f"{archive}: {place} does not end with the number of a drawer, as FILE_DRAWER.png")
    return int(drawer)


def _reduce(paper: "Image.Image") -> np.ndarray:
    """Return an official drawing (black on white, 105×105) as {0,1} [28, 28]."""
    from PIL import Image
    from torchvision.transforms import InterpolationMode
    from torchvision.transforms.v2 import functional

    ink = functional.resize(Image.fromarray(255 - np.asarray(paper)), [28, 28], interpolation=InterpolationMode.LANCZOS)
    return (np.asarray(ink) > _INK).astype(np.uint8)
