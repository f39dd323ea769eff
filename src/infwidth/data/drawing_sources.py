"""From the sources of Omniglot to one array of drawings with character, drawer and half.

The official order throughout: the 30 background alphabets, then the 20 of the evaluation half, alphabets,
characters and drawers each in the order of their names.
"""

import io
from pathlib import Path, PurePosixPath

import numpy as np

from infwidth.data.archives import members, npz_array
from infwidth.data.sources import SourceFinder
from infwidth.errors import DataError

_ARRAYS = {"x": np.uint8, "label": np.int64, "drawer": np.int64, "background": np.bool_}
_INK = 96  # of 255: an average of 3/8 ink makes a dark pixel, so that thin strokes stay connected


def omniglot(finder: SourceFinder, folder: Path) -> None:
    """Write x uint8 {0,1} [P, 28, 28] (1 is ink), label int64 (0, 1, …), drawer int64 (1–20), background bool.

    The official 105×105 drawings are reduced by Lanczos resampling and a threshold at 96/255.
    """
    if paths := finder.prepared():
        for name, dtype in _ARRAYS.items():
            with npz_array(paths[0], name) as array:
                np.save(folder / f"{name}.npy", np.concatenate(list(array.blocks())).astype(dtype))
        return
    drawings: list[np.ndarray] = []
    drawers: list[int] = []
    labels: list[int] = []
    background: list[bool] = []
    characters: dict[tuple[str, ...], int] = {}
    for half, in_background in enumerate((True, False)):
        path = finder.official(half)
        for name, content in sorted(members(path, lambda name: name.endswith(".png"))):
            # images_background/ALPHABET/characterNN/FILE_DRAWER.png
            place = PurePosixPath(name)
            drawings.append(_reduce(content, name))
            drawers.append(int(place.stem.split("_")[1]))
            labels.append(characters.setdefault(place.parts[:-1], len(characters)))
            background.append(in_background)
    if not drawings:
        raise DataError(f"{finder.dataset.name}: no drawings in the official archives; remove them and get them again")
    for name, values in zip(_ARRAYS, (drawings, labels, drawers, background), strict=True):
        np.save(folder / f"{name}.npy", np.asarray(values, _ARRAYS[name]))


def _reduce(png: bytes, name: str) -> np.ndarray:
    """Return an official drawing (black on white, 105×105) as {0,1} [28, 28]."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(png), formats=["PNG"]) as image:
            paper = np.asarray(image.convert("L"))
    except OSError as error:
        raise DataError(f"the drawing {name} cannot be read ({error})") from error
    ink = Image.fromarray(255 - paper).resize((28, 28), Image.Resampling.LANCZOS)
    return (np.asarray(ink) > _INK).astype(np.uint8)
