"""What torchvision knows of the official data sets: addresses and checksums of their files, and how they are read.

The rest of the package imports this module inside functions, so that prepared data, embedded data and a user's own
files need no torchvision. torchvision's own downloads are not used: they start over when a connection breaks, and they
unpack archives to disk without a limit.
"""

import io
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image
from torchvision import datasets
from torchvision.datasets.imagenet import ARCHIVE_META

from infwidth.data.archives import members, read_gzip
from infwidth.data.registry import Source
from infwidth.errors import DataError

# What torchvision's readers raise for files of another format; they check with assertions, too.
_UNREADABLE = (AssertionError, EOFError, LookupError, OSError, RuntimeError, TypeError, ValueError)


def official_sources(name: str) -> tuple[Source, ...]:
    """Return the official files of the class ``name`` of torchvision.datasets, in the order of its readers below."""
    match name:
        case "MNIST" | "FashionMNIST":
            digits = getattr(datasets, name)
            return tuple(
                Source(filename, digits.mirrors[0] + filename, f"md5:{md5}", elsewhere=f"{name}/raw/{filename}")
                for filename, md5 in digits.resources
            )
        case "CIFAR10":
            cifar = datasets.CIFAR10
            return (Source(cifar.filename, cifar.url, f"md5:{cifar.tgz_md5}", elsewhere=cifar.filename),)
        case "Omniglot":
            drawings = datasets.Omniglot
            return tuple(
                Source(
                    f"{half}.zip",
                    f"{drawings.download_url_prefix}/{half}.zip",
                    f"md5:{md5}",
                    elsewhere=f"{drawings.folder}/{half}.zip",
                )
                for half, md5 in drawings.zips_md5.items()
            )
        case "ImageNet":
            return tuple(Source(file, checksum=f"md5:{md5}", elsewhere=file) for file, md5 in ARCHIVE_META.values())
        case _:
            raise ValueError(f"no official files are known for torchvision's '{name}'")


@contextmanager
def _reading(*files: Path) -> Iterator[Path]:
    """Give an empty folder for what is unpacked; what torchvision cannot read is blamed on ``files``."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            yield Path(folder)
        except _UNREADABLE as error:
            names = ", ".join(file.name for file in files)
            reason = f"{type(error).__name__}: {error}".rstrip(": ")
            raise DataError(f"torchvision cannot read {names} ({reason}); get the official file again") from error


def mnist(name: str, images: Path, labels: Path, *, train: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return one split of MNIST or FashionMNIST from its two gzipped files: x uint8 [P, 28, 28] and y int64 [P]."""
    contents = {path.name.removesuffix(".gz"): read_gzip(path) for path in (images, labels)}
    with _reading(images, labels) as root:
        raw = root / name / "raw"
        raw.mkdir(parents=True)
        # The class looks for the files of both splits, and reads those of one.
        for file, _ in getattr(datasets, name).resources:
            (raw / file.removesuffix(".gz")).write_bytes(contents.get(file.removesuffix(".gz"), b""))
        split = getattr(datasets, name)(root, train=train)
        return split.data.numpy(), split.targets.numpy()


def cifar10(archive: Path, *, train: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return one split of CIFAR-10 from its Python version: x uint8 [P, 32, 32, 3] and y [P].

    Its batches are pickles; the class compares each of them with its published checksum before it reads any.
    """
    base = datasets.CIFAR10.base_folder
    with _reading(archive) as root:
        (root / base).mkdir()
        for name, content in members(archive, lambda name: Path(name).parent.name == base):
            (root / base / Path(name).name).write_bytes(content)
        split = datasets.CIFAR10(root, train=train)
        return split.data, np.asarray(split.targets)


def omniglot(archive: Path) -> Iterator[tuple[str, Image.Image]]:
    """Yield HALF/ALPHABET/CHARACTER/FILE and the drawing of one half, in the official order, that of the names.

    Of the class of torchvision only address and checksums are used: it wants all 32 460 drawings unpacked, which takes
    five times longer, and numbers the characters in the order of the disk.
    """
    for name, content in sorted(members(archive, lambda name: name.endswith(".png"))):
        try:
            with Image.open(io.BytesIO(content), formats=["PNG"]) as drawing:
                yield name, drawing.convert("L")
        except (OSError, SyntaxError) as error:
            raise DataError(f"{archive}: the drawing {name} cannot be read ({error}); get the file again") from error


def image_folder(folder: Path, classes: Sequence[str], is_photo: Callable[[str], bool]) -> list[tuple[Path, str]]:
    """Return the photographs in the folders of ``classes``, and the class of each."""

    class Chosen(datasets.ImageFolder):
        def find_classes(self, directory: str) -> tuple[list[str], dict[str, int]]:
            return list(classes), {name: label for label, name in enumerate(classes)}

    try:
        found = Chosen(folder, is_valid_file=is_photo)
    except FileNotFoundError as error:
        raise DataError(f"{folder}: {error}") from error
    return [(Path(path), classes[label]) for path, label in found.samples]
