"""Activations as modules."""

import torch
from torch import nn

from infwidth.activations import activation_of


class Pointwise(nn.Module):
    """φ of that name in :data:`infwidth.activations.ACTIVATIONS`, on every entry of a tensor; SpecError if unknown."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = activation_of(name).name

    def forward(self, h: torch.Tensor) -> torch.Tensor:
        """Apply φ to a tensor of any shape."""
        return activation_of(self.name).value(h)

    def extra_repr(self) -> str:
        """Return the name of φ."""
        return self.name
