"""Images that stay on the disk: what training uses of a tensor, for data that memory does not hold."""

import mmap
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

#: Bytes up to which images become a tensor. One number everywhere, so that what a job needs does not depend on where.
IN_MEMORY = 4 << 30


def expect_single_rows(stored: np.ndarray) -> None:
    """Tell the system that an array mapped into memory is read here and there, so that it reads nothing ahead."""
    if isinstance(stored.base, mmap.mmap) and hasattr(mmap, "MADV_RANDOM"):
        stored.base.madvise(mmap.MADV_RANDOM)


class Mapped:
    """The rows ``rows`` of images [P, C, H, W] that ``read`` makes of stored ones when they are asked for.

    It has what is used of a tensor of examples: ``shape``, ``dtype``, ``len``, ``index_select``, slices, ``split``,
    ``to``, ``contiguous``. What is selected is a tensor, with the bits that it would have in a tensor of all; a slice
    is mapped again where it is larger than ``limit`` bytes.

    Args:
        read: rows int64 [B] of the stored images → float32 [B, C, H, W].
        rows: int64 [P].
        image_shape: (C, H, W).
    """

    def __init__(
        self,
        read: Callable[[np.ndarray], torch.Tensor],
        rows: np.ndarray,
        image_shape: tuple[int, int, int],
        *,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
        memory_format: torch.memory_format = torch.contiguous_format,
        limit: int = IN_MEMORY,
    ) -> None:
        self._read, self._rows, self._limit = read, rows, limit
        self.device, self.dtype, self._memory_format = torch.device(device), dtype, memory_format
        self.shape = torch.Size((len(rows), *image_shape))

    def __len__(self) -> int:
        return len(self._rows)

    def is_floating_point(self) -> bool:
        """Images are."""
        return True

    def dim(self) -> int:
        """Return 4."""
        return len(self.shape)

    def _with(self, **changes: Any) -> "Mapped":
        options: dict[str, Any] = {
            "rows": self._rows,
            "device": self.device,
            "dtype": self.dtype,
            "memory_format": self._memory_format,
            "limit": self._limit,
        }
        _, *image_shape = self.shape
        return Mapped(self._read, image_shape=tuple(image_shape), **(options | changes))  # type: ignore[arg-type]

    def to(self, device: torch.device | str, dtype: torch.dtype | None = None) -> "Mapped":
        """Let what is selected be on ``device``, of ``dtype``."""
        return self._with(device=device, dtype=dtype or self.dtype)

    def contiguous(self, memory_format: torch.memory_format = torch.contiguous_format) -> "Mapped":
        """Let what is selected be in that order."""
        return self._with(memory_format=memory_format)

    def index_select(self, dim: int, index: torch.Tensor) -> torch.Tensor:
        """Return the images at the places ``index``; ``dim`` is 0."""
        assert dim == 0
        return self._tensor(self._rows[index.cpu().numpy()])

    def __getitem__(self, key: slice) -> "torch.Tensor | Mapped":
        rows = self._rows[key]
        if len(rows) * self.shape[1:].numel() * 4 > self._limit:
            return self._with(rows=rows)
        return self._tensor(rows)

    def split(self, size: int) -> Iterator[torch.Tensor]:
        """Yield all images, ``size`` at a time."""
        for start in range(0, len(self), size):
            yield self._tensor(self._rows[start : start + size])

    def _tensor(self, rows: np.ndarray) -> torch.Tensor:
        return self._read(rows).to(self.device, self.dtype).contiguous(memory_format=self._memory_format)
