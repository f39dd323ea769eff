"""Where the photographs of ImageNet are: in folders a class, or in the official archives, which are not unpacked."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

from infwidth.data.archives import members, places
from infwidth.data.registry import Source
from infwidth.data.sources import SourceFinder
from infwidth.errors import DataError

_EXTENSIONS = (".jpeg", ".jpg", ".png")
_TRUTH = "ILSVRC2012_validation_ground_truth.txt"
_WANTED = ("meta.mat", _TRUTH)


@dataclass(frozen=True)
class Photo:
    """A photograph: a file, or ``size`` bytes of one from ``offset`` on (in a tar). ``name`` is for messages."""

    file: Path
    name: str
    offset: int = 0
    size: int | None = None

    def content(self) -> bytes:
        """Return the encoded photograph."""
        with self.file.open("rb") as stream:
            stream.seek(self.offset)
            return stream.read() if self.size is None else stream.read(self.size)


#: Photographs by class.
Photos = dict[str, list[Photo]]


def is_photo(path: str) -> bool:
    """Return whether a file is a photograph by its name; those of macOS's own (._x.jpeg) are not."""
    name = PurePosixPath(path).name
    return name.lower().endswith(_EXTENSIONS) and not name.startswith(".")


def train_classes(finder: SourceFinder) -> list[str]:
    """Return the names of the classes that there are training photographs of; DataError where there are none."""
    folder = finder.folder / "train"
    if not folder.is_dir():
        return sorted(PurePosixPath(info.name).stem for info, _ in places(_archive(finder, "train")))
    if names := _subfolders(folder):
        return names
    raise DataError(f"{folder} has no folders; it has one a class, named by its WordNet id, with its photographs")


def train_photos(finder: SourceFinder, classes: Sequence[str]) -> Photos:
    """Return the training photographs of ``classes``."""
    folder = finder.folder / "train"
    if folder.is_dir():
        return _in_folders(folder, classes)
    path = _archive(finder, "train")
    return {
        PurePosixPath(info.name).stem: [
            Photo(path, f"{path.name}: {photo.name}", info.offset_data + photo.offset_data, photo.size)
            for photo, _ in places(path, of_class)
            if is_photo(photo.name)
        ]
        for info, of_class in places(path)
        if PurePosixPath(info.name).stem in classes
    }


def val_photos(finder: SourceFinder, classes: Sequence[str]) -> Photos:
    """Return the validation photographs of ``classes``; where they are not in folders, the devkit has their labels."""
    folder = finder.folder / "val"
    if folder.is_dir() and _subfolders(folder):
        return _in_folders(folder, classes)
    if folder.is_dir():
        flat = [Photo(path, str(path)) for path in folder.iterdir() if is_photo(path.name)]
        if not finder.there(_source(finder, "devkit")):
            raise DataError(
                f"{folder} has {len(flat)} photographs and no folders, so that nothing tells their classes: sort them "
                f"into a folder a class, or put {_source(finder, 'devkit').filename}, which has the labels, into "
                f"{finder.folder}"
            )
    else:
        path = _archive(finder, "val")
        flat = [
            Photo(path, f"{path.name}: {info.name}", info.offset_data, info.size)
            for info, _ in places(path)
            if is_photo(info.name)
        ]
    labels = _validation_labels(_archive(finder, "devkit"))
    if len(labels) != len(flat):
        raise DataError(f"imagenet: {len(flat)} validation photographs, and the devkit has labels for {len(labels)}")
    photos: Photos = {}
    for photo, name in zip(sorted(flat, key=lambda photo: photo.name), labels, strict=True):
        photos.setdefault(name, []).append(photo)
    return {name: photos[name] for name in classes if name in photos}


def _subfolders(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_dir())


def _in_folders(folder: Path, classes: Sequence[str]) -> Photos:
    from infwidth.data.torchvision_sets import image_folder

    photos: Photos = {}
    for path, name in image_folder(folder, classes, is_photo):
        photos.setdefault(name, []).append(Photo(path, str(path)))
    return photos


def _source(finder: SourceFinder, part: str) -> Source:
    return dict(zip(("train", "val", "devkit"), finder.of_torchvision, strict=True))[part]


@cache
def _archive(finder: SourceFinder, part: str) -> Path:
    return finder.official(_source(finder, part))


def _validation_labels(devkit: Path) -> list[str]:
    """Return the WordNet id of each validation photograph, in order of name.

    torchvision's own parser does the same, but unpacks to disk and leaves a file of its own in the data folder.
    """
    from scipy.io import loadmat

    found = {
        PurePosixPath(name).name: content for name, content in members(devkit, lambda name: name.endswith(_WANTED))
    }
    if missing := [name for name in _WANTED if name not in found]:
        raise DataError(f"{devkit} lacks {', '.join(missing)}; get the official file again")
    try:
        synsets = loadmat(io.BytesIO(found["meta.mat"]), squeeze_me=True)["synsets"]
        names = {int(s["ILSVRC2012_ID"]): str(s["WNID"]) for s in synsets if s["num_children"] == 0}
        return [names[int(line)] for line in found[_TRUTH].split()]
    except (LookupError, TypeError, ValueError) as error:
        raise DataError(f"{devkit} is not the devkit of ILSVRC 2012 ({type(error).__name__}: {error})") from error
