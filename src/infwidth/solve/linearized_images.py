"""Residual nets on images, linearized around their initial weights: spectrum, power of the task, and loss in time."""

from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from infwidth.results.rows import Rows
from infwidth.seeding import torch_stream
from infwidth.specs import data as data_blocks
from infwidth.specs.block import Count, Listed, Nets, Several, Width
from infwidth.specs.cells import Computation

if TYPE_CHECKING:
    from torch import nn

    from infwidth.activations import Array
    from infwidth.data.images import Images

#: Ranks that are written down.
_RANKS = 60


class Spec(Computation):
    """Two groups of classes told apart: those of ``positive``, and all others.

    The net is a residual one with layer normalization, of ``width`` N channels in its first stage and ``blocks`` in
    each, in the NTK parametrization. Its linearization starts from outputs of zero and follows gradient flow on the
    mean of ½ (f − y)² over the training images; times run from ``start`` to ``stop``, ``per_decade`` of them in one.
    """

    name: Literal["linearized_images"]
    width: Width
    blocks: Listed[Count]
    positive: Several[data_blocks.ClassNumber]
    start: Count
    stop: Count
    per_decade: Count
    n_seeds: Nets
    takes: ClassVar = (data_blocks.Images,)


def rows(spec: Spec, data: "Images") -> Rows:
    """Return of every net (seed) its kernel's ``eigenvalue`` and the power of the task by rank (index), and losses.

    Eigenvalues are of Θ(X, X)/P, the largest of rank 1. ``residual_power`` is what the first eigenfunctions, as many
    as the rank, miss of the labels of test images; ``residual_power_train`` the same of the images that they come
    from, which is too little by what they fit by chance. ``test`` and ``train`` are mean squared errors at the times
    (steps). Labels have mean zero and variance one over the training images.
    """
    import torch

    from infwidth.empirical import empirical_ntk
    from infwidth.limits.kernel_regression import KernelDescent

    x = torch.cat([data.x_train, data.x_test]).double()
    n = len(data.x_train)
    y = standardized(spec, data)
    ranks = np.unique(np.geomspace(1, n, _RANKS).round().astype(int))
    count = round(np.log10(spec.stop / spec.start) * spec.per_decade) + 1
    times = np.unique(np.geomspace(spec.start, spec.stop, count).round().astype(int))
    out = Rows(lr=1.0)
    for seed in range(spec.n_seeds):
        net, rates = initial(spec, data, seed)
        kernel = empirical_ntk(net, x, rates=rates).numpy() / n
        found = KernelDescent.of(kernel[:n, :n], y[:n, None])
        values, vectors = found.eigenvalues[::-1], found.eigenvectors[:, ::-1]
        along = vectors.T @ y[:n]
        inverse = np.divide(1, values, out=np.zeros(n), where=values > 0)
        parts = {"_train": vectors * along, "": kernel[n:, :n] @ vectors * (inverse * along)}
        out.add(0, "eigenvalue", values[ranks - 1], index=ranks, seed=seed)
        learned = -np.expm1(-np.outer(values, times))
        for of, labels in (("_train", y[:n, None]), ("", y[n:, None])):
            missed = ((labels - parts[of].cumsum(1)) ** 2).mean(0)
            out.add(0, f"residual_power{of}", missed[ranks - 1], index=ranks, seed=seed)
            out.add(times, of[1:] or "test", ((labels - parts[of] @ learned) ** 2).mean(0), seed=seed)
    return out


def standardized(spec: Spec, data: "Images") -> "Array":
    """Return the labels [P + Q] of training and test images; SpecError for groups that do not divide the classes."""
    import torch

    from infwidth.errors import SpecError

    if max(spec.positive) >= data.n_classes or len(spec.positive) == data.n_classes:
        raise SpecError(
            f"positive: {list(spec.positive)} must be some of the classes of '{data.name}', 0 to "
            f"{data.n_classes - 1}, and not all of them"
        )
    sign = torch.isin(torch.cat([data.y_train, data.y_test]), torch.tensor(spec.positive)).double().numpy()
    train: Array = sign[: len(data.y_train)]
    labels: Array = (sign - train.mean()) / train.std()
    return labels


def initial(spec: Spec, data: "Images", seed: int) -> "tuple[nn.Module, dict[str, float]]":
    """Return a net in double precision and the rates 1/fan-in of its weights W, whose entries have that variance.

    These are those of weights w of variance one in W = w/√fan-in. Gains and shifts of the normalization stay as they
    are.
    """
    from torch import nn

    from infwidth.models.resnet import ResNet

    channels, height, width = data.x_train.shape[1:]
    net = ResNet(
        (channels, height, width), 1, width=spec.width, blocks=spec.blocks, stem_stride=1, norm="layer",
        branch_multiplier=1.0, branch_power="1/2",
    ).double()  # fmt: skip
    generator, rates = torch_stream("init", "linearized_images", spec.width, seed), {}
    for name, p in net.named_parameters():
        if p.ndim == 1:
            p.requires_grad_(False)
        else:
            rates[name] = 1 / p[0].numel()
            nn.init.normal_(p, 0.0, rates[name] ** 0.5, generator=generator)
    return net, rates
