"""What each training step sees: batches and augmentations as functions of the step alone.

Everything is counter-based: step 1000 can be had without steps 0 to 999, a resumed run needs no state of a random
generator, and every width, parametrization and seed of initialisation gets the same batches in the same order.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F

from infwidth.errors import SpecError, nearest
from infwidth.seeding import numpy_stream, torch_stream

Mode = Literal["epochs", "single_pass"]
Augmentation = Literal["none", "shift", "flip", "shift_flip", "affine"]

_MODES = ("epochs", "single_pass")
_AUGMENTATIONS = ("none", "shift", "flip", "shift_flip", "affine")


def is_new_each_step(mode: Mode, augmentation: Augmentation) -> bool:
    """Whether a training sees every image once only: in a single pass, or changed at random each time."""
    return mode == "single_pass" or augmentation != "none"


@lru_cache(maxsize=2)
def _permutation(n: int, seed: int, epoch: int) -> np.ndarray:
    return numpy_stream("order", seed, epoch).permutation(n)


@dataclass(frozen=True)
class Batches:
    """The order in which ``n_examples`` examples are seen, ``batch_size`` at a step.

    - "epochs": a fresh permutation each epoch. An epoch has ``steps_per_epoch`` = n_examples // batch_size whole
      batches; the few examples left over (others in each epoch) wait for the next one.
    - "single_pass": the first epoch only; no example is seen twice.

    Raises SpecError for a batch larger than the data or an unknown mode.
    """

    n_examples: int
    batch_size: int
    mode: Mode = "epochs"
    order_seed: int = 0

    def __post_init__(self) -> None:
        if self.mode not in _MODES:
            raise SpecError(f"unknown mode '{self.mode}'{nearest(self.mode, _MODES)}; it is one of {', '.join(_MODES)}")
        if not 1 <= self.batch_size <= self.n_examples:
            raise SpecError(f"batch_size is {self.batch_size}; with {self.n_examples} examples it is 1 to that number")

    @property
    def steps_per_epoch(self) -> int:
        """Whole batches in one pass over the data."""
        return self.n_examples // self.batch_size

    @property
    def max_steps(self) -> int | None:
        """How many steps the data last: one pass, or None (for ever) in epochs."""
        return self.steps_per_epoch if self.mode == "single_pass" else None

    def indices(self, step: int) -> torch.Tensor:
        """Return the examples of step 0, 1, … as int64 [batch_size].

        Raises SpecError where a single pass has run out of data, naming the steps there are.
        """
        if step < 0:
            raise SpecError(f"step is {step}; steps count from 0")
        if self.max_steps is not None and step >= self.max_steps:
            raise SpecError(
                f"step {step} of a single pass: {self.n_examples} examples in batches of {self.batch_size} "
                f"last {self.max_steps} steps (0 to {self.max_steps - 1})"
            )
        epoch, place = divmod(step, self.steps_per_epoch)
        order = _permutation(self.n_examples, self.order_seed, epoch)
        return torch.tensor(order[place * self.batch_size : (place + 1) * self.batch_size], dtype=torch.int64)


def augment(x: torch.Tensor, step: int, kind: Augmentation, seed: int = 0) -> torch.Tensor:
    """Return the batch ``x`` [B, C, H, W] as step ``step`` sees it, on the device of ``x``.

    - "shift": each image is padded with zeros (the mean, after standardizing) by an eighth of its side and cut back
      to its size at a random place (4 pixels for 32×32, 3 for 28×28)
    - "flip": each image is mirrored left to right with probability 1/2
    - "shift_flip": both, with the shifts of "shift" and the flips of "flip" at the same step
    - "affine": each image is turned by up to 15°, scaled by 0.85 to 1.15 and moved by up to an eighth of its side, all
      three continuous, with zeros outside: no two images of a stream are alike, which makes an endless stream of few

    torchvision's transforms.v2 is not used, because it draws once for a whole batch, and from torch's global generator:
    what a step sees would depend on all that was drawn before it, and differ after a resume.

    Raises SpecError for an unknown kind.
    """
    if kind not in _AUGMENTATIONS:
        known = ", ".join(_AUGMENTATIONS)
        raise SpecError(f"unknown augmentation '{kind}'{nearest(kind, _AUGMENTATIONS)}; it is one of {known}")
    if kind == "none":
        return x
    batch, _, height, width = x.shape
    if kind == "affine":
        return F.grid_sample(
            x, _affine_grids(x, step, seed), mode="bilinear", padding_mode="zeros", align_corners=False
        )
    # Drawn on the CPU whatever the device, and all drawn whatever the kind: the same chance everywhere.
    generator = torch_stream("augmentation", seed, step)
    pad_y, pad_x = height // 8, width // 8
    down = torch.randint(2 * pad_y + 1, (batch, 1), generator=generator).to(x.device)
    right = torch.randint(2 * pad_x + 1, (batch, 1), generator=generator).to(x.device)
    mirrored = (torch.rand(batch, generator=generator) < 0.5).to(x.device)
    if "shift" in kind:
        padded = F.pad(x, (pad_x, pad_x, pad_y, pad_y))
        images = torch.arange(batch, device=x.device)[:, None, None]
        rows = (down + torch.arange(height, device=x.device))[:, :, None]
        columns = (right + torch.arange(width, device=x.device))[:, None, :]
        x = padded[images, :, rows, columns].permute(0, 3, 1, 2).contiguous()
    if "flip" in kind:
        x = torch.where(mirrored[:, None, None, None], x.flip(-1), x)
    return x


def _affine_grids(x: torch.Tensor, step: int, seed: int) -> torch.Tensor:
    """Return where the pixels of step ``step`` are read from [B, H, W, 2], in units of half a side."""
    draws = 2.0 * torch.rand(len(x), 4, generator=torch_stream("augmentation", seed, step, "affine")) - 1.0
    angle, scale = draws[:, 0] * math.radians(15.0), 1.0 + 0.15 * draws[:, 1]
    cosine, sine = angle.cos() / scale, angle.sin() / scale
    matrices = torch.stack((cosine, -sine, draws[:, 2] / 4, sine, cosine, draws[:, 3] / 4), dim=1).view(-1, 2, 3)
    return F.affine_grid(matrices.to(x.device, x.dtype), list(x.shape), align_corners=False)
