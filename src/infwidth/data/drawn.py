"""Labelled images drawn from a model of images: a stream in which none comes twice, as many as are asked for.

Image i of a split is a function of the seed, the split and i: the same images in the same order for all nets, and a
shorter stream is the beginning of a longer one.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from infwidth.data import mapped
from infwidth.data.images import Images, Normalization, Pixels, subset
from infwidth.data.record import read_array, read_record
from infwidth.errors import DataError, SpecError
from infwidth.seeding import numpy_stream

Label = Literal["class", "larger"]

#: Images that share a stream of chance.
_BLOCK = 1024


class ImageModel:
    """A mixture of Gaussians a class, as ``prepare`` wrote it (see :mod:`infwidth.data.model_sources`)."""

    def __init__(self, prepared_dir: Path) -> None:
        self._mean, self._basis, weights, self._centres, self._factors = (
            read_array(prepared_dir, name, mapped=False) for name in ("mean", "basis", "weights", "centres", "factors")
        )
        self._upper = weights.cumsum(1)
        self.n_classes, self.rank = len(weights), self._basis.shape[1]
        self.image_shape: tuple[int, int, int] = read_array(prepared_dir, "x_test").shape[1:]

    def draw(self, n: int, *, split: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the first ``n`` images of a split, uint8 [n, H, W, C], and their classes, int64 [n]."""
        x = np.empty((n, *self.image_shape), np.uint8)
        y = np.empty(n, np.int64)
        for start in range(0, n, _BLOCK):
            images, labels = self._block(start // _BLOCK, split, seed)
            x[start : start + _BLOCK], y[start : start + _BLOCK] = images[: n - start], labels[: n - start]
        return x, y

    def _block(self, number: int, split: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
        rng = numpy_stream("generation", split, seed, number)
        labels = rng.integers(self.n_classes, size=_BLOCK)
        part = (rng.random(_BLOCK)[:, None] >= self._upper[labels, :-1]).sum(1)
        z = rng.standard_normal((_BLOCK, self.rank), dtype=np.float32)
        images = np.empty((_BLOCK, math.prod(self.image_shape)), np.float32)
        for label in range(self.n_classes):
            of = np.flatnonzero(labels == label)
            y = self._centres[label, part[of]] + np.einsum("pij,pj->pi", self._factors[label, part[of]], z[of])
            images[of] = self._mean[label] + y @ self._basis[label]
        return images.clip(0, 255).round().astype(np.uint8).reshape(_BLOCK, *self.image_shape), labels


def load_drawn(
    prepared_dir: Path,
    *,
    train_size: int | None,
    test_size: int | None,
    image_size: int | None = None,
    draws: Mapping[str, Any] | None = None,
    seed: int = 0,
    normalization: Normalization = "standardize",
    classes: None = None,
) -> Images:
    """Draw the training images from a model that ``prepare`` wrote, and the test images from it or the real ones.

    ``draws`` has ``label``, "class" (an image and its class, the default) or "larger" (two images side by side, and the
    larger of their classes), and ``test``, "drawn" (the default) or "real": of the data set that was modelled, images
    that the model has not seen. Sizes and scales as in :func:`~infwidth.data.images.load_images`.

    Raises SpecError for a size that is missing or more than memory holds, and for ``classes``, of which all are drawn.
    """
    record = read_record(prepared_dir)
    if record["kind"] != "image_model":
        raise DataError(f"{prepared_dir} holds {record['kind']} ({record['name']}), not a model of images")
    name, how = record["name"], {"label": "class", "test": "drawn"} | dict(draws or {})
    if train_size is None or test_size is None or classes is not None:
        raise SpecError(f"{name}: a model of images gives as many as are asked for, of all classes: say the sizes only")
    model = ImageModel(prepared_dir)
    per_example = images_in(how["label"])
    height, width, channels = model.image_shape
    pixels = Pixels((height, per_example * width, channels), image_size, grayscale=False, name=name)
    if 4 * train_size * math.prod(pixels.shape) > mapped.IN_MEMORY:
        raise SpecError(f"{name}: {train_size} images {pixels.shape} take more than {mapped.IN_MEMORY} bytes")
    x, y = _examples(*model.draw(per_example * train_size, split="train", seed=seed), how["label"])
    if how["test"] == "real":
        stored = {of: read_array(prepared_dir, of) for of in ("x_test", "y_test")}
        rows, labels = subset(stored["y_test"], [*range(model.n_classes)], per_example * test_size, "test", seed, name)
        if per_example > 1:  # classes come in turn, and would always make the same pairs
            shuffled = numpy_stream("subset", seed, "pairs").permutation(len(rows))
            rows, labels = rows[shuffled], labels[shuffled]
        x_test, y_test = _examples(stored["x_test"][rows], labels, how["label"])
    else:
        x_test, y_test = _examples(*model.draw(per_example * test_size, split="test", seed=seed), how["label"])
    mean, scale = pixels.scale(x, np.arange(len(x)), normalization)
    return Images(
        x_train=pixels.tensor(x, np.arange(len(x)), mean, scale),
        y_train=torch.from_numpy(y),
        x_test=pixels.tensor(x_test, np.arange(len(x_test)), mean, scale),
        y_test=torch.from_numpy(y_test),
        n_classes=model.n_classes,
        name=name,
        sha256=record["sha256"],
    )


def images_in(label: Label) -> int:
    """Return how many images there are side by side in one example."""
    return 2 if label == "larger" else 1


def _examples(x: np.ndarray, y: np.ndarray, label: Label) -> tuple[np.ndarray, np.ndarray]:
    """Return images and labels as they are, or of each two both side by side and the larger label."""
    if label == "class":
        return x, y
    return np.concatenate([x[0::2], x[1::2]], axis=2), np.maximum(y[0::2], y[1::2])
