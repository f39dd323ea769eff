"""Losses of residual nets over learning rates and seeds, of one depthwise parametrization (α, γ), width and depth."""

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Protocol

import numpy as np
from pydantic import Field

from infwidth.results.rows import Rows
from infwidth.seeding import numpy_stream, torch_stream
from infwidth.solve.rows_of_rates import RowsOfRates
from infwidth.specs import data as blocks
from infwidth.specs.block import Count, Depth, Nets, Positive, RationalText, Says, Several, Width
from infwidth.specs.cells import Computation

if TYPE_CHECKING:
    import torch

    from infwidth.solve.stacked_residual_nets import Rates, Shape, Weights


class Labelled(Protocol):
    """Images x [P, C, H, W] and their classes y [P]."""

    x_train: "torch.Tensor"
    y_train: "torch.Tensor"
    n_classes: int


class Spec(Computation):
    """Nets of ``stacked_residual_nets``, ``n_blocks`` L deep, trained on the cross-entropy at every rate η of ``lr``.

    A branch of ``block_depth`` layers is multiplied by a (L/L0)^−α, a the ``branch_multiplier`` and L0 the
    ``base_depth``. Layers of branches learn, times the width's factor, at η (L/L0)^−γ by Adam, and by SGD at
    η (L/L0)^(α−γ), since its gradients have the branch's (L/L0)^−α already (Tensor Programs VI, Section 3).

    ``rule`` is that of the width. In μP entries of V have variance 1/n², all others 1/fan-in; Adam's rates are η n0/n
    for branches and V and η for U, n0 the ``base_width``; SGD's are η for branches, η n/d for U, of d inputs, and η/n
    for V. In SP all variances are 1/fan-in and all rates η, but η/d for U by SGD: at η its curvature would be the
    largest, and hide the hidden layers' at widths below d. Without ``train_ends`` U and V stay as they are.

    Losses are averaged over the last part ``late_part`` of the steps. A seed has the same initial weights at all
    rates and in all parametrizations of a width; shallower nets are the first blocks of deeper ones; all see the same
    batches.
    """

    name: Literal["residual_sweep"]
    width: Width
    base_width: Width
    n_blocks: Depth
    base_depth: Depth
    block_depth: Literal[1, 2]
    activation: Literal["relu", "abs"]
    norm: Literal["none", "layer", "batch"]
    first: Literal["weights", "nonlinearity"]
    mean_subtraction: bool
    readout_of: Literal["stream", "activations"]
    branch_multiplier: Positive
    alpha: RationalText
    gamma: RationalText
    rule: Literal["mup", "sp"]
    train_ends: bool
    optimizer: Literal["adam", "sgd"]
    lr: Several[Positive]
    steps: Count
    late_part: Annotated[int | float, Field(gt=0, le=1), Says("must be a part of the steps, above 0 and up to 1")]
    batch_size: Count
    n_seeds: Nets
    takes: ClassVar = (blocks.Images,)

    def depth_factor(self, power: Fraction) -> float:
        """Return (L/L0) to minus a power."""
        return float((self.n_blocks / self.base_depth) ** -float(power))

    @property
    def branch(self) -> float:
        """What a branch is multiplied by."""
        return float(self.branch_multiplier) * self.depth_factor(Fraction(self.alpha))

    @property
    def branch_rate(self) -> float:
        """Return what η is multiplied by for the layers of branches."""
        α, γ = Fraction(self.alpha), Fraction(self.gamma)
        if self.optimizer == "sgd":
            return self.depth_factor(γ - α)
        return self.depth_factor(γ) * (self.base_width / self.width if self.rule == "mup" else 1.0)

    def end_rates(self, n_inputs: int) -> tuple[float, float]:
        """Return what η is multiplied by for U and for V."""
        if self.optimizer == "sgd":
            return (self.width / n_inputs, 1 / self.width) if self.rule == "mup" else (1 / n_inputs, 1.0)
        return 1.0, self.base_width / self.width if self.rule == "mup" else 1.0


def rows(spec: Spec, data: Labelled) -> Rows:
    """Return what every net of every rate comes to.

    ``late_loss``: mean over the last steps of the loss of a batch before it is learned, at the last step;
    ``diverged``, in its place, where a loss was not finite before: the number of updates until then, at that step.
    ``growth``: root mean square of the stream behind the last block over that before the first, at the start.
    """
    import torch

    from infwidth.solve.stacked_residual_nets import train

    moments = train(
        _initial(spec, data),
        _batches(spec, data),
        shape=_shape(spec),
        rates=_rates(spec, data),
        optimizer=spec.optimizer,
    )
    first = next(moments)
    losses = torch.stack([first.losses, *(moment.losses for moment in moments)]).double().numpy()
    losses = losses.reshape(spec.steps, len(spec.lr), spec.n_seeds)
    late, finite = losses[-max(1, round(spec.late_part * spec.steps)) :].mean(0), np.isfinite(losses)
    growth = first.growth.view(len(spec.lr), spec.n_seeds).numpy()
    out = RowsOfRates(tuple(map(float, spec.lr)))
    for place, of_rate in enumerate(out.at.values()):
        of_rate.add(0, "growth", growth[place], seed=range(spec.n_seeds))
        for seed in range(spec.n_seeds):
            whole = finite[:, place, seed]
            if whole.all():
                of_rate.add(spec.steps, "late_loss", late[place, seed], seed=seed)
            else:
                updates = int(whole.argmin())
                of_rate.add(updates, "diverged", updates, seed=seed)
    return out


def _shape(spec: Spec) -> "Shape":
    from infwidth.solve.stacked_residual_nets import Shape

    return Shape(spec.branch, spec.activation, spec.norm, spec.first, spec.mean_subtraction, spec.readout_of)


def _rates(spec: Spec, data: Labelled) -> "Rates":
    import torch

    from infwidth.solve.stacked_residual_nets import Rates

    η = torch.tensor(spec.lr, dtype=torch.float32).repeat_interleave(spec.n_seeds)[:, None, None]
    u, v = (η * rate if spec.train_ends else None for rate in spec.end_rates(data.x_train[0].numel()))
    return Rates(u, η * spec.branch_rate, v)


def _initial(spec: Spec, data: Labelled) -> "Weights":
    """Return the nets of all rates, one after the other, and of a rate those of all seeds."""
    import torch

    from infwidth.solve.stacked_residual_nets import Weights

    n, inputs, k = spec.width, data.x_train[0].numel(), data.n_classes
    generators = {
        role: [torch_stream("init", "residual_sweep", role, n, seed) for seed in range(spec.n_seeds)]
        for role in ("u", "w", "v")
    }

    def drawn(role: str, shape: tuple[int, int], std: float) -> torch.Tensor:
        of_seeds = torch.stack([torch.randn(shape, generator=generator) for generator in generators[role]])
        return of_seeds.mul_(std).repeat(len(spec.lr), 1, 1)

    return Weights(
        drawn("u", (inputs, n), inputs**-0.5),
        [[drawn("w", (n, n), n**-0.5) for _ in range(spec.block_depth)] for _ in range(spec.n_blocks)],
        drawn("v", (n, k), 1 / n if spec.rule == "mup" else n**-0.5),
    )


def _batches(spec: Spec, data: Labelled) -> "Iterator[tuple[torch.Tensor, torch.Tensor]]":
    order = numpy_stream("order", "residual_sweep")
    for _ in range(spec.steps):
        places = order.choice(len(data.x_train), spec.batch_size, replace=False)
        yield data.x_train[places].flatten(1), data.y_train[places]
