r"""Moments E φ(ω · g) φ(ω · b) of a Gaussian ω ~ N(0, 1), with gradients in closed form.

For the ReLU and the angle θ between g and b (Cho & Saul 2009, degree one; F00, F11 and F02 of the authors' code),

    V(g, b) = |g| |b| (sin θ + (π - θ) cos θ) / 2π,    ∂V/∂g = ((π - θ) b + sin θ (|b| / |g|) g) / 2π,

where neither is singular: the derivative of θ drops out, which automatic differentiation through arccos would not see.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

#: V for g [..., N, r] and b [..., M, r]: [..., N, M].
Moment = Callable[[Tensor, Tensor], Tensor]


class _ReLUMoment(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, g: Tensor, b: Tensor) -> Tensor:
        of_g, of_b = torch.linalg.vector_norm(g, dim=-1), torch.linalg.vector_norm(b, dim=-1)
        scale = of_g[..., :, None] * of_b[..., None, :]
        # A zero vector has no angle: that of π makes the moment and its gradient vanish, as φ'(0) = 0.
        cosine = torch.where(scale > 0, (g @ b.mT) / scale, -1.0).clamp_(-1.0, 1.0)
        past = (math.pi - cosine.acos()).div_(2 * math.pi)
        sine = ((1 - cosine) * (1 + cosine)).sqrt_().div_(2 * math.pi)
        ctx.save_for_backward(g, b, of_g, of_b, past, sine)
        return (cosine * past).add_(sine).mul_(scale)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None]:
        (gradient,) = gradients
        g, b, of_g, of_b, past, sine = ctx.saved_tensors
        along, across = gradient * past, gradient * sine
        to_g = to_b = None
        if ctx.needs_input_grad[0]:
            to_g = along @ b + _ratio(across @ of_b[..., None], of_g) * g
        if ctx.needs_input_grad[1]:
            to_b = along.mT @ g + _ratio(across.mT @ of_g[..., None], of_b) * b
        return to_g, to_b


def _ratio(above: Tensor, below: Tensor) -> Tensor:
    return torch.where(below[..., None] > 0, above / below[..., None], 0.0)


def relu_moment(g: Tensor, b: Tensor) -> Tensor:
    """Return E relu(ω·g) relu(ω·b), [..., N, M], of vectors [..., N, r] and [..., M, r]."""
    moment: Tensor = _ReLUMoment.apply(g, b)
    return moment


def linear_moment(g: Tensor, b: Tensor) -> Tensor:
    """Return E (ω·g)(ω·b) = g·b, [..., N, M]."""
    return g @ b.mT


class Activation(NamedTuple):
    """φ on numbers, and its moment."""

    value: Callable[[Tensor], Tensor]
    moment: Moment


ACTIVATIONS = {
    "relu": Activation(torch.relu, relu_moment),
    "linear": Activation(lambda h: h, linear_moment),
}
