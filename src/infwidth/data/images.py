"""Labelled images for training: a balanced subset, resized, scaled, as tensors."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

import numpy as np
import torch

from infwidth.data import mapped
from infwidth.data.record import read_array, read_record
from infwidth.errors import DataError, SpecError
from infwidth.seeding import numpy_stream

Normalization = Literal["standardize", "unit"]

_BLOCK_PIXELS = 1 << 24  # converted at a time, so that only the result has to fit into memory
# Luma of ITU-R BT.601 in thousandths: whole numbers, so that all pixel statistics are exact.
_LUMA = np.array([299, 587, 114])


@dataclass(frozen=True)
class Images:
    """x float32 [P, C, H, W] and y int64 [P] of both splits; ``sha256`` is that of the prepared data they come from.

    Where memory would not hold it, x is a :class:`~infwidth.data.mapped.Mapped`.
    """

    x_train: torch.Tensor
    y_train: torch.Tensor
    x_test: torch.Tensor
    y_test: torch.Tensor
    n_classes: int
    name: str
    sha256: str


def load_images(
    prepared_dir: Path,
    *,
    image_size: int | None = None,
    train_size: int | None = None,
    test_size: int | None = None,
    classes: Sequence[int] | None = None,
    grayscale: bool = False,
    subset_seed: int = 0,
    normalization: Normalization = "standardize",
) -> Images:
    """Load images that ``prepare`` wrote.

    - The subset: of the given ``classes`` (all by default, relabelled 0, 1, … in the order given), ``train_size`` and
      ``test_size`` images (all by default), their numbers a class differing by one at most. It depends on
      ``subset_seed`` only, takes the classes in turn, and a smaller subset is the beginning of a larger one.
    - ``image_size``: the side in pixels, reached by averaging squares of pixels; it must divide the stored side.
    - ``grayscale``: the luma 0.299 R + 0.587 G + 0.114 B in one channel; images of one channel stay as they are.
    - ``normalization``: "standardize" makes each channel's mean 0 and variance 1 over all pixels of the training
      subset, and scales the test images by the same two numbers; "unit" divides pixels by 255.

    Only the chosen rows are read. Images that would take more than ``mapped.IN_MEMORY`` bytes stay on the disk
    (:class:`~infwidth.data.mapped.Mapped`, which has the part of a tensor that training uses).

    Raises SpecError for a size, class or side that is not there, naming what is, and DataError where ``prepared_dir``
    holds no prepared images.
    """
    record = read_record(prepared_dir)
    if record["kind"] != "images":
        raise DataError(f"{prepared_dir} holds {record['kind']} ({record['name']}), not images")
    stored = {name: read_array(prepared_dir, name) for name in ("x_train", "y_train", "x_test", "y_test")}
    chosen = np.unique(stored["y_train"]).tolist() if classes is None else list(classes)
    rows, labels = {}, {}
    for split, size in (("train", train_size), ("test", test_size)):
        rows[split], labels[split] = subset(stored[f"y_{split}"], chosen, size, split, subset_seed, record["name"])

    pixels = Pixels(stored["x_train"].shape[1:], image_size, grayscale, record["name"])
    mean, scale = pixels.scale(stored["x_train"], rows["train"], normalization)
    return Images(
        x_train=pixels.images(stored["x_train"], rows["train"], mean, scale),
        y_train=torch.from_numpy(labels["train"]),
        x_test=pixels.images(stored["x_test"], rows["test"], mean, scale),
        y_test=torch.from_numpy(labels["test"]),
        n_classes=len(chosen),
        name=record["name"],
        sha256=record["sha256"],
    )


def subset(
    stored_labels: np.ndarray, classes: list[int], size: int | None, split: str, seed: int, name: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of a balanced subset and their new labels, classes in turn."""
    if len(set(classes)) != len(classes):
        raise SpecError(f"{name}: the classes {classes} name one class twice")
    ranks, rows, labels = [], [], []
    for label, original in enumerate(classes):
        of_class = np.flatnonzero(stored_labels == original)
        if not len(of_class):
            known = np.unique(stored_labels).tolist()
            raise SpecError(f"{name}: there is no class {original} in its {split} images; its classes are {known}")
        rows.append(numpy_stream("subset", seed, split, original).permutation(of_class))
        ranks.append(np.arange(len(of_class)))
        labels.append(np.full(len(of_class), label))
    smallest, total = min(map(len, rows)), sum(map(len, rows))
    in_turn = np.lexsort((np.concatenate(labels), np.concatenate(ranks)))
    if size is not None and size != total:
        if not 1 <= size <= smallest * len(classes):
            raise SpecError(
                f"{name}: {split}_size is {size}; balanced subsets have 1 to {smallest * len(classes)} images "
                f"({len(classes)} classes, the smallest of {smallest}), and all images together are {total}"
            )
        in_turn = in_turn[:size]
    return np.concatenate(rows)[in_turn], np.concatenate(labels)[in_turn]


class Pixels:
    """From stored rows to scaled tensors, by way of whole numbers: sums over the averaged squares and channels.

    The side that is asked for is the height; images are squares, or several side by side.

    Whole numbers make the statistics exact, the same on every machine and with any number of threads; v2.Resize of
    torchvision would round every average to a whole pixel value.
    """

    def __init__(self, stored_shape: tuple[int, ...], image_size: int | None, grayscale: bool, name: str) -> None:
        height, width, channels = stored_shape
        side = height if image_size is None else image_size
        if width % height or side < 1 or height % side:
            sides = [s for s in range(1, height + 1) if height % s == 0]
            raise SpecError(f"{name}: image_size {side} cannot be reached from {height}×{width}; it can be in {sides}")
        self.factor = height // side
        self.to_luma = grayscale and channels == 3
        #: Of an image: channels, height, width.
        self.shape = (1 if self.to_luma else channels, side, width // self.factor)
        # What one unit of a pixel weighs in the whole numbers.
        self.weight = self.factor**2 * (int(_LUMA.sum()) if self.to_luma else 1)

    def _sums(self, stored: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return int64 [len(rows), C, H, W]."""
        order = np.argsort(rows)  # in the file's order, which a disk reads best
        block = np.empty((len(rows), *stored.shape[1:]), np.int64)
        block[order] = stored[rows[order]]
        if self.to_luma:
            block = (block @ _LUMA)[..., np.newaxis]
        if self.factor > 1:
            _, height, width = self.shape
            block = block.reshape(len(rows), height, self.factor, width, self.factor, -1).sum((2, 4))
        return block.transpose(0, 3, 1, 2)

    def _blocks(self, stored: np.ndarray, rows: np.ndarray) -> Iterator[np.ndarray]:
        count = max(1, _BLOCK_PIXELS // math.prod(stored.shape[1:]))
        for start in range(0, len(rows), count):
            yield self._sums(stored, rows[start : start + count])

    def scale(
        self, stored: np.ndarray, rows: np.ndarray, normalization: Normalization
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return what is subtracted and what divided by, of each channel, in units of the whole numbers."""
        if normalization == "standardize":
            return self.statistics(stored, rows)
        if normalization == "unit":
            return np.zeros(self.shape[0]), np.full(self.shape[0], 255.0 * self.weight)
        raise SpecError(f"normalization '{normalization}' is neither 'standardize' nor 'unit'")

    def statistics(self, stored: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and standard deviation of each channel, in units of the whole numbers.

        Raises DataError for a channel that cannot be scaled, and where the squares of a block exceed 64 bits.
        """
        # Python's integers: the squares of a large data set exceed 64 bits.
        channels, height, width = self.shape
        total, squares = [0] * channels, [0] * channels
        for sums in self._blocks(stored, np.sort(rows)):  # as a disk reads best
            # The first is quick, and settles it for all but averages in grey of squares of six pixels or more.
            if (255 * self.weight) ** 2 * sums[:, 0].size >= 2**63 and (sums.astype(float) ** 2).sum(
                (0, 2, 3)
            ).max() >= 2**63:
                raise DataError(
                    f"averages of {self.factor}×{self.factor} pixels in grey are too large numbers to be standardized"
                    " exactly; take a larger image_size, colour, or normalization 'unit'"
                )
            for c in range(channels):
                total[c] += int(sums[:, c].sum())
                squares[c] += int((sums[:, c] ** 2).sum())
        count = len(rows) * height * width
        mean = np.array([t / count for t in total])
        std = np.array([math.sqrt(s * count - t * t) / count for s, t in zip(squares, total, strict=True)])
        if not std.all():
            raise DataError("a channel of the training subset has the same value in every pixel; it cannot be scaled")
        return mean, std

    def images(self, stored: np.ndarray, rows: np.ndarray, mean: np.ndarray, scale: np.ndarray) -> torch.Tensor:
        """Return :meth:`tensor` of all rows, or, where memory would not hold it, what makes it of those asked for."""
        if 4 * len(rows) * math.prod(self.shape) <= mapped.IN_MEMORY:
            return self.tensor(stored, rows, mean, scale)
        mapped.expect_single_rows(stored)
        read = mapped.Mapped(
            lambda some: self.tensor(stored, some, mean, scale), rows, self.shape, limit=mapped.IN_MEMORY
        )
        return cast(torch.Tensor, read)  # by its looks

    def tensor(self, stored: np.ndarray, rows: np.ndarray, mean: np.ndarray, scale: np.ndarray) -> torch.Tensor:
        """Return float32 [len(rows), C, H, W], the whole numbers less ``mean``, divided by ``scale``."""
        out = np.empty((len(rows), *self.shape), np.float32)
        start = 0
        for sums in self._blocks(stored, rows):
            out[start : start + len(sums)] = (sums - mean[:, None, None]) / scale[:, None, None]
            start += len(sums)
        return torch.from_numpy(out)
