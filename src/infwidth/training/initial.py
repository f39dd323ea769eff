"""The function that a net computes at initialisation, which centred nets subtract."""

import copy
from typing import TypeGuard

import torch
from torch import nn

from infwidth.data.load import Labelled
from infwidth.training.examples import CHUNK, Examples, Split, examples


class InitialFunction:
    """f0, the function of a net at initialisation.

    Args:
        model: the net, of which a frozen copy is kept.
        data: on the device.
        new_each_step: whether every training image is seen once. Then the copy computes f0 of each batch; where the
            same images come again and again f0 of all of them is computed once, when first asked for.
    """

    def __init__(self, model: nn.Module, data: Labelled, *, new_each_step: bool) -> None:
        self.model = copy.deepcopy(model).requires_grad_(False).eval()
        self._data = data
        self._kept: tuple[Split, ...] = ("test",) if new_each_step else ("train", "test")
        #: f0 [P, k] of whole splits, as far as it was asked for; checkpoints carry it.
        self.values: dict[Split, torch.Tensor] = {}

    def keeps(self, split: Split | None) -> TypeGuard[Split]:
        """Whether f0 of a split's images is computed once; no split means new images."""
        return split in self._kept

    def __call__(self, of: Examples) -> torch.Tensor:
        """Return f0 [P, k] of the examples."""
        if self.keeps(of.split):
            return self.of_split(of.split)[of.rows]
        with torch.no_grad():
            return self.model(of.x)

    def of_split(self, split: Split) -> torch.Tensor:
        """Return f0 [P, k] of a whole split."""
        if split not in self.values:
            parts = examples(self._data, split, slice(None)).chunks(CHUNK)
            with torch.no_grad():
                self.values[split] = torch.cat([self.model(part.x) for part in parts])
        return self.values[split]
