"""Convolutional nets on images at growing scales of their output, beside their linearization around the start."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, ClassVar, Literal, Self

import numpy as np
from pydantic import model_validator

from infwidth.results.rows import Rows
from infwidth.seeding import torch_stream
from infwidth.specs import data as blocks
from infwidth.specs.block import Count, Fraction01, Nets, Positive, Several, Width
from infwidth.specs.cells import Computation

if TYPE_CHECKING:
    from torch import Tensor, nn

    from infwidth.data.images import Images


class Spec(Computation):
    """Nets F = α f that learn one-hot labels by SGD on the mean of (F − y)²/α², from f = 0: two readouts that cancel.

    ``net`` is a plain one of ``n_convolutions`` layers of ``width`` channels, or VGG-11 without normalization (then
    both are null). Weights start by Xavier's rule, biases at zero. The rate in an epoch is lr/(1 + epoch/``decay``);
    of several ``lr`` that with the least train loss counts. All is in double precision. ``n_kernel`` images have
    their tangent kernel's spectrum.
    """

    name: Literal["lazy_images"]
    net: Literal["cnn", "vgg11"]
    width: Width | None
    n_convolutions: Count | None
    scales: Several[Positive]
    lr: Several[Positive]
    decay: Positive
    momentum: Fraction01
    epochs: Count
    batch_size: Count
    n_seeds: Nets
    n_kernel: Count
    takes: ClassVar = (blocks.Images,)

    @model_validator(mode="after")
    def _has_one_shape(self) -> Self:
        if (self.net == "cnn") != (self.width is not None and self.n_convolutions is not None):
            raise ValueError("width, n_convolutions: are of net cnn, which needs both")
        return self


#: A step of training: changes of the parameters, images and labels ↦ outputs F and what to move the parameters by.
Model = Callable[[dict[str, "Tensor"], "Tensor"], "tuple[Tensor, Callable[[Tensor], dict[str, Tensor]]]"]


def rows(spec: Spec, data: "Images") -> Rows:
    """Return accuracies of nets at every α (``layer``), and of their linearization (layer "inf").

    Of every net (seed) at the end: ``train_accuracy``, ``test_accuracy``, and ``unchanged``, the share of hidden units
    on test images that are on or off as they were. ``kernel_eigenvalue``: by rank (index), over the largest, of the
    tangent kernel before training, of test images (layer "images") and of Gaussian inputs of the same size ("noise").
    """
    import torch

    from infwidth.empirical import empirical_ntk

    out = Rows()
    for seed in range(spec.n_seeds):
        net = _net(spec, data, seed)
        start = {name: p.detach().clone() for name, p in net.named_parameters()}
        for α in (*spec.scales, None):
            model = _linear(net, start) if α is None else _scaled(net, start, float(α))
            changes = min((_trained(spec, model, start, data, float(lr), seed) for lr in spec.lr), key=lambda t: t[0])[
                1
            ]
            layer = "inf" if α is None else repr(α)
            for split, x, y in (("train", data.x_train, data.y_train), ("test", data.x_test, data.y_test)):
                right = (model(changes, x.double())[0].argmax(1) == y).double().mean()
                out.add(spec.epochs, f"{split}_accuracy", right.item(), layer=layer, seed=seed)
            if α is not None:
                end = {name: start[name] + change / α for name, change in changes.items()}
                same = _signs(net, start, data.x_test.double()) == _signs(net, end, data.x_test.double())
                out.add(spec.epochs, "unchanged", same.double().mean().item(), layer=layer, seed=seed)
        images = data.x_test[: spec.n_kernel].double()
        noise = torch.randn(
            images.shape, dtype=torch.float64, generator=torch_stream("generation", "lazy_images", seed)
        )
        for layer, x in (("images", images), ("noise", noise)):
            values = torch.linalg.eigvalsh(empirical_ntk(net, x)).flip(0)
            out.add(0, "kernel_eigenvalue", (values / values[0]).numpy(), layer=layer, seed=seed, index=range(len(x)))
    return out


def _net(spec: Spec, data: "Images", seed: int) -> "nn.Module":
    from torch import nn

    channels, height, width = data.x_train.shape[1:]
    if spec.net == "vgg11":
        from torchvision.models import vgg11

        readout = nn.Linear(512 * (height // 32) * (width // 32), data.n_classes)
        net: nn.Module = nn.Sequential(vgg11().features, nn.Flatten(), _cancelling(readout))
    else:
        from infwidth.models.cnn import CNN

        sizes = {"width": spec.width or 1, "n_convolutions": spec.n_convolutions or 1}
        net = CNN((channels, height, width), data.n_classes, **sizes)
        net.add_module("readout", _cancelling(net.readout))
    generator = torch_stream("init", "lazy_images", seed)
    for name, p in net.named_parameters():
        if p.ndim > 1 and not name.endswith("second.weight"):
            nn.init.xavier_normal_(p, generator=generator)
        elif p.ndim == 1:
            nn.init.zeros_(p)
    second = dict(net.named_parameters())
    for name, p in second.items():
        if ".second." in name:
            p.data.copy_(second[name.replace(".second.", ".first.")])
    return net.double()


def _cancelling(readout: "nn.Module") -> "nn.Module":
    """Return two readouts of this shape, the first less the second, which are equal at the start."""
    import copy

    from torch import nn

    class Cancelling(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = readout, copy.deepcopy(readout)

        def forward(self, x: "Tensor") -> "Tensor":
            difference: Tensor = self.first(x) - self.second(x)
            return difference

    return Cancelling()


def _scaled(net: "nn.Module", start: "dict[str, Tensor]", α: float) -> Model:
    """Return F = α f at weights start + change/α."""
    from torch.func import functional_call, vjp

    def model(changes: "dict[str, Tensor]", x: "Tensor") -> "tuple[Tensor, Callable[[Tensor], dict[str, Tensor]]]":
        def f(of: "dict[str, Tensor]") -> "Tensor":
            outputs: Tensor = α * functional_call(net, {name: start[name] + of[name] / α for name in of}, (x,))
            return outputs

        outputs, back = vjp(f, changes)[:2]
        return outputs, lambda residual: back(residual)[0]

    return model


def _linear(net: "nn.Module", start: "dict[str, Tensor]") -> Model:
    """Return the limit of this as α → ∞, F = ∂f/∂w change, by its derivative forward and back."""
    from torch.func import functional_call, jvp, vjp

    def model(changes: "dict[str, Tensor]", x: "Tensor") -> "tuple[Tensor, Callable[[Tensor], dict[str, Tensor]]]":
        def f(of: "dict[str, Tensor]") -> "Tensor":
            outputs: Tensor = functional_call(net, of, (x,))
            return outputs

        return jvp(f, (start,), (changes,))[1], lambda residual: vjp(f, start)[1](residual)[0]

    return model


def _trained(
    spec: Spec, model: Model, start: "dict[str, Tensor]", data: "Images", lr: float, seed: int
) -> "tuple[float, dict[str, Tensor]]":
    """Return the train loss at the end, infinite if it is no number, and α times the change of every parameter.

    SGD on (F − y)²/α² in the weights is SGD on (F − y)² in α times their change, at the same rate.
    """
    import torch
    from torch.nn.functional import one_hot

    y = one_hot(data.y_train, data.n_classes).double()
    changes = {name: torch.zeros_like(p) for name, p in start.items()}
    speeds = {name: torch.zeros_like(p) for name, p in start.items()}
    for epoch, batch in _batches(spec, len(y), seed):
        outputs, back = model(changes, data.x_train[batch].double())
        gradients = back(2 * (outputs - y[batch]) / outputs.numel())
        for name, gradient in gradients.items():
            speeds[name] = spec.momentum * speeds[name] + gradient
            changes[name] = changes[name] - lr / (1 + epoch / spec.decay) * speeds[name]
    loss = float(((model(changes, data.x_train.double())[0] - y) ** 2).mean())
    return (loss if np.isfinite(loss) else np.inf), changes


def _batches(spec: Spec, n: int, seed: int) -> "Iterator[tuple[int, Tensor]]":
    """Yield the number of the epoch and the examples of a batch, the same for all scales and rates."""
    import torch

    generator = torch_stream("order", "lazy_images", seed)
    for epoch in range(spec.epochs):
        for batch in torch.randperm(n, generator=generator).split(spec.batch_size):
            yield epoch, batch


def _signs(net: "nn.Module", parameters: "dict[str, Tensor]", x: "Tensor") -> "Tensor":
    """Return whether every hidden unit is on at every image."""
    import torch
    from torch import nn
    from torch.func import functional_call

    on: list[Tensor] = []
    layers = [part for part in net.modules() if isinstance(part, nn.Conv2d)]
    hooks = [layer.register_forward_hook(lambda _, __, h: on.append((h > 0).flatten())) for layer in layers]
    functional_call(net, parameters, (x,))
    for hook in hooks:
        hook.remove()
    return torch.cat(on)
