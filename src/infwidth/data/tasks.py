"""Few-shot tasks: classes held apart for meta-training, validation and meta-test, and batches of tasks drawn from them.

Rotations by 90, 180 and 270 degrees count as further classes, as in Yang & Hu 2021 (App. on MAML) and Vinyals et al.
2016. Omniglot is split as Vinyals et al. split it, by labels in the official order: meta-test are the last 423
characters, validation the 172 of the alphabets Armenian, Bengali, Early Aramaic, Hebrew and Mkhedruli, meta-train the
other 1028; meta-test characters are not rotated. Images have far fewer classes, so theirs are rotated in all three
parts: the first half of the classes is for meta-training, the next fifth for validation, the rest for meta-test. Of a
digit that half a turn leaves nearly as it was (0, 1, 2, 5, 8), two of the four rotations are taken; a 6 and a 9, which
half a turn exchanges, come into different parts.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from infwidth.data.drawings import Drawings
from infwidth.data.images import Images
from infwidth.errors import SpecError
from infwidth.seeding import numpy_stream

_CHARACTERS, _IN_BACKGROUND, _DRAWERS = 1623, 964, 20
# [first, last) label of Armenian, Bengali, Early_Aramaic, Hebrew and Mkhedruli_(Georgian).
_VALIDATION = ((75, 116), (180, 226), (333, 355), (496, 518), (739, 780))
_FIRST_TEST = 1200
_SYMMETRIC = dict.fromkeys(("mnist5k", "mnist"), (0, 1, 2, 5, 8))

_ALL_TURNS, _HALF_OF_TURNS, _UPRIGHT = (0, 1, 2, 3), (0, 1), (0,)


class Tasks(NamedTuple):
    """B tasks of ``ways`` classes; in each, examples of class 0 come first, then those of class 1, …

    ``support`` float32 [B, ways·shots, d] to adapt to, ``query`` float32 [B, ways·queries, d] to be judged by;
    ``query_ids`` int64 [B, ways·queries] are the numbers of the query images in their pool, rotations told apart.
    """

    support: torch.Tensor
    query: torch.Tensor
    query_ids: torch.Tensor
    ways: int


@dataclass(frozen=True)
class TaskPool:
    """Classes of one part of a data set, each a set of images turned by a multiple of 90 degrees.

    ``images`` float32 [P, side²], the images of a class in one block; ``first`` and ``count`` int64 [C]: where the
    block of each class begins, and its length; ``turns`` int64 [C]: quarter turns, counter-clockwise. ``part`` and
    ``name`` are for messages.
    """

    images: torch.Tensor
    first: np.ndarray
    count: np.ndarray
    turns: np.ndarray
    part: str
    name: str

    @property
    def n_ids(self) -> int:
        """One more than the largest number that ``Tasks.query_ids`` can hold."""
        return 4 * len(self.images)

    def check(self, ways: int, shots: int, queries: int = 1) -> None:
        """Raise SpecError where there are too few classes or images for such tasks."""
        if not 2 <= ways <= len(self.first):
            raise SpecError(
                f"{self.name}: ways is {ways}; {self.part} has {len(self.first)} classes, so it can be 2 to "
                f"{len(self.first)}"
            )
        smallest = int(self.count.min())
        if not 1 <= shots <= smallest - queries:
            raise SpecError(
                f"{self.name}: shots is {shots}; with {queries} more to test on, the smallest class of {self.part} has "
                f"images for 1 to {smallest - queries}"
            )

    def draw(self, rng: np.random.Generator, n_tasks: int, *, ways: int, shots: int, queries: int = 1) -> Tasks:
        """Draw tasks: distinct classes in random order, and distinct images of each. Raises what ``check`` raises."""
        self.check(ways, shots, queries)
        classes = distinct(rng, np.full(n_tasks, len(self.first)), ways)
        rows = self.first[classes][..., None] + distinct(rng, self.count[classes], shots + queries)
        turns = self.turns[classes].repeat(shots + queries, axis=-1).reshape(rows.shape)
        of_support = [values[..., :shots].reshape(n_tasks, -1) for values in (rows, turns)]
        of_query = [values[..., shots:].reshape(n_tasks, -1) for values in (rows, turns)]
        ids = of_query[0] + len(self.images) * of_query[1]
        return Tasks(self._pixels(*of_support), self._pixels(*of_query), torch.from_numpy(ids), ways)

    def _pixels(self, rows: np.ndarray, turns: np.ndarray) -> torch.Tensor:
        """Return the images ``rows``, turned: float32 [*rows.shape, side²]."""
        upright = self.images[torch.from_numpy(rows)]
        if not turns.any():
            return upright
        side = round(self.images.shape[1] ** 0.5)
        pixels = np.arange(side**2).reshape(side, side)
        sources = np.stack([np.rot90(pixels, turn).ravel() for turn in range(4)])
        return upright.gather(-1, torch.from_numpy(sources)[torch.from_numpy(turns)])


class FewShot(NamedTuple):
    """The three parts, which have no class in common."""

    train: TaskPool
    validation: TaskPool
    test: TaskPool


def few_shot(data: Drawings | Images, *, input_scale: float = 1.0) -> FewShot:
    """Return the split described above, of drawings (Omniglot) or of the training and test images together.

    Pixels are multiplied by ``input_scale``: a step of gradient descent in function space goes with its square.

    Raises SpecError for drawings that are not the whole of Omniglot, and for images that are not square,
    and for a scale that is not positive.
    """
    if not 0 < input_scale < math.inf:
        raise SpecError(f"{data.name}: input_scale must be positive and finite, not {input_scale}")
    if isinstance(data, Drawings):
        return _of_drawings(data, input_scale)
    images, labels = torch.cat([data.x_train, data.x_test]) * input_scale, torch.cat([data.y_train, data.y_test])
    if images.shape[1] != 1 or images.shape[2] != images.shape[3]:
        raise SpecError(f"{data.name}: tasks need square images of one channel, not {tuple(images.shape[1:])}")
    to_validation, to_test = data.n_classes // 2, data.n_classes * 7 // 10
    symmetric = _SYMMETRIC.get(data.name, ())

    def turns(label: int) -> Sequence[int]:
        return _HALF_OF_TURNS if label in symmetric else _ALL_TURNS

    parts = {
        "train": range(to_validation),
        "validation": range(to_validation, to_test),
        "test": range(to_test, data.n_classes),
    }
    return FewShot(
        *(
            _pool(images, labels, [(label, turns(label)) for label in members], part, data.name)
            for part, members in parts.items()
        )
    )


def task_stream(part: str, seed: int, number: int) -> np.random.Generator:
    """Return the chance of batch ``number`` of a part: the same for all nets, widths and learning rates."""
    return numpy_stream("order" if part == "train" else "evaluation", "tasks", part, seed, number)


def distinct(rng: np.random.Generator, bounds: np.ndarray, k: int) -> np.ndarray:
    """Draw ``k`` distinct whole numbers in [0, bound) for every bound, in random order: int64 [*bounds.shape, k]."""
    drawn = np.empty((*bounds.shape, k), np.int64)
    for i in range(k):
        # The i-th of the numbers that are left: step over those taken, the smallest first.
        new = rng.integers(bounds - i)
        for taken in np.moveaxis(np.sort(drawn[..., :i], axis=-1), -1, 0):
            new += new >= taken
        drawn[..., i] = new
    return drawn


def _of_drawings(data: Drawings, input_scale: float) -> FewShot:
    """Return the split of Vinyals et al. 2016; see the module."""
    sizes = np.bincount(data.label.numpy())
    in_background = len(np.unique(data.label[data.background]))
    if len(sizes) != _CHARACTERS or in_background != _IN_BACKGROUND or not (sizes == _DRAWERS).all():
        raise SpecError(
            f"{data.name}: the split of Vinyals et al. needs all {_CHARACTERS} characters ({_IN_BACKGROUND} of them in "
            f"the background half) by {_DRAWERS} drawers, and there are {len(np.unique(data.label))} "
            f"({in_background}) in {len(data.label)} drawings; prepare it again from both official archives"
        )
    images = data.x * input_scale
    validation = [label for first, end in _VALIDATION for label in range(first, end)]
    parts = {
        "train": (sorted(set(range(_FIRST_TEST)) - set(validation)), _ALL_TURNS),
        "validation": (validation, _ALL_TURNS),
        "test": (range(_FIRST_TEST, _CHARACTERS), _UPRIGHT),
    }
    return FewShot(
        *(
            _pool(images, data.label, [(label, turns) for label in members], part, data.name)
            for part, (members, turns) in parts.items()
        )
    )


def _pool(
    images: torch.Tensor, labels: torch.Tensor, classes: Iterable[tuple[int, Sequence[int]]], part: str, name: str
) -> TaskPool:
    """Gather the images of the given classes, each a label and the quarter turns by which it becomes classes."""
    blocks, first, count, turns, rows = [], [], [], [], 0
    for label, of_label in classes:
        block = images[labels == label].flatten(1)
        blocks.append(block)
        for turn in of_label:
            first.append(rows)
            count.append(len(block))
            turns.append(turn)
        rows += len(block)
    return TaskPool(torch.cat(blocks), np.array(first), np.array(count), np.array(turns), part, name)
