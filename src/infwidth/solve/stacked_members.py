"""Nets of one shape side by side that differ in all that multiplies: output scale, rates, multipliers, initial weights.

All members of a stack see the same batches, in double precision: outputs less the initial ones, divided by a small
richness, have few digits in single precision. One that diverges leaves the stack, and the others go on as if alone.
"""

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.func import grad, vjp

from infwidth.seeding import numpy_stream

LossName = Literal["mse", "cross_entropy"]


@dataclass(frozen=True)
class Members:
    """M ReLU nets F = scale (f − f₀) without biases, f = c_L W_L φ(… φ(c_1 W_1 x)), homogeneous of degree L.

    ``weights`` are L tensors [M, fan-out, fan-in], ``start`` the K different initial ones and ``origin`` [M] which of
    them a member has; ``multipliers`` c [M, L] and ``rates`` [M, L] are of its layers, ``scale`` [M] of its output.
    ``numbers`` [M] are the members' places in the whole stack.
    """

    weights: list[Tensor]
    start: list[Tensor]
    origin: Tensor
    multipliers: Tensor
    rates: Tensor
    scale: Tensor
    numbers: Tensor = field(default_factory=lambda: torch.empty(0, dtype=torch.long))

    def __post_init__(self) -> None:
        if not len(self.numbers):
            object.__setattr__(self, "numbers", torch.arange(len(self.scale)))

    def __len__(self) -> int:
        return len(self.scale)

    def __getitem__(self, chosen: Tensor) -> "Members":
        """Return some members, by their places here or by a mask; ``start`` is shared."""
        own = ("origin", "multipliers", "rates", "scale", "numbers")
        parts = {name: getattr(self, name)[chosen] for name in own}
        return replace(self, weights=[w[chosen].clone() for w in self.weights], **parts)

    def features(self, x: Tensor) -> list[Tensor]:
        """Return what enters each layer but the first, φ(h) [M, n, P], for inputs ``x`` [d, P]."""
        with torch.no_grad():
            return _forward(self.weights, self.multipliers, x)[1]

    def layer_alignment(self) -> Tensor:
        """Return |cos| of the leading direction that the readout takes in with that which the layer below gives [M]."""
        *_, below, readout = self.weights
        given = torch.linalg.svd(below.detach(), full_matrices=False)[0][:, :, 0]
        taken = torch.linalg.svd(readout.detach(), full_matrices=False)[2][:, 0]
        return (given * taken).sum(1).abs()

    def initial(self, x: Tensor) -> Tensor:
        """Return f₀(x) of every member [M, k, P]: one forward pass a start, whose multipliers its members share."""
        present, place = self.origin.unique(return_inverse=True)
        whose = torch.stack([(place == k).nonzero()[0, 0] for k in range(len(present))])
        with torch.no_grad():
            return _forward([w[present] for w in self.start], self.multipliers[whose], x)[0][place]

    def outputs(self, x: Tensor) -> Tensor:
        """Return F(x) [M, k, P]."""
        with torch.no_grad():
            return self._outputs(self.weights, x, self.initial(x))

    def _outputs(self, weights: Sequence[Tensor], x: Tensor, initial: Tensor) -> Tensor:
        return self.scale[:, None, None] * (_forward(weights, self.multipliers, x)[0] - initial)

    def losses(self, x: Tensor, y: Tensor, loss: LossName) -> Tensor:
        """Return every member's loss [M] on inputs [d, P] with one-hot targets ``y`` [k, P]."""
        with torch.no_grad():
            return _losses(self.outputs(x), y, loss)

    def step(self, x: Tensor, y: Tensor, loss: LossName) -> tuple[Tensor, Tensor]:
        """Move by one step of gradient descent; return the losses and the shares of right answers before it [M]."""
        initial = self.initial(x)
        weights = [w.requires_grad_() for w in self.weights]
        outputs = self._outputs(weights, x, initial)
        losses = _losses(outputs, y, loss)
        gradients = torch.autograd.grad(losses.sum(), weights)
        with torch.no_grad():
            for w, rate, gradient in zip(weights, self.rates.T, gradients, strict=True):
                w.sub_(rate[:, None, None] * gradient)
            right = (outputs.argmax(1) == y.argmax(0)).double().mean(1)
        return losses.detach(), right

    def curvature(self, x: Tensor, y: Tensor, loss: LossName) -> Callable[[Tensor], Tensor]:
        """Return v ↦ D^½ H D^½ v on the parameters of each member in a row [M, p]: D its rates, H its loss's Hessian.

        Members do not depend on each other, so that the gradient of one sum serves them all; its graph is kept.
        """
        initial, sizes = self.initial(x), [w[0].numel() for w in self.weights]
        layers = zip(self.rates.T.sqrt(), sizes, strict=True)
        roots = torch.cat([root[:, None].expand(-1, size) for root, size in layers], 1)

        def total(*weights: Tensor) -> Tensor:
            return _losses(self._outputs(weights, x, initial), y, loss).sum()

        gradient = grad(total, argnums=tuple(range(len(sizes))))
        transposed = vjp(gradient, *(w.detach() for w in self.weights))[1]

        def product(v: Tensor) -> Tensor:
            parts = (roots * v).split(sizes, 1)
            along = transposed(tuple(part.reshape(w.shape) for part, w in zip(parts, self.weights, strict=True)))
            return roots * torch.cat([part.flatten(1) for part in along], 1)

        return product

    @property
    def n_parameters(self) -> int:
        """The number of parameters of one member."""
        return sum(w[0].numel() for w in self.weights)


def normals(sizes: Sequence[int], seeds: Iterable[int], *stream: str | int) -> list[Tensor]:
    """Return standard normal weights of nets with these layer sizes, [seeds, fan-out, fan-in] a layer."""
    rngs = [numpy_stream("init", *stream, seed) for seed in seeds]
    shapes = [(fan_out, fan_in) for fan_in, fan_out in itertools.pairwise(sizes)]
    return [torch.from_numpy(np.stack([rng.standard_normal(shape) for rng in rngs])) for shape in shapes]


def train(
    members: Members,
    batches: Iterable[tuple[Tensor, Tensor]],
    loss: LossName,
    watch: Callable[[int, Members], None] = lambda step, members: None,
) -> tuple[Members, np.ndarray, np.ndarray]:
    """Train all members on the same batches (inputs [d, B], one-hot targets [k, B]).

    Returns those that did not diverge, and the losses and shares of right answers before every step [steps, M], not
    numbers from where a loss was not finite any more. ``watch`` is called before every step, and after the last one,
    with the members there are then.
    """
    n, step, losses, accuracies = int(members.numbers.max()) + 1, -1, [], []
    for step, (x, y) in enumerate(batches):
        watch(step, members)
        found = torch.full((2, n), torch.nan, dtype=torch.float64)
        if len(members):
            found[:, members.numbers] = torch.stack(members.step(x, y, loss))
            finite = found[0, members.numbers].isfinite()
            found[:, members.numbers[~finite]] = torch.nan
            if not finite.all():
                members = members[finite]
        losses.append(found[0].numpy())
        accuracies.append(found[1].numpy())
    watch(step + 1, members)
    return members, np.array(losses), np.array(accuracies)


def ritz(product: Callable[[Tensor], Tensor], start: Tensor, iterations: int) -> Tensor:
    """Return the eigenvalues, in ascending order, of M symmetric matrices in their Krylov spaces [M, iterations].

    ``product`` multiplies every member's vector [M, p] by its matrix. Bases are made orthogonal in full (Lanczos); the
    largest and smallest converge first.
    """
    basis, images = [start / start.norm(dim=1, keepdim=True)], []
    for left in reversed(range(min(iterations, start.shape[1]))):
        images.append(product(basis[-1]))
        if left:
            spanned = torch.stack(basis, 1)
            direction = images[-1] / images[-1].norm(dim=1, keepdim=True).clamp_min(torch.finfo(start.dtype).tiny)
            for _ in range(
                3
            ):  # once leaves rounding errors that grow; what is left of them is a direction like any other
                direction = direction - torch.einsum(
                    "mkp,mk->mp", spanned, torch.einsum("mkp,mp->mk", spanned, direction)
                )
                direction = direction / direction.norm(dim=1, keepdim=True).clamp_min(torch.finfo(start.dtype).tiny)
            basis.append(direction)
    projected = torch.einsum("mkp,mlp->mkl", torch.stack(basis, 1), torch.stack(images, 1))
    return torch.linalg.eigvalsh((projected + projected.mT) / 2)


def _forward(weights: Sequence[Tensor], multipliers: Tensor, x: Tensor) -> tuple[Tensor, list[Tensor]]:
    """Return the outputs [M, k, P], and what enters every layer but the first."""
    entering: list[Tensor] = []
    h = x
    for w, c in zip(weights, multipliers.T, strict=True):
        if entering or h.ndim == 3:
            h = h.relu()
            entering.append(h)
        h = c[:, None, None] * (w @ h)
    return h, entering


def _losses(outputs: Tensor, y: Tensor, loss: LossName) -> Tensor:
    if loss == "cross_entropy":
        return -(outputs.log_softmax(1) * y).sum(1).mean(1)
    return (outputs - y).square().sum(1).mean(1) / 2
