"""A perturbation of initial weights as small as rounding: what it does to a result is the result's noise floor."""

import torch
from torch import nn

from infwidth.seeding import torch_stream


@torch.no_grad()
def perturb_(model: nn.Module, seed: int, relative: float) -> None:
    """Change every parameter w of ``model`` in place to w·(1 + relative·z), with z standard normal for each entry.

    Zeros stay zeros. Each parameter has its own stream, told by ``seed`` and its name; the product is rounded once, so
    that in single precision, where numbers are 1e-7 apart, a perturbation of 1e-7 moves two entries in three.
    """
    for name, w in model.named_parameters():
        z = torch.randn(w.shape, generator=torch_stream("perturbation", seed, name), dtype=torch.float64)
        w.copy_(w.double() * (1.0 + relative * z.to(w.device)))
