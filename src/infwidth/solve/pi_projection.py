"""π-nets of finite width and of any rank beside the ordinary net of the same initial weights, one hidden layer."""

from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from pydantic import model_validator

from infwidth.results.rows import Rows
from infwidth.seeding import numpy_stream
from infwidth.solve.pi_rank import problem, trained
from infwidth.specs.block import Count, Nets, Positive, Width
from infwidth.specs.cells import Computation

if TYPE_CHECKING:
    from infwidth.limits.pi_net import PiNets


class Spec(Computation):
    """The problem of ``pi_rank``, learned by nets of ``width`` n at ranks from d + 1 to n, in equal ``parts``."""

    name: Literal["pi_projection"]
    activation: Literal["linear", "relu"]
    width: Width
    parts: Count
    n_inputs: Count
    steps: Count
    lr: Positive
    n_seeds: Nets

    @model_validator(mode="after")
    def _has_room(self) -> Self:
        if self.width < self.n_inputs + 1 + self.parts:
            raise ValueError(f"width {self.width} has no room for {self.parts} parts above {self.n_inputs + 1}")
        return self


def rows(spec: Spec, data: None) -> Rows:
    """Return ``distance`` of every π-net from the ordinary net, ‖f_π - f‖ / ‖f‖ over points and steps.

    The index is the rank. A seed draws Ω [n, n]: W and v are its first d + 1 columns at all ranks, and rank r projects
    on the first r.
    """
    inputs, targets, points = problem(spec.n_inputs, spec.steps)
    d, n = spec.n_inputs, spec.width
    omega = numpy_stream("init", "pi_projection", n).standard_normal((spec.n_seeds, n, n))
    ordinary = _ordinary(omega[..., :d] / d**0.5, omega[..., d], spec, inputs, targets, points)
    scale = np.sqrt((ordinary**2).mean((1, 2)))
    out, seeds = Rows(spec.lr), np.arange(spec.n_seeds)
    for rank in np.round(np.linspace(d + 1, n, spec.parts + 1)).astype(int):
        f = trained(_nets(spec, omega[..., :rank]), inputs, targets, points, spec.lr)
        apart = np.sqrt(((f - ordinary) ** 2).mean((1, 2))) / scale
        out.add(spec.steps, "distance", apart, seed=seeds, index=int(rank))
    return out


def _nets(spec: Spec, omega: np.ndarray) -> "PiNets":
    import torch

    from infwidth.limits.pi_net import aligned, finite

    limits = aligned(d=spec.n_inputs, rank=omega.shape[2], activation=spec.activation)
    return finite(limits, [torch.from_numpy(omega)])


def _ordinary(
    W: np.ndarray, v: np.ndarray, spec: Spec, inputs: np.ndarray, targets: np.ndarray, points: np.ndarray
) -> np.ndarray:
    """Return f_t [S, steps + 1, points] of f = v·φ(W ξ)/n by SGD, W [S, n, d] and v [S, n] both at the rate η n."""
    followed = []

    def activate(h: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return (np.maximum(h, 0.0), (h > 0) * 1.0) if spec.activation == "relu" else (h, np.ones_like(h))

    for t in range(spec.steps + 1):
        followed.append((v[:, None] @ activate(W @ points.T)[0])[:, 0] / spec.width)
        if t < spec.steps:
            φ, slope = activate(W @ inputs[t])
            χ = spec.lr * ((v * φ).mean(1, keepdims=True) - targets[t])
            v, W = v - χ * φ, W - (χ * v * slope)[..., None] * inputs[t]
    return np.stack(followed, 1)
