"""Sparse regression with diagonal nets: solutions of gradient flow from initial weights of any scale, exactly."""

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from infwidth.results.rows import Rows
from infwidth.seeding import numpy_stream
from infwidth.specs import data as blocks
from infwidth.specs.block import Count, Depth, Nets, NotNegative, Positive, Says, Several, Width
from infwidth.specs.cells import Computation

if TYPE_CHECKING:
    from torch import Tensor

Array = np.ndarray

Layers = Annotated[int, Field(ge=2, le=64), Says("must be a depth D, from 2 to 64")]

#: Ratios β/α^D at which q_D is given, and the label of rows of the two limits: interpolators of least norm.
_RATIOS = np.geomspace(1e-2, 1e4, 61)
LEAST_L1, LEAST_L2 = "l1", "l2"
#: The layer of rows of infinite width.
INFINITE = "infinite"

#: Steps after which a completion that has not ended is an error.
_MOST = 100_000


class Sparse(Computation):
    """Labels <β*, x> + noise of N examples x ~ N(0, I_d), d = ``dimension``, for every N in ``samples``.

    β* has ``nonzeros`` equal entries and norm one, the noise variance ``noise``. Diagonal nets of ``depths`` D start
    from ``n_scales`` scales α from ``largest_scale`` down to ``smallest_scale``, evenly on a logarithmic axis.
    """

    dimension: Count
    samples: Several[Count]
    nonzeros: Count
    noise: NotNegative
    depths: Several[Layers]
    smallest_scale: Positive
    largest_scale: Positive
    n_scales: Annotated[int, Field(ge=2), Says("must be a number of scales, at least two")]
    n_seeds: Nets

    @model_validator(mode="after")
    def _has_more_entries_than_examples(self) -> Self:
        if max(*self.samples, self.nonzeros) >= self.dimension:
            raise ValueError(f"samples and nonzeros must be below the dimension {self.dimension}")
        if self.smallest_scale >= self.largest_scale:
            raise ValueError(f"smallest_scale {self.smallest_scale} must be below largest_scale {self.largest_scale}")
        return self

    @property
    def scales(self) -> Array:
        """The scales α, ascending."""
        return np.geomspace(self.smallest_scale, self.largest_scale, self.n_scales)

    def draw(self, seed: int) -> tuple[Array, Array, Array]:
        """Return β* [d], and inputs [N, d] and labels [N] for the largest N; fewer examples are the first of them.

        Inputs and noise of a seed are the same for all β*.
        """
        target = np.zeros(self.dimension)
        target[: self.nonzeros] = self.nonzeros**-0.5
        rng = numpy_stream("init", "woodworth2020", self.dimension, seed)
        x = rng.standard_normal((max(self.samples), self.dimension))
        noise = numpy_stream("order", "woodworth2020", seed).standard_normal(len(x))
        return target, x, x @ target + self.noise**0.5 * noise


class Diagonal(Sparse):
    """Solutions beside both limits."""

    name: Literal["woodworth2020.diagonal"]


class Complexity(Sparse):
    """Errors alone, for many N."""

    name: Literal["woodworth2020.complexity"]


class Completion(Computation):
    """Completion of d × d matrices by U Vᵀ, d × k: d = ``dimension``, k in ``widths``, and k → ∞.

    M* has ``rank`` and spectral norm one; ``known`` entries of it are given. Entries of U and V start with variance
    σ² = μ²/k; ``n_scales`` values of μ = σ √k from ``smallest_scale`` to ``largest_scale``. Training ends when
    residuals are ``tolerance`` of the known entries.
    """

    name: Literal["woodworth2020.completion"]
    dimension: Count
    rank: Count
    known: Count
    widths: Several[Count]
    smallest_scale: Positive
    largest_scale: Positive
    n_scales: Annotated[int, Field(ge=2), Says("must be a number of scales, at least two")]
    tolerance: Positive
    n_seeds: Nets

    @model_validator(mode="after")
    def _can_be_completed(self) -> Self:
        if self.known >= self.dimension**2 or self.rank > self.dimension:
            raise ValueError(f"known must be below the entries, and rank at most {self.dimension}")
        if min(self.widths) < 2 * self.dimension:
            raise ValueError(
                f"widths must be {2 * self.dimension} at least, twice the dimension: narrower U Vᵀ is stiff"
            )
        if self.smallest_scale >= self.largest_scale:
            raise ValueError(f"smallest_scale {self.smallest_scale} must be below largest_scale {self.largest_scale}")
        return self

    @property
    def scales(self) -> Array:
        """The scales μ, ascending."""
        return np.geomspace(self.smallest_scale, self.largest_scale, self.n_scales)

    def draw(self, seed: int) -> tuple[Array, Array]:
        """Return M* [d, d] and what is known of it [d, d], one or zero."""
        rng, d = numpy_stream("init", "woodworth2020 completion", seed), self.dimension
        target = rng.standard_normal((d, self.rank)) @ rng.standard_normal((self.rank, d))
        known = np.zeros(d * d)
        known[rng.permutation(d * d)[: self.known]] = 1.0
        return target / np.linalg.norm(target, 2), known.reshape(d, d)


class Homogeneous(Computation):
    """ReLU nets without biases, ``n_hidden`` layers of ``width`` units, from α times weights of order one.

    α takes ``scales``. Nets less their initial outputs learn by gradient descent in small steps, until residuals are
    ``tolerance`` of the labels, or for ``steps``.
    """

    width: Width
    n_hidden: Depth
    scales: Several[Positive]
    tolerance: Positive
    steps: Count
    n_seeds: Nets


class Circle(Homogeneous):
    """Labels of ``n_examples`` random points of the circle by a net of ``n_teacher`` units, seen at ``n_angles``."""

    name: Literal["woodworth2020.circle"]
    n_examples: Count
    n_teacher: Count
    n_angles: Count


class Digits(Homogeneous):
    """Odd and even classes of images told apart."""

    name: Literal["woodworth2020.digits"]
    takes: ClassVar = (blocks.Images,)


def diagonal(spec: Diagonal, data: None) -> Rows:
    """Return what gradient flow finds from every scale α, ``start_scale`` (index); the step is N, the layer D.

    Of every draw (seed): ``excess_risk`` ‖β − β*‖², ``absolute_sum`` and ``euclidean_norm``, ``lazy_distance`` and
    ``rich_distance`` (from the interpolators of least ℓ2 and ℓ1 norm, relative to their size); of those interpolators
    too, with layer "l2" or "l1" and no index. Of each depth alone: ``penalty`` q_D at ``penalty_ratio`` β/α^D (index),
    and ``penalty_of_sparse`` (index of the scale), Q of a unit vector along an axis over that along the diagonal.
    """
    from infwidth.limits.diagonal_nets import least_l1, least_l2, penalty

    out = _with_scales(spec)
    out.add(0, "penalty_ratio", _RATIOS)
    for depth in spec.depths:
        out.add(0, "penalty", penalty(_RATIOS, depth), layer=str(depth))
        per_entry, d = spec.scales ** -float(depth), spec.dimension
        ratio = penalty(per_entry, depth) / (d * penalty(per_entry / np.sqrt(d), depth))
        out.add(0, "penalty_of_sparse", ratio, layer=str(depth))
    for seed in range(spec.n_seeds):
        target, x, y = spec.draw(seed)
        for n in spec.samples:
            limits = {LEAST_L1: least_l1(x[:n], y[:n]), LEAST_L2: least_l2(x[:n], y[:n])}
            found = {name: β[None] for name, β in limits.items()} | {
                str(depth): _solutions(spec, x[:n], y[:n], depth) for depth in spec.depths
            }
            for layer, β in found.items():
                index = -1 if layer in limits else _kept(spec, int(layer))
                out.add(n, "excess_risk", ((β - target) ** 2).sum(1), layer=layer, index=index, seed=seed)
                out.add(n, "absolute_sum", np.abs(β).sum(1), layer=layer, index=index, seed=seed)
                out.add(n, "euclidean_norm", np.linalg.norm(β, axis=1), layer=layer, index=index, seed=seed)
                for metric, limit in (("rich_distance", LEAST_L1), ("lazy_distance", LEAST_L2)):
                    apart = np.linalg.norm(β - limits[limit], axis=1) / np.linalg.norm(limits[limit])
                    out.add(n, metric, apart, layer=layer, index=index, seed=seed)
    return out


def complexity(spec: Complexity, data: None) -> Rows:
    """Return ``excess_risk`` of every draw (seed), N (step), depth (layer) and scale ``start_scale`` (index)."""
    out = _with_scales(spec)
    for seed in range(spec.n_seeds):
        target, x, y = spec.draw(seed)
        for n in spec.samples:
            for depth in spec.depths:
                β, index = _solutions(spec, x[:n], y[:n], depth), _kept(spec, depth)
                out.add(n, "excess_risk", ((β - target) ** 2).sum(1), layer=str(depth), index=index, seed=seed)
    return out


def completion(spec: Completion, data: None) -> Rows:
    """Return what gradient flow completes a matrix (seed) to, at every scale μ, ``start_scale`` (index).

    By width (layer, also "infinite"): ``nuclear_norm``, ``lazy_distance`` from the completion of least Frobenius norm
    over its size, and ``limit_distance``, the root mean square over entries of the difference from what k → ∞ gives.
    Of the completions of least norm (layers "nuclear" and "frobenius", no index) ``nuclear_norm``, and of the former
    ``duality_gap``.
    """
    from infwidth.limits.factorized_matrices import completed, initial, least_nuclear

    out, d, squares = Rows(), spec.dimension, spec.scales**2
    out.add(0, "start_scale", spec.scales)
    index = np.arange(len(squares))
    for seed in range(spec.n_seeds):
        target, known = spec.draw(seed)
        least, zeros = least_nuclear(target, known), known * target
        out.add(0, "nuclear_norm", np.linalg.norm(least.matrix, "nuc"), layer="nuclear", seed=seed)
        out.add(0, "duality_gap", least.gap, layer="nuclear", seed=seed)
        out.add(0, "nuclear_norm", np.linalg.norm(zeros, "nuc"), layer="frobenius", seed=seed)
        starts = [np.eye(2 * d)]
        starts += [
            initial(numpy_stream("init", "woodworth2020 factors", width, seed), d, width) for width in spec.widths
        ]
        z = np.concatenate([squares[:, None, None] * start for start in starts])
        many = (len(z), 1, 1)
        found = completed(z, np.tile(target, many), np.tile(known, many), tolerance=spec.tolerance, most=_MOST)
        limit, *of_widths = np.split(found, len(starts))
        for layer, matrices in zip((INFINITE, *map(str, spec.widths)), (limit, *of_widths), strict=True):
            apart = np.linalg.norm(matrices - zeros, axis=(1, 2)) / np.linalg.norm(zeros)
            rms = np.linalg.norm(matrices - limit, axis=(1, 2)) / d
            out.add(0, "nuclear_norm", np.linalg.norm(matrices, "nuc", (1, 2)), layer=layer, index=index, seed=seed)
            out.add(0, "lazy_distance", apart, layer=layer, index=index, seed=seed)
            if layer != INFINITE:
                out.add(0, "limit_distance", rms, layer=layer, index=index, seed=seed)
    return out


def circle(spec: Circle, data: None) -> Rows:
    """Return errors of nets (seed: of points, teacher and weights) at every α, ``start_scale`` (index).

    ``test_error`` over the circle and ``train_error``, both over the power of the target there. Of the first seed, for
    drawing, ``target`` and, at the place of α (step), ``output`` at every ``angle`` (index); ``label`` at every
    ``example_angle`` (index).
    """
    import torch

    from infwidth.limits.homogeneous_flow import initial, outputs, trained

    γ = 2 * np.pi * np.arange(spec.n_angles) / spec.n_angles - np.pi
    tasks = [_circle_task(spec, seed, γ) for seed in range(spec.n_seeds)]
    angles, labels, targets = (np.stack(parts) for parts in zip(*tasks, strict=True))
    n = len(spec.scales)
    rngs = [numpy_stream("init", "woodworth2020 circle", spec.width, seed) for seed in range(spec.n_seeds)]
    weights = _scaled(initial(rngs, 2, spec.width, spec.n_hidden), spec.scales)
    x = torch.from_numpy(np.stack([np.cos(angles), np.sin(angles)], 1)).repeat(n, 1, 1)
    around = torch.from_numpy(np.stack([np.cos(γ), np.sin(γ)]))
    y = torch.from_numpy(labels).repeat(n, 1)
    final = trained(weights, x, y, tolerance=spec.tolerance, most=spec.steps)
    found, at_examples = (
        (outputs(final, at) - outputs(weights, at)).numpy().reshape(n, spec.n_seeds, -1) for at in (around, x)
    )
    out = Rows()
    out.add(0, "start_scale", spec.scales)
    out.add(0, "angle", γ)
    out.add(0, "example_angle", angles[0])
    out.add(0, "label", labels[0])
    out.add(0, "target", targets[0])
    for place in range(n):
        out.add(place, "output", found[place, 0], seed=0)
    places, seeds = np.arange(n)[:, None], np.arange(spec.n_seeds)
    power = (targets**2).mean(1)
    out.add(0, "test_error", ((found - targets) ** 2).mean(2) / power, index=places, seed=seeds)
    out.add(0, "train_error", ((at_examples - labels) ** 2).mean(2) / power, index=places, seed=seeds)
    return out


def _circle_task(spec: Circle, seed: int, γ: Array) -> tuple[Array, Array, Array]:
    """Return the angles and labels [P] of the examples, and the target at angles γ."""
    rng = numpy_stream("order", "woodworth2020 circle", seed)
    units, signs = rng.uniform(-np.pi, np.pi, spec.n_teacher), rng.choice([-1.0, 1.0], spec.n_teacher)
    angles = rng.uniform(-np.pi, np.pi, spec.n_examples)

    def teacher(at: Array) -> Array:
        return np.asarray(signs @ np.maximum(np.cos(at - units[:, None]), 0.0))

    return angles, teacher(angles), teacher(γ)


def digits(spec: Digits, data: Any) -> Rows:
    """Return errors of nets (seed: of weights) at every α, ``start_scale`` (index).

    ``test_error`` and ``train_error``, mean squares from labels ±1, and ``test_accuracy``, the share of right signs.
    """
    import torch

    from infwidth.limits.homogeneous_flow import initial, outputs, trained

    n = len(spec.scales)
    sets = []
    for images, classes in ((data.x_train, data.y_train), (data.x_test, data.y_test)):
        flat = images.flatten(1)
        sets.append((flat.T / flat.norm(dim=1) * flat.shape[1] ** 0.5, 1.0 - 2.0 * (classes % 2)))
    (x, y), (x_test, y_test) = sets
    rngs = [numpy_stream("init", "woodworth2020 digits", spec.width, seed) for seed in range(spec.n_seeds)]
    weights = [w.to(x) for w in _scaled(initial(rngs, len(x), spec.width, spec.n_hidden), spec.scales)]
    many = len(weights[0])
    final = trained(
        weights, x.expand(many, -1, -1), y.expand(many, -1).to(x), tolerance=spec.tolerance, most=spec.steps
    )
    out, places, seeds = Rows(), np.arange(n)[:, None], np.arange(spec.n_seeds)
    out.add(0, "start_scale", spec.scales)
    for at, labels, metric in ((x, y, "train_error"), (x_test, y_test, "test_error")):
        found = torch.unflatten(outputs(final, at) - outputs(weights, at), 0, (n, spec.n_seeds))
        out.add(0, metric, (found - labels).square().mean(2).double().numpy(), index=places, seed=seeds)
    right = (found * labels > 0).double().mean(2).numpy()
    out.add(0, "test_accuracy", right, index=places, seed=seeds)
    return out


def _scaled(weights: "list[Tensor]", scales: tuple[float, ...]) -> "list[Tensor]":
    """Return the weights times every scale, [scales × S, …]."""
    import torch

    return [torch.cat([scale * w for scale in scales]) for w in weights]


def _with_scales(spec: Sparse) -> Rows:
    out = Rows()
    out.add(0, "start_scale", spec.scales)
    return out


def _kept(spec: Sparse, depth: int) -> Array:
    """Return the places of the scales that rounding allows at this depth; far below, the limit is reached."""
    from infwidth.limits.diagonal_nets import SMALLEST

    return np.flatnonzero(spec.scales ** (depth - 2.0) >= SMALLEST)


def _solutions(spec: Sparse, x: Array, y: Array, depth: int) -> Array:
    """Return β [scales, d] of the scales that are kept."""
    from infwidth.limits.diagonal_nets import interpolators

    return interpolators(x, y, spec.scales[_kept(spec, depth)], depth)
