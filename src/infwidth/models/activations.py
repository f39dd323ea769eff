"""Pointwise nonlinearities, with the gain that keeps a unit Gaussian's second moment at one where that is exact."""

import math

import torch
from torch import nn


class UnitReLU(nn.Module):
    """φ(h) = √2·max(h, 0), so that E φ(h)² = 1 for h ~ N(0, 1)."""

    def forward(self, h: torch.Tensor) -> torch.Tensor:
        """Apply φ to a tensor of any shape."""
        return torch.relu(h) * math.sqrt(2.0)


def activation(name: str) -> nn.Module:
    """Return the nonlinearity of that name: relu (with gain √2), tanh, gelu or linear."""
    match name:
        case "relu":
            return UnitReLU()
        case "tanh":
            return nn.Tanh()
        case "gelu":
            return nn.GELU()
        case "linear":
            return nn.Identity()
        case _:
            raise ValueError(f"unknown activation '{name}'")
