"""MLPs trained at a grid of learning rates from several seeds, side by side in one process."""

import math
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from infwidth.parametrization.exponents import exponents
from infwidth.seeding import numpy_stream
from infwidth.solve.rows_of_rates import RowsOfRates
from infwidth.specs import data as blocks
from infwidth.specs.block import Count, Depth, Positive, Several, Width
from infwidth.specs.cells import Computation
from infwidth.specs.parametrization import NamedRule

if TYPE_CHECKING:
    from infwidth.data.images import Images
    from infwidth.solve.stacked_classifiers import Classifiers

#: Times the loss of a net that says nothing: what a loss does not come back from.
_LOST = 1e4
#: Weights of the nets that are trained side by side: 256 MiB in single precision.
_SIDE_BY_SIDE = 2**26


class Spec(Computation):
    """MLPs without biases under a ``rule`` that continues ``base_width``, trained by plain SGD at each of ``lrs``.

    As in the demonstration of the authors' package: hidden weights start as N(0, 1/fan-in), the readout at zero; the
    read-in's weights are √``input_multiplier`` times smaller parameters', so that it learns at ``input_multiplier``
    times the rate, and outputs are ``output_multiplier`` times the readout's, which so learns at its square.
    ``base_width`` may be above ``width``: a narrow net that simulates wide ones.
    """

    name: Literal["rate_sweep"]
    rule: NamedRule
    width: Width
    base_width: Width
    n_hidden: Depth
    activation: Literal["relu", "tanh"]
    loss: Literal["cross_entropy", "mse"]
    input_multiplier: Positive
    output_multiplier: Positive
    lrs: Several[Positive]
    batch_size: Count
    epochs: Count
    n_seeds: Count
    takes: ClassVar = (blocks.Images,)


def layers(spec: Spec, n_inputs: int, n_classes: int) -> tuple[list[tuple[int, int]], list[float], list[float]]:
    """Return of each effective weight its shape, its standard deviation and its learning rate in units of the net's.

    At the base width N0 a weight has std fan-in^(−1/2), the readout 0; away from it each goes with (N/N0) to the rule's
    exponent (multipliers absorbed: Yang et al. 2022, Table 3, for muP).
    """
    native = exponents(spec.rule, spec.n_hidden, optimizer="sgd").native("sgd")
    wider = spec.width / spec.base_width
    sizes = [n_inputs, *[spec.width] * spec.n_hidden, n_classes]
    at_base = [n_inputs, *[spec.base_width] * spec.n_hidden]
    stds = [n**-0.5 * wider ** -float(b) for n, b in zip(at_base, native.std, strict=True)]
    rates = [wider ** -float(c) for c in native.lr]
    rates[0] *= spec.input_multiplier
    rates[-1] *= spec.output_multiplier**2
    return list(zip(sizes[1:], sizes[:-1], strict=True)), [*stds[:-1], 0.0], rates


def rows(spec: Spec, data: "Images") -> RowsOfRates:
    """Return ``epoch_loss`` of every learning rate and seed at the end of each epoch, and who ``diverged`` when.

    A net is lost, and leaves the stack, once a batch's loss is not finite or ten thousand times that of a net that says
    nothing. Seeds draw the same initial weights at all rates and under all rules, and see the same batches.
    """
    out = RowsOfRates(spec.lrs)
    seeds = range(spec.n_seeds)
    per_net = sum(math.prod(shape) for shape in layers(spec, data.x_train[0].numel(), data.n_classes)[0])
    at_once = max(1, _SIDE_BY_SIDE // (per_net * spec.n_seeds))
    for first in range(0, len(spec.lrs), at_once):
        _train(spec, data, spec.lrs[first : first + at_once], seeds, out)
    return out


def stack(spec: Spec, data: "Images", lrs: tuple[float, ...], seeds: range) -> "Classifiers":
    """Return the nets of these rates and seeds before training, the seeds of a rate side by side."""
    import torch

    from infwidth.activations import activation_of
    from infwidth.solve.stacked_classifiers import classifiers

    shapes, scales, rates = layers(spec, data.x_train[0].numel(), data.n_classes)
    rngs = [numpy_stream("init", "rate_sweep", spec.width, seed) for seed in seeds]
    draws = [
        torch.from_numpy(np.stack([rng.standard_normal(shape, dtype=np.float32) for rng in rngs])) for shape in shapes
    ]
    activation = activation_of(spec.activation)
    return classifiers(draws, scales=scales, rates=rates, lrs=lrs, activation=activation, loss=spec.loss)


def _train(spec: Spec, data: "Images", lrs: tuple[float, ...], seeds: range, out: RowsOfRates) -> None:
    """Train the nets of these rates, and record them."""
    import torch

    from infwidth.data.streams import Batches
    from infwidth.solve.stacked_classifiers import loss_of_nothing

    nets = stack(spec, data, lrs, seeds)
    members = [(lr, seed) for lr in lrs for seed in seeds]
    x, y = data.x_train.flatten(1).T.contiguous(), data.y_train
    batches = Batches(x.shape[1], spec.batch_size)
    lost_at = _LOST * loss_of_nothing(spec.loss, data.n_classes)
    total = torch.zeros(len(members))
    for step in range(spec.epochs * batches.steps_per_epoch):
        rows = batches.indices(step)
        losses = nets.step(x[:, rows], y[rows])
        total += losses
        alive = losses < lost_at
        if not alive.all():
            for number in (~alive).nonzero().flatten().tolist():
                lr, seed = members[number]
                out.at[lr].add(step, "diverged", step, seed=seed)
            kept = alive.nonzero().flatten()
            members, total, nets = [members[number] for number in kept.tolist()], total[kept], nets.only(kept)
            if not members:
                return
        if (step + 1) % batches.steps_per_epoch == 0:
            for (lr, seed), loss in zip(members, (total / batches.steps_per_epoch).tolist(), strict=True):
                out.at[lr].add(step + 1, "epoch_loss", loss, seed=seed)
            total.zero_()
