"""Both infinite-width limits of one multilayer perceptron on images: of its NTK and of its μP continuation."""

from functools import partial
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from infwidth.results.rows import Rows
from infwidth.specs import data as blocks
from infwidth.specs.block import Count, Depth, Positive, Width
from infwidth.specs.cells import Computation

if TYPE_CHECKING:
    import torch

    from infwidth.data.images import Images
    from infwidth.programs import InfiniteNet


class Spec(Computation):
    """The √2·ReLU net of ``base_width`` at rate ``lr`` and richness ``gamma0`` (layer_lr "variance"), continued.

    Full-batch gradient descent of the centred net on two classes told by ±1. The kernel limit (``rule`` "ntk") is
    exact; that of "mup" is trained as ``replicas`` samples of ``neurons`` neurons (:mod:`infwidth.programs`).
    ``points`` test examples are followed.
    """

    name: Literal["image_limits"]
    rule: Literal["ntk", "mup"]
    n_hidden: Depth
    base_width: Width
    gamma0: Positive
    lr: Positive
    steps: Count
    points: Count
    neurons: Count
    replicas: Count
    takes: ClassVar = (blocks.Images,)


def rows(spec: Spec, data: "Images") -> Rows:
    """Return ``correct_logit``, y·f at the test points (index), at every step.

    For μP the mean over replicas, with its ``standard_error``, and before and after training the ``preactivation`` of
    the sampled neurons of the last hidden layer (those of all replicas, in order of size) at the first test point.
    """
    out = Rows(spec.lr)
    signs = 2.0 * data.y_test[: spec.points].double().numpy() - 1.0
    steps = np.arange(spec.steps + 1)[:, None]
    index = np.arange(spec.points)
    if spec.rule == "ntk":
        out.add(steps, "correct_logit", signs * _kernel_outputs(spec, data), index=index)
        return out
    samples = [_sampled(spec, data, seed) for seed in range(spec.replicas)]
    outputs = np.stack([f for f, _, _ in samples])
    out.add(steps, "correct_logit", signs * outputs.mean(0), index=index)
    error = outputs.std(0, ddof=1) / np.sqrt(spec.replicas) if spec.replicas > 1 else np.full(outputs[0].shape, np.nan)
    out.add(steps, "standard_error", error, index=index)
    for step, neurons in ((0, [h for _, h, _ in samples]), (spec.steps, [h for _, _, h in samples])):
        out.add(step, "preactivation", np.sort(np.concatenate(neurons)), layer=f"h{spec.n_hidden}")
    return out


def _kernel_outputs(spec: Spec, data: "Images") -> np.ndarray:
    """Return f_t [steps + 1, points] of kernel descent from zero; the loss is the mean of (f − y)²."""
    from infwidth.limits.kernel_regression import KernelDescent
    from infwidth.limits.kernels import mlp_kernels

    x = data.x_train.double().flatten(1).numpy()
    points = data.x_test[: spec.points].double().flatten(1).numpy()
    kernels = partial(mlp_kernels, n_hidden=spec.n_hidden, activation="unit_relu", sigma_w=1.0, sigma_b=0.0)
    targets = 2.0 * data.y_train.double().numpy()[:, None] - 1.0
    descent = KernelDescent.of(kernels(x).ntk, targets)
    cross = kernels(points, x).ntk
    rate = 2.0 * spec.lr / len(x)
    return np.stack([descent.test_outputs(cross, descent.descent(rate, t))[:, 0] for t in range(spec.steps + 1)])


def _sampled(spec: Spec, data: "Images", seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return f_t [steps + 1, points] of one sample of the infinite μP net, its preactivations before and after."""
    from infwidth.models.mlp import MLP
    from infwidth.parametrization.conventions import base_net
    from infwidth.programs import infinite

    shape = tuple(data.x_train.shape[1:])
    base = base_net(spec.lr, spec.gamma0, spec.base_width, layer_lr="variance", optimizer="sgd")
    net = infinite(
        lambda width: MLP(shape, 1, width=width, n_hidden=spec.n_hidden, activation="unit_relu", bias=False),
        base_width=spec.base_width,
        neurons=spec.neurons,
        lr=base.lr,
        readout_scale=base.readout_scale,
        layer_lr="variance",
        seed=seed,
    )
    x, targets = data.x_train, 2.0 * data.y_train[:, None].to(data.x_train) - 1.0
    points = data.x_test[: spec.points]
    optimizer = net.optimizer()
    start, start_at_points = _outputs(net, x), _outputs(net, points)
    before = _neurons(net, points[:1])
    followed = [np.zeros(spec.points)]
    for _ in range(spec.steps):
        optimizer.zero_grad()
        loss = (net(x) - start - targets).square().mean()
        loss.backward()
        optimizer.step()
        followed.append((_outputs(net, points) - start_at_points)[:, 0].double().numpy())
    return np.stack(followed), before, _neurons(net, points[:1])


def _neurons(net: "InfiniteNet", x: "torch.Tensor") -> np.ndarray:
    """Return the last hidden layer's preactivations [neurons] at one input."""
    kept: list[torch.Tensor] = []
    *_, last = net.net.hidden_layers.values()  # type: ignore[operator]
    handle = last.register_forward_hook(lambda _module, _inputs, h: kept.append(h))
    _outputs(net, x)
    handle.remove()
    return kept[0][0].double().numpy()


def _outputs(net: "torch.nn.Module", x: "torch.Tensor") -> "torch.Tensor":
    import torch

    with torch.no_grad():
        outputs: torch.Tensor = net(x)
    return outputs
