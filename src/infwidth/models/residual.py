"""Residual connections, and how their branches shrink with the depth."""

from fractions import Fraction

import torch
from torch import nn


def branch_scale(branch_multiplier: float, branch_power: str, n_branches: int) -> float:
    """Return β / L^α, the factor of each of L residual branches; α is a rational text: "0", "1/2" or "1".

    α = 1/2 is the depth scaling of Bordelon et al. 2024, with which learning rates transfer across depths.
    """
    return branch_multiplier / float(n_branches) ** float(Fraction(branch_power))


class Residual(nn.Module):
    """h ↦ skip(h) + scale · branch(h), without a ``skip`` h + scale · branch(h)."""

    def __init__(self, branch: nn.Module, scale: float, skip: nn.Module | None = None) -> None:
        super().__init__()
        self.branch = branch
        self.scale = scale
        self.skip = nn.Identity() if skip is None else skip

    def forward(self, h: torch.Tensor) -> torch.Tensor:
        """Map the residual stream to what it is after this branch."""
        return torch.add(self.skip(h), self.branch(h), alpha=self.scale)
