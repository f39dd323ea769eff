"""What papers call a base net, translated into the arguments of :func:`infwidth.parametrization.plan.parametrize`."""

import math
from typing import Literal, NamedTuple


class BaseNet(NamedTuple):
    """Arguments of ``parametrize`` that fix the net of base width: its learning rate and the scale of its readout."""

    lr: float
    readout_scale: float


def base_net(
    lr: float, gamma0: float, base_width: int, *, layer_lr: Literal["uniform", "variance"], optimizer: str
) -> BaseNet:
    """Return the net of base width N0 that a base learning rate η and a richness γ0 mean.

    ``layer_lr="variance"`` is the γ form: f = w·φ(h^L)/(γ √fan_in), all weights of unit variance, trained at the rate
    η γ² with γ = γ0 √N0 (Bordelon & Pehlevan 2022, Eq. 1; a step of Adam does not feel the size of f, and keeps η). All
    rules agree at N0; away from it μP continues it with γ = γ0 √N and NTK with γ = γ0 √N0. ``layer_lr="uniform"`` is
    PyTorch's own form: every tensor learns at η, and γ0 divides the readout.
    """
    if layer_lr == "uniform":
        return BaseNet(lr, 1.0 / gamma0)
    gamma = gamma0 * math.sqrt(base_width)
    return BaseNet(lr * gamma**2 if optimizer == "sgd" else lr, 1.0 / gamma)
