"""ImageNet: which classes, and their photographs as squares of one size.

In ``data_dir/imagenet`` lie the official archives (train, val, devkit), or folders ``train/CLASS`` and ``val/CLASS`` as
torchvision's ImageFolder reads them. A ``val`` folder without folders is sorted by the devkit's labels.
"""

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from infwidth.data.arrays import save
from infwidth.data.photos import Photo, train_classes, train_photos, val_photos
from infwidth.data.sources import SourceFinder
from infwidth.data.user_files import check_text
from infwidth.errors import DataError, SpecError, nearest


def imagenet(
    finder: SourceFinder,
    folder: Path,
    *,
    image_size: int = 64,
    classes: Sequence[str] | str | int | None = None,
    images_per_class: int | None = None,
) -> None:
    """Write the centre square of every photograph of the chosen classes, ``image_size`` pixels a side.

    ``classes``: see :func:`choose`. ``images_per_class``: the first so many training photographs of each class, in
    order of name; all by default.
    """
    for option, value in {"image_size": image_size, "images_per_class": images_per_class}.items():
        if value is not None and (not isinstance(value, int) or value < 1):
            raise SpecError(f"imagenet: {option} is {value!r}; it is a whole number from 1")
    if not finder.folder.is_dir():
        raise finder.absent()
    from infwidth.data.squares import write_squares

    chosen = choose(classes, train_classes(finder), finder.data_dir)
    train, val = train_photos(finder, chosen), val_photos(finder, chosen)
    if any((finder.folder / split).is_dir() for split in ("train", "val")):
        finder.remember(f"data folder: {finder.dataset.name}")
    splits = {
        "train": {name: _in_order(train, name, "train", finder)[:images_per_class] for name in chosen},
        "test": {name: _in_order(val, name, "validation", finder) for name in chosen},
    }
    for split, by_class in splits.items():
        photos = [photo for name in chosen for photo in by_class[name]]
        labels = np.repeat(np.arange(len(chosen)), [len(by_class[name]) for name in chosen])
        squares = write_squares(finder.half_done, f"x_{split}", photos, image_size, workers=finder.workers)
        shutil.move(squares, folder / squares.name)
        save(folder / f"y_{split}.npy", labels)
    shutil.rmtree(finder.half_done, ignore_errors=True)


def _in_order(photos: dict[str, list[Photo]], name: str, split: str, finder: SourceFinder) -> list[Photo]:
    if not photos.get(name):
        raise DataError(f"imagenet: there are no {split} images of class '{name}' in {finder.folder}")
    return sorted(photos[name], key=lambda photo: photo.name)


def choose(classes: Sequence[str] | str | int | None, known: Sequence[str], data_dir: Path) -> list[str]:
    """Return the names of classes, in the order of their labels 0, 1, …, of the ``known`` ones.

    ``classes`` are WordNet ids; or a file, in ``data_dir`` if it is no whole path, with one a line (after # a comment);
    or a number: a fixed choice, of which a smaller one is the beginning; or None, for all.

    Raises SpecError for what has no meaning, DataError for a class or file that is not there.
    """
    if classes is None:
        return list(known)
    if isinstance(classes, bool) or not isinstance(classes, int | str | Sequence):
        raise SpecError(f"imagenet: classes is {classes!r}; it is WordNet ids, a file of them, a number, or null")
    if isinstance(classes, int):
        if not 1 <= classes <= len(known):
            raise SpecError(f"imagenet: classes is {classes}; there are {len(known)}")
        return sorted(known, key=lambda name: hashlib.sha256(name.encode()).hexdigest())[:classes]
    names = _listed(data_dir / classes) if isinstance(classes, str) else list(classes)
    for number, name in enumerate(names):
        if name not in known:
            raise DataError(f"imagenet: there is no class '{name}'{nearest(str(name), known)}; there are {len(known)}")
        if name in names[:number]:
            raise SpecError(f"imagenet: classes has '{name}' twice")
    if not names:
        raise SpecError("imagenet: classes is empty")
    return names


def _listed(path: Path) -> list[str]:
    try:
        text = check_text(path.read_bytes(), str(path))
    except OSError as error:
        raise DataError(f"imagenet: classes: {path} cannot be read ({error.strerror})") from error
    return [words[0] for line in text.splitlines() if (words := line.partition("#")[0].split())]
