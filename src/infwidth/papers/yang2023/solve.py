"""The plane of depthwise parametrizations, and the diversity of features of the paper's nets."""

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol

import numpy as np

from infwidth.results.rows import Rows
from infwidth.seeding import numpy_stream, torch_stream
from infwidth.specs import data as blocks
from infwidth.specs.block import Count, Depth, Listed, Nets, NotNegative, Positive, RationalText, Several, Width
from infwidth.specs.cells import Computation

if TYPE_CHECKING:
    import torch

    from infwidth.papers.yang2023.limits import Batch, Initial, Moment


class Labelled(Protocol):
    """Images x [P, C, H, W] and their classes y [P]."""

    x_train: "torch.Tensor"
    y_train: "torch.Tensor"
    n_classes: int


class DepthPlane(Computation):
    """One step of infinitely wide linear residual nets of several ``depths``, at every (α, γ) of a grid.

    ``lr`` is so small that the step is linear; ``powers`` are the α, and all that are ``updates`` the γ.
    """

    name: Literal["yang2023.depth_plane"]
    powers: Several[RationalText]
    updates: Several[RationalText]
    depths: Several[Depth]
    lr: Positive


class Diversity(Computation):
    """The nets of ``limits.py``: a is ``branch_multiplier``, φ the ``activation``, ``lr`` of the base width and depth.

    ``show`` are the steps after which layers are compared. A seed has the same initial weights for all parametrizations
    of its width and depth; batches are the same for all.
    """

    name: Literal["yang2023.diversity"]
    width: Width
    n_blocks: Depth
    alpha: RationalText
    gamma: RationalText
    activation: Literal["relu", "abs"]
    branch_multiplier: Positive
    lr: Positive
    steps: Count
    show: Listed[NotNegative]
    batch_size: Count
    n_seeds: Nets
    takes: ClassVar = (blocks.Images,)

    def factor(self, power: str) -> float:
        """Return (L/L0) to minus a power."""
        from infwidth.papers.yang2023.limits import BASE_DEPTH

        return float((self.n_blocks / BASE_DEPTH) ** -float(Fraction(power)))


def depth_plane(spec: DepthPlane, data: None) -> Rows:
    """Return, for each place of the grid (``index``) and depth (step), what the exact theory says.

    ``alpha`` and ``gamma``; ``start``, the root mean square of the last layer at initialisation, and, where this does
    not grow with the depth, ``change``, of the output in one step on one example; both of infinite width, of nets with
    a = 1 and a unit input.
    """
    from infwidth.limits.linear_residual import DepthScaling, train_linear_residual
    from infwidth.papers.yang2023.limits import classify_depthwise

    out = Rows(spec.lr)
    grid = [(alpha, gamma) for alpha in spec.powers for gamma in spec.updates]
    for place, (alpha, gamma) in enumerate(grid):
        scaling = DepthScaling(branch_power=float(Fraction(alpha)), update_power=float(Fraction(gamma)))
        out.add(0, "alpha", float(Fraction(alpha)), index=place)
        out.add(0, "gamma", float(Fraction(gamma)), index=place)
        for depth in spec.depths:
            moments = train_linear_residual(
                np.ones((1, 1)),
                [[0], [0]],
                lambda outputs, _: np.ones_like(outputs),
                n_blocks=depth,
                n_outputs=1,
                lr=spec.lr,
                scaling=scaling,
                train_ends=False,
            )
            before = next(moments)
            out.add(depth, "start", before.rms[-1, 0], index=place)
            if classify_depthwise(alpha, gamma).stable_at_start:
                out.add(depth, "change", abs(next(moments).outputs - before.outputs)[0, 0], index=place)
    return out


def diversity(spec: Diversity, data: Labelled) -> Rows:
    """Return how far layers are apart that are ε L blocks apart, after the steps ``show``.

    ``distance``: |x^{l + εL} − x^l| / √n, root mean square over the examples of a batch and all l; the index counts the
    blocks ε L, which are powers of two. And ``loss`` at every step.
    """
    out = Rows(spec.lr)
    gaps = [2**k for k in range(int(np.log2(spec.n_blocks)))]
    for step, moment in enumerate(_trained(spec, data)):
        out.add(step, "loss", moment.losses.numpy(), seed=range(spec.n_seeds))
        if step in spec.show:
            for gap in gaps:
                apart = moment.layers[gap:] - moment.layers[:-gap]
                distance = apart.square().mean((0, 2, 3)).sqrt()
                out.add(step, "distance", distance.numpy(), seed=range(spec.n_seeds), index=gap)
    return out


def _trained(spec: Diversity, data: Labelled) -> "Iterator[Moment]":
    """Yield the moments of the nets of all seeds; one more than there are steps."""
    from infwidth.papers.yang2023.limits import BASE_WIDTH, train

    rates = [spec.lr * spec.factor(spec.gamma) * BASE_WIDTH / spec.width] * spec.n_seeds
    branch = spec.branch_multiplier * spec.factor(spec.alpha)
    return train(_initial(spec, data), _batches(spec, data), branch=branch, lr=rates, activation=spec.activation)


def _initial(spec: Diversity, data: Labelled) -> "Initial":
    import torch

    from infwidth.papers.yang2023.limits import Initial

    n, inputs, k = spec.width, data.x_train[0].numel(), data.n_classes

    def stacked(role: str, shape: tuple[int, ...], std: float, axis: int) -> "torch.Tensor":
        draws = [
            std * torch.randn(shape, generator=torch_stream("init", "yang2023", role, n, seed))
            for seed in range(spec.n_seeds)
        ]
        return torch.stack(draws, axis)

    return Initial(
        stacked("u", (inputs, n), inputs**-0.5, 0),
        stacked("w", (spec.n_blocks, n, n), n**-0.5, 1),
        stacked("v", (n, k), 1 / n, 0),
    )


def _batches(spec: Diversity, data: Labelled) -> "Iterator[Batch]":
    from infwidth.papers.yang2023.limits import Batch

    rng = numpy_stream("order", "yang2023")
    for _ in range(spec.steps + 1):
        places = rng.choice(len(data.x_train), spec.batch_size, replace=False)
        yield Batch(data.x_train[places].flatten(1), data.y_train[places])
