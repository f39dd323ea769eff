"""Nets between lazy and rich: outputs scaled by α = 1/(γ0 √width), trained until every example is fitted."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, Self

import numpy as np
from pydantic import model_validator

from infwidth.errors import SpecError
from infwidth.results.rows import Rows
from infwidth.seeding import numpy_stream
from infwidth.specs import data as blocks
from infwidth.specs.block import Count, Depth, Nets, Positive, Several, Width
from infwidth.specs.cells import Computation

if TYPE_CHECKING:
    from torch import Tensor

    from infwidth.activations import Activation
    from infwidth.data.images import Images
    from infwidth.limits.flat_nets import FlatNets
    from infwidth.limits.gradient_flow import Flow, Velocity

Array = np.ndarray

#: Levels of the train loss, of which the times are taken at which it first falls below them; it begins at 1.
LEVELS = (0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05, 0.02)

#: Entries of a hidden layer of all nets side by side: two megabytes.
_SIDE_BY_SIDE = 2**18


class Spec(Computation):
    """Nets F = α (f − f_0), h = W a/√fan-in with W from N(0, 1), that tell even from odd classes.

    They follow the gradient flow of the mean over examples of softplus(β (1 − y F))/(β α²), β the ``loss_sharpness``,
    until y F ≥ 1 on all of them, for at most ``steps`` steps. ``gamma0`` is the richness at width 1, 1/α = γ0 √width.
    ``sharpness`` is that of the activation softplus(β z)/β, which is scaled to E φ(z)² = 1; of relu there is none.
    Images become their first ``components`` principal components (null: their pixels, centred) of norm √d. The training
    images are cut in ``n_sets`` training sets, each for ``n_seeds`` nets; kernels change at ``n_kernel`` test images.
    ``tolerance``, ``stages`` and ``leap`` (of a margin y F) are those of the flow.
    """

    name: Literal["scaled_nets"]
    gamma0: Several[Positive]
    n_hidden: Depth
    width: Width
    activation: Literal["softplus", "relu"]
    sharpness: Positive | None
    loss_sharpness: Positive
    components: Count | None
    n_sets: Count
    n_seeds: Nets
    n_kernel: Count
    tolerance: Positive
    stages: Count
    leap: Positive
    steps: Count
    takes: ClassVar = (blocks.Images,)

    @model_validator(mode="after")
    def _is_one_activation(self) -> Self:
        if (self.activation == "softplus") != (self.sharpness is not None):
            raise ValueError("sharpness: is for activation softplus, which needs it")
        if self.stages < 2:
            raise ValueError("stages: a step of the flow needs at least 2")
        return self


def rows(spec: Spec, data: "Images") -> Rows:
    """Return what nets of every richness (``layer``) come to; seeds count the nets of training sets one after another.

    Of every net: ``error_rate`` on the test images; ``init_kernel_error_rate`` and ``final_kernel_error_rate``, of the
    same flow with the tangent kernel of before or after training in the place of the net's; ``output_deviation``, its
    part in the unbiased variance over the nets of its training set, mean over test images; ``weight_change``
    ‖W − W_0‖/‖W_0‖ of all weights and ``kernel_change`` ‖Θ − Θ_0‖/‖Θ_0‖; ``fitted``, whether it came to the end;
    ``fall_time``, when the train loss first falls to each of LEVELS (index), in the time t of dW/dt = −∇ loss. Of the
    ensembles of all nets of a training set (index): ``ensemble_error_rate``, and of all but one (index)
    ``ensemble_error_rate_without``.
    """
    import torch

    problem = _Problem.of(spec, data)
    first = torch.cat([_initial(spec, problem.shape, part) for part in range(spec.n_sets)])
    sets = torch.arange(spec.n_sets).repeat_interleave(spec.n_seeds)
    before = _Kernels.of(spec, problem, first, sets)
    of_initial = _regressed(spec, problem, before, sets)
    richness = torch.tensor(spec.gamma0, dtype=torch.float64).repeat_interleave(len(first))
    n_nets, all_first, all_sets = len(first), first.repeat(len(spec.gamma0), 1), sets.repeat(len(spec.gamma0))
    trained = _trained(spec, problem, all_first, all_sets, 1 / (richness * math.sqrt(spec.width)))
    seeds, out = np.arange(n_nets), Rows()
    for number, γ0 in enumerate(spec.gamma0):
        of_γ = slice(number * n_nets, (number + 1) * n_nets)
        layer, state, f = repr(γ0), trained.state[of_γ], trained.test_outputs[of_γ]
        after = _Kernels.of(spec, problem, state, sets)
        of_sets = f.unflatten(0, (spec.n_sets, spec.n_seeds))
        mean = of_sets.mean(1, keepdim=True)
        unbiased = spec.n_seeds / (spec.n_seeds - 1)
        found = {
            "error_rate": _error_rate(f, problem.y_test),
            "init_kernel_error_rate": _error_rate(of_initial, problem.y_test),
            "final_kernel_error_rate": _error_rate(_regressed(spec, problem, after, sets), problem.y_test),
            "output_deviation": unbiased * ((of_sets - mean) ** 2).mean(2).flatten(),
            "weight_change": (state - first).norm(dim=1) / first.norm(dim=1),
            "kernel_change": (after.shown - before.shown).norm(dim=(1, 2)) / before.shown.norm(dim=(1, 2)),
            "fitted": trained.fitted[of_γ].double(),
        }
        for metric, values in found.items():
            out.add(0, metric, values.numpy(), layer=layer, seed=seeds)
        others = ((spec.n_seeds * mean - of_sets) / (spec.n_seeds - 1)).flatten(0, 1)
        for suffix, outputs in (("", mean[:, 0]), ("_without", others)):
            of_ensembles = _error_rate(outputs, problem.y_test).numpy()
            out.add(0, f"ensemble_error_rate{suffix}", of_ensembles, layer=layer, of="ensemble")
        falls = trained.falls[of_γ].numpy()
        out.add(0, "fall_time", falls, layer=layer, index=np.arange(len(LEVELS)), seed=seeds[:, None])
    return out


@dataclass(frozen=True)
class _Problem:
    """Inputs of training sets [sets, d, P] and of test images [d, Q], their labels ±1, and the shape of the nets."""

    x: "Tensor"
    y: "Tensor"
    x_test: "Tensor"
    y_test: "Tensor"
    shape: "FlatNets"

    @classmethod
    def of(cls, spec: Spec, data: "Images") -> "_Problem":
        import torch

        from infwidth.limits.flat_nets import FlatNets

        train, test = data.x_train.flatten(1).double(), data.x_test.flatten(1).double()
        centre = train.mean(0)
        train, test = train - centre, test - centre
        if spec.components is not None:
            axes = torch.linalg.eigh(train.mT @ train).eigenvectors[:, -spec.components :]
            train, test = train @ axes, test @ axes
        d, size = train.shape[1], len(train) // spec.n_sets
        if size < 1:
            raise SpecError(f"n_sets: {len(train)} training images are too few for {spec.n_sets} sets")
        train, test = (math.sqrt(d) * x / x.norm(dim=1, keepdim=True) for x in (train, test))
        y, y_test = (1.0 - 2.0 * (labels % 2).double() for labels in (data.y_train, data.y_test))
        used = size * spec.n_sets
        sizes = (d, *[spec.width] * spec.n_hidden, 1)
        multipliers = tuple(1 / math.sqrt(fan_in) for fan_in in sizes[:-1])
        return cls(
            train[:used].unflatten(0, (spec.n_sets, size)).mT,
            y[:used].unflatten(0, (spec.n_sets, size)),
            test.mT,
            y_test,
            FlatNets(sizes, multipliers, _activation(spec)),
        )


def _activation(spec: Spec) -> "Activation":
    """Return the activation, of which E φ(z)² = 1."""
    import torch
    from torch.nn.functional import softplus

    from infwidth.activations import Activation, activation_of

    if spec.sharpness is None:
        return activation_of("unit_relu")
    β = float(spec.sharpness)

    def value(h: "Tensor | Array") -> "Tensor | Array":
        return softplus(h, beta=β) if isinstance(h, torch.Tensor) else np.logaddexp(0.0, β * h) / β

    def slope(h: "Tensor | Array") -> "Tensor | Array":
        return (β * h).sigmoid() if isinstance(h, torch.Tensor) else 0.5 * (1 + np.tanh(0.5 * β * h))

    smooth = Activation("softplus", value, slope)
    return smooth.scaled(smooth.gain)


def _initial(spec: Spec, shape: "FlatNets", part: int) -> "Tensor":
    """Return the initial weights [seeds, n] of the nets of one training set."""
    import torch

    rngs = [numpy_stream("init", "scaled_nets", spec.width, part, seed) for seed in range(spec.n_seeds)]
    return torch.from_numpy(np.stack([rng.standard_normal(shape.n) for rng in rngs]))


@dataclass(frozen=True)
class _Trained:
    """Final weights [A, n], outputs F at test images [A, Q], times of LEVELS [A, levels], and who came to the end."""

    state: "Tensor"
    test_outputs: "Tensor"
    falls: "Tensor"
    fitted: "Tensor"


def _trained(spec: Spec, problem: _Problem, first: "Tensor", sets: "Tensor", scales: "Tensor") -> _Trained:
    """Train nets of initial weights [A, n] on the training sets of these numbers [A], with outputs scaled by α [A]."""
    import torch

    side_by_side = max(1, _SIDE_BY_SIDE // (spec.width * problem.y.shape[1]))
    shape, parts = problem.shape, []
    for nets in torch.arange(len(first)).split(side_by_side):
        w0, α = first[nets], scales[nets, None]
        flow = _flow(spec, w0, _descent(spec, problem, w0, sets[nets], α))
        falls = _run(spec, flow)
        test = α * (shape.forward(flow.state, problem.x_test)[0] - shape.forward(w0, problem.x_test)[0])
        parts.append((flow.state, test, falls, ~flow.running))
    return _Trained(*(torch.cat(part) for part in zip(*parts, strict=True)))


def _descent(spec: Spec, problem: _Problem, w0: "Tensor", sets: "Tensor", α: "Tensor") -> "Velocity":
    """Return the velocity of weights, and the margins y F there, of nets that began at ``w0``."""
    x, y = problem.x[sets], problem.y[sets]
    start = problem.shape.forward(w0, x)[0]

    def velocity(state: "Tensor", running: "Tensor") -> "tuple[Tensor, Tensor]":
        f, passed = problem.shape.forward(state, x[running])
        margins = α[running] * (f - start[running]) * y[running]
        pulls = _pulls(spec, margins) * y[running] / α[running]
        return problem.shape.pull(state, passed, pulls), margins

    return velocity


def _pulls(spec: Spec, margins: "Tensor") -> "Tensor":
    """Return minus the derivative of the loss with respect to the margins y F [A, P]."""
    return (spec.loss_sharpness * (1 - margins)).sigmoid() / margins.shape[1]


def _flow(spec: Spec, start: "Tensor", velocity: "Velocity") -> "Flow":
    from infwidth.limits.gradient_flow import Flow

    return Flow(start, velocity, tolerance=float(spec.tolerance), stages=spec.stages, leap=float(spec.leap))


def _run(spec: Spec, flow: "Flow") -> "Tensor":
    """Let a flow whose outputs are margins run to its end; return when the losses [A] fall to LEVELS [A, levels].

    By a straight line between two steps; not numbers where they never did.
    """
    import torch
    from torch.nn.functional import softplus

    levels = torch.tensor(LEVELS, dtype=torch.float64)

    def losses(margins: "Tensor") -> "Tensor":
        return softplus(1 - margins, beta=float(spec.loss_sharpness)).mean(1, keepdim=True)

    falls = torch.full((len(flow.state), len(levels)), torch.nan, dtype=torch.float64)
    before, since = losses(flow.outputs), flow.times.clone()[:, None]
    for _ in range(spec.steps):
        moved = flow.step()
        now, times = losses(flow.outputs[moved]), flow.times[moved, None]
        part = (before[moved] - levels) / (before[moved] - now)
        crossed = (now <= levels) & (before[moved] > levels) & falls[moved].isnan()
        falls[moved] = torch.where(crossed, since[moved] + part * (times - since[moved]), falls[moved])
        before[moved], since[moved] = now, times
        flow.running[moved] = flow.outputs[moved].amin(1) < 1
        if not flow.running.any():
            break
    return falls


@dataclass(frozen=True)
class _Kernels:
    """Tangent kernels: of nets' training sets [A, P, P], of test images with these [A, Q, P], of those shown."""

    train: "Tensor"
    cross: "Tensor"
    shown: "Tensor"

    @classmethod
    def of(cls, spec: Spec, problem: _Problem, state: "Tensor", sets: "Tensor") -> "_Kernels":
        import torch

        from infwidth.empirical import mlp_empirical_ntk

        shape, test = problem.shape, problem.x_test.mT
        rates = [g**2 for g in shape.multipliers]
        kernels: list[tuple[Tensor, Tensor, Tensor]] = []
        for net, part in zip(state, sets.tolist(), strict=True):
            weights = [w[0] for w in shape.effective(net[None])]
            x = problem.x[part].mT
            both = torch.cat([x, test])
            kernel = mlp_empirical_ntk(weights, both, x, activation=shape.activation, rates=rates)
            shown = mlp_empirical_ntk(weights, test[: spec.n_kernel], activation=shape.activation, rates=rates)
            kernels.append((kernel[: len(x)], kernel[len(x) :], shown))
        return cls(*(torch.stack(part) for part in zip(*kernels, strict=True)))


def _regressed(spec: Spec, problem: _Problem, kernels: _Kernels, sets: "Tensor") -> "Tensor":
    """Return the test outputs [A, Q] of the same flow of functions F = Θ c whose kernel stays."""
    import torch

    y = problem.y[sets]
    scale = kernels.train.diagonal(dim1=1, dim2=2).mean(1)[:, None, None]  # changes the unit of time only
    train = kernels.train / scale

    def velocity(c: "Tensor", running: "Tensor") -> "tuple[Tensor, Tensor]":
        margins = (train[running] @ c[:, :, None])[:, :, 0] * y[running]
        return _pulls(spec, margins) * y[running], margins

    flow = _flow(spec, torch.zeros_like(y), velocity)
    _run(spec, flow)
    return (kernels.cross / scale @ flow.state[:, :, None])[:, :, 0]


def _error_rate(outputs: "Tensor", y: "Tensor") -> "Tensor":
    """Return the share of wrong answers [A]; no answer is wrong."""
    return (outputs * y <= 0).double().mean(1)
