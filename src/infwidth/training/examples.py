"""Examples on the device, with where they come from in the data set."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import torch

from infwidth.data.load import Labelled

Split = Literal["train", "test"]

#: Examples a forward pass outside training: few enough to stay in a CPU's cache, which halves its time.
CHUNK = 128


@dataclass(frozen=True)
class Examples:
    """Inputs ``x`` [P, …] and labels ``y`` [P, …]: the ``rows`` of a split, or new images (``split`` None).

    Images are [P, C, H, W] with a class each; windows of a text are [P, T] with a next word for each place.
    """

    x: torch.Tensor
    y: torch.Tensor
    split: Split | None
    rows: torch.Tensor | slice

    def __len__(self) -> int:
        return len(self.y)

    def chunks(self, size: int) -> "Iterator[Examples]":
        """Yield the examples in parts of at most ``size``; of whole splits or slices of them only."""
        assert isinstance(self.rows, slice)
        start = self.rows.start or 0
        for x, y in zip(self.x.split(size), self.y.split(size), strict=True):
            yield Examples(x, y, self.split, slice(start, start + len(y)))
            start += len(y)


def examples(data: Labelled, split: Split, rows: torch.Tensor | slice) -> Examples:
    """Return the ``rows`` (indices or a slice with step 1) of a split."""
    x, y = (data.x_train, data.y_train) if split == "train" else (data.x_test, data.y_test)
    if isinstance(rows, slice):
        return Examples(x[rows], y[rows], split, rows)
    return Examples(x.index_select(0, rows), y.index_select(0, rows), split, rows)  # faster than indexing


def on_device(data: Labelled, device: torch.device, dtype: torch.dtype) -> Labelled:
    """Return the data on ``device``; images in channels-last order, in which convolutions are half as slow on a CPU."""

    def placed(x: torch.Tensor) -> torch.Tensor:
        if not x.is_floating_point():
            return x.to(device)
        return x.to(device, dtype).contiguous(memory_format=torch.channels_last)

    return replace(
        data,
        x_train=placed(data.x_train),
        y_train=data.y_train.to(device),
        x_test=placed(data.x_test),
        y_test=data.y_test.to(device),
    )
