"""What computations over richness share: images, and stacks of nets with outputs divided by γ that learn them."""

import numpy as np
import torch
from torch import Tensor

from infwidth.data.images import Images
from infwidth.data.streams import Batches
from infwidth.seeding import torch_stream
from infwidth.solve.stacked_members import LossName, Members, normals, ritz

Array = np.ndarray


class Problem:
    """Images as inputs [d, P] and one-hot targets [k, P], less 1/k for squared errors, and the nets that learn them.

    ``x`` and ``y`` are the first ``points`` test images and their targets.
    """

    def __init__(
        self, data: Images, loss: LossName, *, width: int, n_hidden: int, n_seeds: int, points: int = 1
    ) -> None:
        self._data, self._loss, self._width, self._n_hidden = data, loss, width, n_hidden
        self._targets = torch.eye(data.n_classes, dtype=torch.float64) - (loss == "mse") / data.n_classes
        self.x, self.y = self._columns(data.x_test[:points], data.y_test[:points])
        d, k = len(self.x), data.n_classes
        self._start = normals([d, *[width] * n_hidden, k], range(n_seeds), "richness", width)
        self._multipliers = torch.tensor([d**-0.5, *[width**-0.5] * (n_hidden - 1), 1 / width], dtype=torch.float64)

    def _columns(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        return x.flatten(1).double().T.contiguous(), self._targets[y.long()].T.contiguous()

    def batches(self, steps: int, size: int) -> list[tuple[Tensor, Tensor]]:
        """Return the batches of training images that all nets see, inputs [d, B] and targets [k, B]."""
        stream = Batches(len(self._data.x_train), size)
        chosen = [stream.indices(step) for step in range(steps)]
        return [self._columns(self._data.x_train[rows], self._data.y_train[rows]) for rows in chosen]

    def members(self, gamma: Array, rate: Array, seed: Array) -> Members:
        """Return nets of these richnesses γ, rates η and seeds [M]: F = (f − f₀)/γ, all layers learning at N η."""
        origin = torch.from_numpy(seed)
        return Members(
            weights=[w[origin] for w in self._start],
            start=self._start,
            origin=origin,
            multipliers=self._multipliers.repeat(len(gamma), 1),
            rates=torch.from_numpy(self._width * rate)[:, None].repeat(1, self._n_hidden + 1),
            scale=torch.from_numpy(1 / gamma),
        )

    def task_alignment(self, members: Members) -> Tensor:
        """Return the cosine of the last hidden layer's centred feature kernel on ``x`` with that of the targets [M]."""
        return (_centred_kernels(members.features(self.x)[-1]) * _centred_kernels(self.y[None])).sum((1, 2))

    def eigenvalues(self, members: Members, iterations: int) -> Array:
        """Return the eigenvalues of η H of every member on ``x``, from the largest down [M, iterations]."""
        stream = torch_stream("evaluation", "hessian")
        start = torch.randn(members.n_parameters, generator=stream, dtype=torch.float64).repeat(len(members), 1)
        found: Array = ritz(members.curvature(self.x, self.y, self._loss), start, iterations).flip(1).numpy()
        return found


def _centred_kernels(features: Tensor) -> Tensor:
    """Return the kernels [M, P, P] of features [M, n, P] less their means over inputs, of unit Frobenius norm."""
    centred = features - features.mean(2, keepdim=True)
    kernel = centred.mT @ centred
    return kernel / kernel.norm(dim=(1, 2), keepdim=True)
