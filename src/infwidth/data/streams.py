"""What each training step sees: batches and augmentations as functions of the step alone.

Everything is counter-based: step 1000 can be had without steps 0 to 999, a resumed run needs no state of a random
generator, and every width, parametrization and seed of initialisation gets the same batches in the same order.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F

from infwidth.errors import SpecError, nearest
from infwidth.seeding import numpy_stream, torch_stream

Mode = Literal["epochs", "single_pass"]
Augmentation = Literal["none", "shift", "flip", "shift_flip"]

_MODES = ("epochs", "single_pass")
_AUGMENTATIONS = ("none", "shift", "flip", "shift_flip")


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

    Raises SpecError for an unknown kind.
    """
    if kind not in _AUGMENTATIONS:
        known = ", ".join(_AUGMENTATIONS)
        raise SpecError(f"unknown augmentation '{kind}'{nearest(kind, _AUGMENTATIONS)}; it is one of {known}")
    if kind == "none":
        return x
    batch, _, height, width = x.shape
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


def token_batches(n_tokens: int, context: int, batch_size: int, mode: Mode = "epochs", order_seed: int = 0) -> Batches:
    """Return the order in which the (n_tokens - 1) // context windows of a text are seen.

    Raises SpecError for a text too short for one batch.
    """
    windows = (n_tokens - 1) // context
    if windows < batch_size:
        raise SpecError(
            f"{n_tokens} tokens make {windows} windows of {context} tokens and their successors, "
            f"fewer than one batch of {batch_size}"
        )
    return Batches(windows, batch_size, mode, order_seed)


def token_windows(
    tokens: torch.Tensor, context: int, batch_size: int, step: int, mode: Mode = "epochs", order_seed: int = 0
) -> torch.Tensor:
    """Return the windows of step ``step`` as int64 [batch_size, context + 1], on the device of ``tokens`` [n].

    Inputs are ``[:, :-1]`` and targets ``[:, 1:]``. The windows cut the text end to end, the last token of one being
    the first of the next, so that an epoch predicts every token but the remainder once; their order is that of
    :class:`Batches`. Raises SpecError as :func:`token_batches` and :meth:`Batches.indices` do.
    """
    batches = token_batches(len(tokens), context, batch_size, mode, order_seed)
    starts = batches.indices(step).to(tokens.device) * context
    return tokens[starts[:, None] + torch.arange(context + 1, device=tokens.device)].long()
