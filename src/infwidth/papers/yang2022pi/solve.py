"""π-nets of finite and of infinite width, on a curve and on images."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from infwidth.results.rows import Rows
from infwidth.seeding import numpy_stream
from infwidth.specs import data as blocks
from infwidth.specs.block import Count, Depth, Fraction01, Nets, NotNegative, Positive, Width
from infwidth.specs.cells import Computation

if TYPE_CHECKING:
    import torch

    from infwidth.limits.pi_net import PiNets, Rates
    from infwidth.limits.pi_net.net import Loss


class PiNet(Computation):
    """A π-net of ``n_hidden`` hidden layers and ``rank`` r, and its SGD (infwidth.limits.pi_net).

    ``first_lr`` and ``last_lr`` are factors of ``lr`` for the first layer and the readout; ``clip`` is the largest norm
    of a gradient, of weights and biases of every layer by themselves; ``bias_scale`` multiplies biases (zero: none),
    ``first_scale`` and ``last_scale`` the outputs of the first layer and of the readout.
    """

    n_hidden: Depth
    rank: Count
    lr: Positive
    first_lr: Positive = 1.0
    last_lr: Positive = 1.0
    weight_decay: NotNegative = 0.0
    clip: Positive | None = None
    bias_scale: NotNegative = 0.0
    first_scale: Positive = 1.0
    last_scale: Positive = 1.0
    batch_size: Count


class Curve(PiNet):
    """``n_seeds`` nets of ``width`` n and the limit they are samples of, on ``n_points`` of sin 4x, x in [-1, 1]."""

    name: Literal["yang2022pi.curve"]
    width: Width
    n_points: Count
    steps: Count
    n_seeds: Nets


class Images(PiNet):
    """Nets of ``width`` n, or of infinite width (null), that learn to classify images for so many ``epochs``.

    From the part ``drop_after`` of all steps on the rate is 0.15 of what it was (null: never).
    """

    name: Literal["yang2022pi.images"]
    width: Width | None
    epochs: Count
    evaluations: Count
    drop_after: Fraction01 | None = None
    n_seeds: Count
    takes: ClassVar = (blocks.Images,)


class Kernels(PiNet):
    """``n_seeds`` nets of ``width`` n and the limit that they are samples of; kernels are of the first ``points``."""

    name: Literal["yang2022pi.kernels"]
    width: Width
    epochs: Count
    points: Count
    n_seeds: Nets
    takes: ClassVar = (blocks.Images,)


def curve(spec: Curve, data: None) -> Rows:
    """Return how single nets follow the limit: all start as samples of one net of infinite width, on the same batches.

    Before training and after every step ``limit_loss`` and ``loss`` (of every net), ½ (f - y)² averaged over all
    points; ``distance``, the root mean square over points and steps of f_n - f_∞, and ``loss_distance``, the mean over
    steps of the losses' absolute difference, at the last step.
    """
    import torch

    x = np.linspace(-1.0, 1.0, spec.n_points)
    inputs, targets = torch.from_numpy(np.stack([x, np.ones_like(x)], 1)), torch.from_numpy(np.sin(4 * x)[:, None])
    limit, nets = _pair(spec, 2, 1)
    f_limit, f_nets = [], []
    for rows in _batches(spec.n_points, spec.batch_size, spec.steps):
        f_limit.append(limit(inputs)[0])
        f_nets.append(nets(inputs))
        for each in (limit, nets):
            each.step(inputs[rows], _half_square(targets[rows]), _rates(spec))
    f_limit.append(limit(inputs)[0])
    f_nets.append(nets(inputs))
    of_limit, of_nets = torch.stack(f_limit)[None], torch.stack(f_nets, 1)  # [S, steps + 1, points, 1]
    losses, limit_losses = ((f - targets).square().mean((2, 3)) / 2 for f in (of_nets, of_limit))
    steps, seeds = np.arange(spec.steps + 1), np.arange(spec.n_seeds)
    out = Rows(spec.lr)
    out.add(steps, "limit_loss", limit_losses[0].numpy())
    out.add(steps, "loss", losses.numpy(), seed=seeds[:, None])
    out.add(spec.steps, "distance", (of_nets - of_limit).square().mean((1, 2, 3)).sqrt().numpy(), seed=seeds)
    out.add(spec.steps, "loss_distance", (losses - limit_losses).abs().mean(1).numpy(), seed=seeds)
    return out


def images(spec: Images, data: Any) -> Rows:
    """Return ``train_loss`` (cross-entropy), ``test_loss`` and ``test_accuracy`` of every net at some steps.

    A seed draws the net of infinite width, the same at all widths, and what a finite one samples of it. All nets see
    the same batches. Of infinite width all rows are of the limit, with the seed of its initial weights.
    """
    x, y, x_test, y_test = _of(data)
    limits = _start(spec, x.shape[1], data.n_classes, spec.n_seeds)
    nets = limits if spec.width is None else _sampled(spec, limits, spec.width, spec.n_seeds)
    steps = spec.epochs * (len(x) // spec.batch_size)
    evaluated = {round(steps * k / spec.evaluations) for k in range(spec.evaluations + 1)}
    out, seeds = Rows(spec.lr, of="limit" if spec.width is None else "net"), np.arange(spec.n_seeds)

    def evaluate(step: int) -> None:
        for metric, inputs, of in (("train_loss", x, y), ("test_loss", x_test, y_test)):
            f = nets(inputs)
            out.add(step, metric, _losses(f, of).numpy(), seed=seeds)
        out.add(step, "test_accuracy", (f.argmax(2) == y_test).double().mean(1).numpy(), seed=seeds)

    dropped = steps if spec.drop_after is None else round(spec.drop_after * steps)
    for step, rows in enumerate(_batches(len(x), spec.batch_size, steps)):
        if step in evaluated:
            evaluate(step)
        rates = _rates(spec, 0.15 if step >= dropped else 1.0)
        nets.step(x[rows], _cross_entropy(y[rows]), rates)
    evaluate(steps)
    return out


def kernels(spec: Kernels, data: Any) -> Rows:
    """Return ``kernel_distance`` of every net before and after training: ‖K_n - K_∞‖ / ‖K_∞‖, Frobenius norms.

    K is the last hidden layer's feature kernel of test images. ``kernel_movement`` of the limit: the same distance of
    its kernel after training from that before.
    """
    x, y, x_test, _ = _of(data)
    points = x_test[: spec.points]
    limit, nets = _pair(spec, x.shape[1], data.n_classes)
    steps, seeds = spec.epochs * (len(x) // spec.batch_size), np.arange(spec.n_seeds)
    out = Rows(spec.lr)

    def distances(kernels: "torch.Tensor", reference: "torch.Tensor") -> np.ndarray:
        apart: np.ndarray = ((kernels - reference).square().sum((1, 2)) / reference.square().sum()).sqrt().numpy()
        return apart

    start = limit.feature_kernel(points)
    out.add(0, "kernel_distance", distances(nets.feature_kernel(points), start), seed=seeds)
    for rows in _batches(len(x), spec.batch_size, steps):
        for each in (limit, nets):
            each.step(x[rows], _cross_entropy(y[rows]), _rates(spec))
    end = limit.feature_kernel(points)
    out.add(steps, "kernel_distance", distances(nets.feature_kernel(points), end), seed=seeds)
    out.add(steps, "kernel_movement", distances(end, start).item())
    return out


def _start(spec: PiNet, d: int, d_o: int, n_nets: int) -> "PiNets":
    """Return nets of infinite width, one a seed."""
    from infwidth.limits.pi_net import Scales, initial

    return initial(
        numpy_stream("init", "yang2022pi", spec.rank, spec.n_hidden),
        d=d,
        d_o=d_o,
        rank=spec.rank,
        n_hidden=spec.n_hidden,
        n_nets=n_nets,
        scales=Scales(spec.first_scale, spec.last_scale, spec.bias_scale),
    )


def _sampled(spec: PiNet, limits: "PiNets", width: int, n_nets: int) -> "PiNets":
    from infwidth.limits.pi_net import sampled

    stream = numpy_stream("init", "yang2022pi", "omega", width, spec.rank, spec.n_hidden)
    return sampled(limits, stream, width=width, n_nets=n_nets)


def _pair(spec: "Curve | Kernels", d: int, d_o: int) -> "tuple[PiNets, PiNets]":
    """Return one net of infinite width, and the finite ones that are samples of it."""
    limit = _start(spec, d, d_o, 1)
    return limit, _sampled(spec, limit, spec.width, spec.n_seeds)


def _rates(spec: PiNet, factor: float = 1.0) -> "Rates":
    from infwidth.limits.pi_net import Rates

    return Rates(factor * spec.lr, spec.first_lr, spec.last_lr, spec.weight_decay, spec.clip)


def _batches(n_examples: int, size: int, steps: int) -> Iterator[np.ndarray]:
    """Yield the examples of every step: whole batches of a new order each epoch, the same for all nets."""
    per_epoch = max(1, n_examples // size)
    for step in range(steps):
        epoch, place = divmod(step, per_epoch)
        if place == 0:
            order = numpy_stream("order", "yang2022pi", epoch).permutation(n_examples)
        yield order[place * size : (place + 1) * size]


def _of(data: Any) -> "tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]":
    """Return inputs [P, d], float64, and labels of both splits."""
    x, x_test = (part.flatten(1).double() for part in (data.x_train, data.x_test))
    return x, data.y_train, x_test, data.y_test


def _half_square(targets: "torch.Tensor") -> "Loss":
    return lambda f: (f - targets).square().mean((1, 2)).sum() / 2


def _losses(f: "torch.Tensor", labels: "torch.Tensor") -> "torch.Tensor":
    """Return the mean cross-entropy [S] of outputs [S, P, k]."""
    from torch.nn import functional as F

    of_all = F.cross_entropy(f.flatten(0, 1), labels.repeat(len(f)), reduction="none")
    return of_all.view(len(f), -1).mean(1)


def _cross_entropy(labels: "torch.Tensor") -> "Loss":
    return lambda f: _losses(f, labels).sum()
