"""Ensembles of convolutional nets of one width on images, side by side as stacked products of matrices."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from infwidth.results.rows import Rows
from infwidth.seeding import numpy_stream
from infwidth.specs import data as blocks
from infwidth.specs.block import Count, Nets, Positive, Width
from infwidth.specs.cells import Computation

if TYPE_CHECKING:
    from torch import Tensor

    from infwidth.data.images import Images

#: At how many times after the start, at most, nets are measured.
_TIMES = 20

#: Images that go through the nets at once where nothing is learned from them.
_CHUNK = 256


class Spec(Computation):
    """``n_seeds`` nets of [3×3 convolution, √2·ReLU, 2×2 average pooling] down to one pixel, and a linear readout.

    Channels are ``width`` N, weights N(0, 1), over √fan-in in the net and over N in the readout; outputs are centred
    (less those of the net at the start) and divided by ``gamma0`` γ0: μP. SGD at the rate N √γ0 ``lr`` on ½ the mean
    over examples and outputs of the squared difference from centred one-hot labels, ``steps`` batches of ``batch_size``
    images, by passes through the training set in random order: the same batches for all nets, widths and γ0, and the
    same nets at the start for all γ0.
    """

    name: Literal["convolution_ensembles"]
    width: Width
    gamma0: Positive
    lr: Positive
    steps: Count
    batch_size: Count
    n_seeds: Nets
    takes: ClassVar = (blocks.Images,)


class Ensemble:
    """E nets by their weights: ``kernels`` [E, N, fan-in channels, 3, 3] and ``readout`` [E, k, N].

    All see the same images in the first layer.
    """

    def __init__(self, spec: Spec, data: "Images") -> None:
        import torch

        N, (_, channels, *sides) = spec.width, data.x_train.shape
        rngs = [numpy_stream("init", "convolution_ensembles", N, seed) for seed in range(spec.n_seeds)]

        def drawn(*shape: int) -> "Tensor":
            draws = torch.from_numpy(np.stack([rng.standard_normal(shape, dtype=np.float32) for rng in rngs]))
            return draws.to(data.x_train.dtype).requires_grad_()

        n_convolutions = int(math.log2(min(sides)))
        self.kernels = [drawn(N, N if layer else channels, 3, 3) for layer in range(n_convolutions)]
        self.readout = drawn(data.n_classes, N)

    def parameters(self) -> list["Tensor"]:
        """Return all weights."""
        return [*self.kernels, self.readout]

    def features(self, x: "Tensor") -> "Tensor":
        """Return the features [E, B, N] that the readout sees of images [B, channels, side, side]."""
        h = x.permute(1, 2, 3, 0)[None]
        for kernel in self.kernels:
            h = _pooled(_convolved(h, kernel).relu())
        return h.flatten(2).mT

    def outputs(self, features: "Tensor") -> "Tensor":
        """Return the outputs [E, B, k] of features, before they are centred and divided by γ0."""
        return features @ self.readout.mT / self.readout.shape[-1]


def _convolved(h: "Tensor", kernel: "Tensor") -> "Tensor":
    """Return 3×3 convolutions [E, N, side, side, B] over √fan-in of h [E or 1, channels, side, side, B].

    Only where they are pooled: of an odd side the last row and column are left out. As one product of matrices a net
    they take two thirds of the time of a grouped convolution; images come last, so that shifts copy whole rows.
    """
    import torch
    from torch.nn.functional import pad

    (E, N), window = kernel.shape[:2], kernel.shape[3:]
    side = h.shape[-2] // 2 * 2
    h = pad(h, (0, 0, 1, side + 1 - h.shape[-2], 1, side + 1 - h.shape[-2]))
    shifted = [h[:, :, i : i + side, j : j + side] for i in range(window[0]) for j in range(window[1])]
    weight = kernel.permute(0, 1, 3, 4, 2).reshape(E, N, -1) / math.prod(kernel.shape[2:]) ** 0.5
    return (weight @ torch.stack(shifted, dim=1).reshape(len(h), weight.shape[-1], -1)).unflatten(-1, (side, side, -1))


def _pooled(h: "Tensor") -> "Tensor":
    """Return √2 times the means of h [E, N, side, side, B] over squares of 2×2."""
    h = h[:, :, 0::2] + h[:, :, 1::2]
    return (h[:, :, :, 0::2] + h[:, :, :, 1::2]) * (2**0.5 / 4)


def rows(spec: Spec, data: "Images") -> Rows:
    """Return losses of single nets and of their mean output, on training and test images.

    ``train_loss`` and ``test_loss`` of every net (seed), ``ensemble_train_loss`` and ``ensemble_loss`` of the mean of
    all nets' outputs, and of that of all but one (``…_without``, index); the train loss is on the first images, as many
    as test images. ``label_alignment`` of every net's last features on test images. A loss that is not finite ends the
    training of all nets: ``diverged``.
    """
    import torch
    from torch.nn.functional import one_hot

    nets, out = Ensemble(spec, data), Rows(spec.lr)
    y_train, y_test = (
        one_hot(labels, data.n_classes).to(data.x_train.dtype) - 1 / data.n_classes
        for labels in (data.y_train, data.y_test)
    )
    shown = len(data.x_test)  # as many training images are measured
    with torch.no_grad():
        start = nets.outputs(_through(nets, data.x_train))
        start_test = nets.outputs(_through(nets, data.x_test))
    at = {round(spec.steps * k / _TIMES) for k in range(_TIMES + 1)}
    rate = spec.width * spec.gamma0**0.5 * spec.lr
    for step, batch in enumerate(_batches(spec, len(data.x_train))):
        f = nets.outputs(nets.features(data.x_train.index_select(0, batch)))
        errors = (f - start[:, batch]) / spec.gamma0 - y_train[batch]
        loss = 0.5 * errors.square().mean((1, 2)).sum()  # each net's gradient is that of its own term
        if not torch.isfinite(loss):
            out.add(step, "diverged", step, seed=range(spec.n_seeds))
            break
        if step in at:
            with torch.no_grad():
                features = _through(nets, data.x_test)
                f_train = (nets.outputs(_through(nets, data.x_train[:shown])) - start[:, :shown]) / spec.gamma0
                f_test = (nets.outputs(features) - start_test) / spec.gamma0
                _add_losses(out, step, "train_loss", "ensemble_train_loss", f_train - y_train[:shown])
                _add_losses(out, step, "test_loss", "ensemble_loss", f_test - y_test)
                out.add(step, "label_alignment", _alignment(features, y_test), seed=range(spec.n_seeds))
        if step == spec.steps:
            break
        gradients = torch.autograd.grad(loss, nets.parameters())
        with torch.no_grad():
            for parameter, gradient in zip(nets.parameters(), gradients, strict=True):
                parameter.sub_(gradient, alpha=rate)
    return out


def _batches(spec: Spec, n: int) -> Iterator["Tensor"]:
    """Yield the places of the images of each batch, without end."""
    import torch

    rng, left = numpy_stream("order", "convolution_ensembles"), np.empty(0, np.int64)
    while True:
        while len(left) < spec.batch_size:
            left = np.concatenate([left, rng.permutation(n)])
        yield torch.from_numpy(left[: spec.batch_size])
        left = left[spec.batch_size :]


def _through(nets: Ensemble, x: "Tensor") -> "Tensor":
    """Return the features [E, P, N] of many images, some at a time."""
    import torch

    return torch.cat([nets.features(some) for some in x.split(_CHUNK)], dim=1)


def _add_losses(out: Rows, step: int, single: str, together: str, errors: "Tensor") -> None:
    """Add the losses of nets, of their mean and of that without each, from errors [E, P, k]."""
    E = len(errors)
    mean = errors.mean(0)
    others = (E * mean - errors) / (E - 1)
    of_nets, of_mean, of_others = (
        0.5 * some.double().square().mean((-2, -1)).numpy() for some in (errors, mean, others)
    )
    out.add(step, single, of_nets, seed=range(E))
    out.add(step, together, of_mean, of="ensemble")
    out.add(step, f"{together}_without", of_others, index=range(E), of="ensemble")


def _alignment(features: "Tensor", y: "Tensor") -> np.ndarray:
    """Return tr(ΦΦᵀ yyᵀ)/(|ΦΦᵀ| |yyᵀ|) of features Φ [E, P, N] and targets y [P, k], by way of [N, N] and [N, k]."""
    across, within, task = features.mT @ y, features.mT @ features, y.mT @ y
    return (across.square().sum((1, 2)) / (within.norm(dim=(1, 2)) * task.norm())).double().numpy()
