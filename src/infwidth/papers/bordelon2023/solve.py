"""Fluctuations of finite width in training: the theory of order 1/N, and many small nets beside it.

Fluctuations are measured on groups of nets: a seed is a group of ``members`` nets, drawn and trained independently.
"""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from infwidth.results.rows import Rows
from infwidth.seeding import numpy_stream
from infwidth.specs.block import Count, Depth, Nets, Positive, Says, Width, unsaid
from infwidth.specs.cells import Computation

Array = np.ndarray

#: How many times are recorded, at most.
_TIMES = 30

#: The order parameters of nets beside a second input.
LAYERS = ("error", "prediction", "kernel", "cross_kernel")


class Groups(Computation):
    """``n_seeds`` groups of ``members`` nets of a ``width``, trained by ``steps`` steps of rate ``lr`` (η γ0² N)."""

    width: Width
    gamma0: Positive
    lr: Positive
    steps: Count
    n_seeds: Nets
    members: Nets

    @property
    def recorded(self) -> list[int]:
        """The steps at which fluctuations are written down, at equal distances."""
        return sorted({round(self.steps * k / _TIMES) for k in range(_TIMES + 1)})


class TwoLayer(Groups):
    """Nets with tanh(a h)/a, a the ``slope_scale``, on one example of target 1, beside one other input.

    ``overlap`` is x·x_*/D of the two; with ``shift`` theory has the mean departure too.
    """

    name: Literal["bordelon2023.two_layer"]
    slope_scale: Positive
    overlap: Annotated[int | float, Field(gt=-1, lt=1), Says("must be between −1 and 1")]
    nodes: Nets
    shift: bool = unsaid(False)


class Linear(Groups):
    """Linear nets on one example of target 1; ``centred``: whether outputs are f less the net's initial f."""

    name: Literal["bordelon2023.linear"]
    centred: bool


class Population(Groups):
    """Linear nets on inputs of unit covariance in ``dimension`` D directions, the target of norm 1 along one."""

    name: Literal["bordelon2023.population"]
    dimension: Nets


class LazyModes(Groups):
    """Nets with tanh(a h)/a on ``samples`` Gaussian examples in ``dimension`` D with targets ±1, nearly lazy.

    Theory averages over ``units`` sampled units.
    """

    name: Literal["bordelon2023.lazy_modes"]
    slope_scale: Positive
    samples: Count
    dimension: Count
    units: Count


class DeepLinear(Groups):
    """Linear nets of ``n_hidden`` layers on one example of target 1."""

    name: Literal["bordelon2023.deep_linear"]
    n_hidden: Depth


class InitialKernels(Computation):
    """``n_seeds`` groups of ``members`` untrained nets of ``n_hidden`` layers of a ``width``."""

    name: Literal["bordelon2023.initial_kernels"]
    activation: Literal["linear", "unit_relu"]
    n_hidden: Depth
    width: Width
    n_seeds: Nets
    members: Nets


def two_layer(spec: TwoLayer, data: None) -> Rows:
    """Return N Var of order parameters, theory and nets, for the layers error, prediction, kernel and cross_kernel.

    The order parameters are Δ and K of the example, f and K between both of the other input. ``fluctuation``: N Var,
    of the limit and of groups of nets; of nets also ``departure``, mean square of q − q_∞ over the group, and
    ``mean_departure``, its mean; of the limit ``order`` q_∞, ``uncoupled``, N Var of kernels if errors did not
    fluctuate, and ``shift``, N times what theory has for the mean departure.
    """
    from infwidth.limits.fluctuations import Problem, fluctuations, quadrature
    from infwidth.papers.bordelon2023.limits import soft_tanh, two_layer_nets

    kernel, targets = np.array([[1.0, spec.overlap], [spec.overlap, 1.0]]), np.ones(1)
    scale = float(spec.slope_scale)
    said = {"gamma0": float(spec.gamma0), "lr": float(spec.lr), "steps": spec.steps}
    problem = Problem.checked(kernel, targets, activation=soft_tanh(scale), pairs=((0, 0), (1, 0)), **said)  # type: ignore[arg-type]
    limit = fluctuations(problem, quadrature(kernel, spec.nodes), shift=spec.shift)
    sign, zero = np.array([-1.0, 1.0]), np.array([1.0, 0.0])  # Δ = y − f

    def four(outputs: Array, kernels: Array) -> Array:
        return np.concatenate([outputs, kernels], axis=-1)

    order = four(zero + sign * limit.outputs, limit.kernels)
    theory = four(limit.variance(limit.output_influences), limit.variance(limit.kernel_influences))
    shift = four(sign * limit.output_shift, limit.kernel_shift)
    uncoupled = limit.variance(limit.kernel_sources)
    out = Rows(spec.lr)
    for name, curves, layers in (
        ("order", order, LAYERS),
        ("fluctuation", theory, LAYERS),
        ("shift", shift, LAYERS if spec.shift else ()),
        ("uncoupled", uncoupled, LAYERS[2:]),
    ):
        for place, layer in enumerate(layers):
            out.add(spec.recorded, name, curves[spec.recorded, place], layer=layer)
    for seed in range(spec.n_seeds):
        rng = numpy_stream("init", "bordelon2023", spec.width, seed)
        nets = two_layer_nets(
            rng, kernel, targets, scale, at=spec.recorded, width=spec.width, nets=spec.members,
            **said,  # type: ignore[arg-type]
        )  # fmt: skip
        for step, (outputs, kernels) in zip(spec.recorded, nets, strict=True):
            _add_group(out, step, seed, four(zero + sign * outputs, kernels) - order[step], spec.width)
    return out


def linear(spec: Linear, data: None) -> Rows:
    """Return the same of the layers error and kernel, in closed form and of nets; ``order`` of nets is their mean."""
    from infwidth.limits.linear_fluctuations import linear_fluctuations, linear_nets

    gamma0, lr = float(spec.gamma0), float(spec.lr)
    said = {"gamma0": gamma0, "lr": lr, "steps": spec.steps, "centred": spec.centred}
    limit, recorded = linear_fluctuations(1.0, **said), spec.recorded  # type: ignore[arg-type]
    order = np.stack([1 - limit.outputs, limit.kernels], axis=-1)
    out = Rows(spec.lr)
    for place, (layer, variance) in enumerate((("error", limit.output_variance), ("kernel", limit.kernel_variance))):
        out.add(recorded, "order", order[recorded, place], layer=layer)
        out.add(recorded, "fluctuation", variance[recorded], layer=layer)
    out.add(recorded, "uncoupled", limit.uncoupled[recorded], layer="kernel")
    for seed in range(spec.n_seeds):
        rng = numpy_stream("init", "bordelon2023", spec.width, seed)
        squares = rng.chisquare(spec.width, (2, spec.members)) / spec.width
        outputs, kernels = linear_nets(squares, 1.0, **said)  # type: ignore[arg-type]
        found = np.stack([1 - outputs, kernels], axis=-1)
        for place, layer in enumerate(("error", "kernel")):
            of = found[recorded, :, place]
            out.add(recorded, "fluctuation", spec.width * of.var(axis=1, ddof=1), seed=seed, layer=layer)
            out.add(recorded, "order", of.mean(1), seed=seed, layer=layer)
    return out


def population(spec: Population, data: None) -> Rows:
    """Return ``fluctuation``, N times the variances of β* − β summed, and ``loss``, the mean of its squared norm.

    The first of two layers: along the target, and across it. Of groups of nets, and of the limit; there the ``loss`` is
    that of N = ∞, and ``corrected`` has the variance/N too.
    """
    from infwidth.limits.linear_fluctuations import linear_fluctuations, population_errors

    said = {"gamma0": float(spec.gamma0), "lr": float(spec.lr), "steps": spec.steps}
    limit = linear_fluctuations(1.0, **said)  # type: ignore[arg-type]
    at = spec.recorded
    along, across = limit.output_variance[at], (spec.dimension - 1) * limit.across[at]
    risk = (1 - limit.outputs[at]) ** 2
    out = Rows(spec.lr)
    out.add(at, "fluctuation", along, layer="along")
    out.add(at, "fluctuation", across, layer="across")
    out.add(at, "loss", risk)
    out.add(at, "corrected", risk + (along + across) / spec.width)
    for seed in range(spec.n_seeds):
        rng = numpy_stream("init", "bordelon2023", spec.width, seed)
        units = rng.standard_normal((spec.members, spec.width, spec.dimension + 1))
        errors = population_errors(units.swapaxes(1, 2) @ units / spec.width, **said)[at]  # type: ignore[arg-type]
        variances = spec.width * errors.var(axis=1, ddof=1)
        out.add(at, "fluctuation", variances[:, 0], seed=seed, layer="along")
        out.add(at, "fluctuation", variances[:, 1:].sum(1), seed=seed, layer="across")
        out.add(at, "loss", (errors**2).sum(2).mean(1), seed=seed)
    return out


def _add_group(out: Rows, step: int, seed: int, apart: Array, width: int) -> None:
    """Record what a group is apart from the limit, [members, quantities]."""
    for layer, q in zip(LAYERS, apart.T, strict=True):
        out.add(step, "fluctuation", width * q.var(ddof=1), seed=seed, layer=layer)
        out.add(step, "departure", (q**2).mean(), seed=seed, layer=layer)
        out.add(step, "mean_departure", q.mean(), seed=seed, layer=layer)


def lazy_modes(spec: LazyModes, data: None) -> Rows:
    """Return N Var of the errors along the eigenvectors (index, largest eigenvalue first) of the limit's kernel.

    ``fluctuation`` of the layer mode, and of the layer total their sum; theory and groups of nets. ``eigenvalue`` of
    the kernel.
    """
    from infwidth.limits.fluctuations import sampled
    from infwidth.limits.lazy_fluctuations import lazy_fluctuations
    from infwidth.papers.bordelon2023.limits import soft_tanh, two_layer_nets

    rng, scale, at = numpy_stream("subset", "bordelon2023", "lazy"), float(spec.slope_scale), spec.recorded
    x = rng.standard_normal((spec.samples, spec.dimension))
    x *= np.sqrt(spec.dimension) / np.linalg.norm(x, axis=1, keepdims=True)
    kernel, targets = x @ x.T / spec.dimension, rng.choice([-1.0, 1.0], spec.samples)
    units = sampled(kernel, spec.units, "bordelon2023", "lazy")
    said = {"lr": float(spec.lr), "times": np.array(at)}
    limit = lazy_fluctuations(kernel, targets, units, soft_tanh(scale), **said)  # type: ignore[arg-type]
    out = Rows(spec.lr)
    out.add(0, "eigenvalue", limit.eigenvalues)
    places = np.arange(spec.samples)
    for step, variance in zip(at, limit.variance, strict=True):
        out.add(step, "fluctuation", variance, layer="mode", index=places)
        out.add(step, "fluctuation", variance.sum(), layer="total")
    for seed in range(spec.n_seeds):
        nets = two_layer_nets(
            numpy_stream("init", "bordelon2023", spec.width, seed), kernel, targets, scale, gamma0=float(spec.gamma0),
            lr=float(spec.lr), steps=spec.steps, at=at, width=spec.width, nets=spec.members,
        )  # fmt: skip
        for step, (outputs, _) in zip(at, nets, strict=True):
            variance = spec.width * ((targets - outputs) @ limit.eigenvectors).var(axis=0, ddof=1)
            out.add(step, "fluctuation", variance, seed=seed, layer="mode", index=places)
            out.add(step, "fluctuation", variance.sum(), seed=seed, layer="total")
    return out


def deep_linear(spec: DeepLinear, data: None) -> Rows:
    """Return ``order`` and ``fluctuation`` of the error, of H^l (layers feature1, …) and of the tangent kernel."""
    from infwidth.limits.deep_linear_fluctuations import deep_linear_fluctuations
    from infwidth.papers.bordelon2023.limits import deep_linear_nets

    said = {"n_hidden": spec.n_hidden, "gamma0": float(spec.gamma0), "lr": float(spec.lr), "steps": spec.steps}
    limit = deep_linear_fluctuations(1.0, **said)  # type: ignore[arg-type]
    names = ["error", *[f"feature{layer}" for layer in range(1, spec.n_hidden + 1)], "kernel"]
    order = np.vstack([limit.errors, limit.features, limit.kernels])
    variance = np.vstack([limit.error_variance, limit.feature_variance, limit.kernel_variance])
    out = Rows(spec.lr)
    for layer, mean, spread in zip(names, order, variance, strict=True):
        out.add(range(spec.steps + 1), "order", mean, layer=layer)
        out.add(range(spec.steps + 1), "fluctuation", spread, layer=layer)
    for seed in range(spec.n_seeds):
        rng = numpy_stream("init", "bordelon2023", spec.width, seed)
        nets = deep_linear_nets(rng, width=spec.width, nets=spec.members, **said)  # type: ignore[arg-type]
        for step, (errors, features, kernels) in enumerate(nets):
            for layer, q in zip(names, [errors, *features, kernels], strict=True):
                out.add(step, "order", q.mean(), seed=seed, layer=layer)
                out.add(step, "fluctuation", spec.width * q.var(ddof=1), seed=seed, layer=layer)
    return out


def initial_kernels(spec: InitialKernels, data: None) -> Rows:
    """Return ``covariance``, N Cov of Φ^l and Φ^l′, or of G, of one input (index l L + l′), of theory and of groups.

    Theory: V min(l, l′), and for G the same from the last layer, V = 2 for linear nets and 5 for ReLU (Bordelon &
    Pehlevan 2023); ``exact`` at this width: N [(1 + V/N)^min(l, l′) − 1].
    """
    from infwidth.activations import ACTIVATIONS
    from infwidth.papers.bordelon2023.limits import initial_kernels as drawn

    l, V, out = np.arange(spec.n_hidden), 2.0 if spec.activation == "linear" else 5.0, Rows()  # noqa: E741
    up, down = np.minimum.outer(l, l) + 1, spec.n_hidden - np.maximum.outer(l, l)
    for layer, depth in (("features", up), ("gradients", down)):
        out.add(0, "covariance", V * depth, layer=layer)
        out.add(0, "exact", spec.width * ((1 + V / spec.width) ** depth - 1), layer=layer)
    for seed in range(spec.n_seeds):
        rng = numpy_stream("init", "bordelon2023", spec.width, seed)
        found = drawn(rng, ACTIVATIONS[spec.activation], n_hidden=spec.n_hidden, width=spec.width, nets=spec.members)
        for layer, kernels in zip(("features", "gradients"), found, strict=True):
            out.add(0, "covariance", spec.width * np.cov(kernels), seed=seed, layer=layer)
    return out
