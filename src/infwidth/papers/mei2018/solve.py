"""The mean-field limit of two isotropic Gaussians told apart, and SGD on nets of finitely many units beside it."""

from collections.abc import Iterator
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from infwidth.results.rows import Rows
from infwidth.seeding import numpy_stream
from infwidth.specs.block import LARGEST, Count, NotNegative, Positive, Says, Several, Width
from infwidth.specs.cells import Computation

Array = np.ndarray

_RECORDS, _BINS, _TEST_SIZE = 20, 40, 2000


class Gaussians(Computation):
    """The problem (infwidth.papers.mei2018.limits) and its integration up to ``horizon``; the time is step times lr.

    ``dimension`` d of the inputs; ``separation`` Δ: the classes have standard deviations 1 + Δ and 1 − Δ;
    ``initial_scale``: units start as N(0, scale²/d I); ``n_quantiles`` of the radii stand for their distribution.
    """

    dimension: Annotated[int, Field(ge=3, le=LARGEST), Says("must be the dimension of the inputs, at least 3")]
    separation: Annotated[int | float, Field(gt=0, lt=1), Says("must be Δ, between 0 and 1")]
    initial_scale: Positive
    horizon: Positive
    n_quantiles: Count
    lr: Positive


class RadialLimit(Gaussians):
    """The limit alone, integrated with steps of ``lr``."""

    name: Literal["mei2018.radial_limit"]


class Particles(Gaussians):
    """Nets of ``width`` units trained by SGD, ``batch_size`` new examples a step; the limit has steps of ``dt``."""

    name: Literal["mei2018.particles"]
    width: Width
    dt: Positive
    batch_size: Count
    n_seeds: Count
    show: Several[NotNegative]

    @model_validator(mode="after")
    def _meets_the_limit(self) -> Self:
        if abs(self.every * self.lr / self.dt - 1) > 1e-9:
            raise ValueError(f"dt {self.dt} must be a multiple of lr {self.lr}")
        return self

    @property
    def every(self) -> int:
        """Steps of SGD in one of the limit."""
        return round(self.dt / self.lr)


def radial_limit(spec: RadialLimit, data: None) -> Rows:
    """Return the risk in the limit N → ∞, at every step of its integration.

    ``risk``, exact for dimension d, and ``reduced_risk``, with the drift of d → ∞ from the same initial radii.
    """
    from infwidth.papers.mei2018.limits import flow, initial_radii, input_nodes

    d, steps = spec.dimension, round(spec.horizon / spec.lr)
    radii = initial_radii(spec.initial_scale, d, spec.n_quantiles)
    out = Rows(spec.lr)
    for metric, of in (("risk", d), ("reduced_risk", None)):
        risk = flow(radii, input_nodes(spec.separation, of), of, dt=spec.lr, steps=steps)[1]
        out.add(range(steps + 1), metric, risk)
    return out


def particles(spec: Particles, data: None) -> Rows:
    """Return what SGD makes of nets of ``width`` units, beside the limit of their dimension.

    At times that are dense at the start: ``risk`` of every net (seed) on fresh points, ``limit_risk`` on these, and
    ``distance``, the root mean square there of the difference of the two functions. At the times ``show``: ``density``
    of the radii of all nets together and ``limit_density``, in bins (index) with centres ``bin_centre``, as far as the
    limit's radii go at the time. At the end ``wasserstein``, the distance of a net's radii from the limit's. Each net
    has its own initial weights; examples are those of its seed, the same for all widths.
    """
    from infwidth.papers.mei2018.limits import PLATEAUS, flow, function_of, initial_radii, input_nodes, levels

    d, n_times, seeds = spec.dimension, round(spec.horizon / spec.dt), range(spec.n_seeds)
    start = initial_radii(spec.initial_scale, d, spec.n_quantiles)
    radii = flow(start, input_nodes(spec.separation, d), d, dt=spec.dt, steps=n_times)[0]
    x, y = _examples(numpy_stream("evaluation", "mei2018"), _TEST_SIZE, d, spec.separation)
    s = np.sqrt((x**2).sum(1) / d)
    shown = {round(t / spec.dt) for t in spec.show}
    recorded = {round((k / _RECORDS) ** 2 * n_times) for k in range(_RECORDS + 1)}
    out = Rows(spec.lr)
    for step, θ in enumerate(_sgd(spec, n_times * spec.every)):
        time, rest = divmod(step, spec.every)
        if rest:
            continue
        r = radii[time]
        if time in recorded:
            f = function_of(r, s, d)
            nets = np.stack([PLATEAUS.value(x @ net.T).mean(1) for net in θ])
            out.add(step, "limit_risk", ((y - f) ** 2).mean())
            for seed, net in enumerate(nets):
                out.add(step, "risk", ((y - net) ** 2).mean(), seed=seed)
                out.add(step, "distance", np.sqrt(((net - f) ** 2).mean()), seed=seed)
        if time in shown:
            edges = _edges(r)
            of_limit = np.diff(np.interp(edges, r, levels(len(r)), left=0, right=1)) / np.diff(edges)
            counts = np.histogram(np.linalg.norm(θ, axis=2), edges)[0]
            out.add(step, "bin_centre", (edges[1:] + edges[:-1]) / 2, of="ensemble")
            out.add(step, "density", counts / (spec.n_seeds * spec.width * np.diff(edges)), of="ensemble")
            out.add(step, "limit_density", of_limit)
        if time == n_times:
            quantiles = np.interp(levels(spec.width), levels(len(r)), r)
            apart = np.abs(np.sort(np.linalg.norm(θ, axis=2), axis=1) - quantiles).mean(1)
            out.add(step, "wasserstein", apart, seed=seeds)
    return out


def _edges(radii: Array) -> Array:
    """Return the edges of bins that hold these radii, with some room to both sides."""
    room = 0.15 * (radii.max() - radii.min())
    return np.linspace(max(radii.min() - room, 0.0), radii.max() + room, _BINS + 1)


def _examples(rng: np.random.Generator, n: int, dimension: int, separation: float) -> tuple[Array, Array]:
    """Return inputs [n, d] and their labels."""
    y = rng.choice([-1.0, 1.0], n)
    return (1 + separation * y)[:, None] * rng.standard_normal((n, dimension)), y


def _sgd(spec: Particles, steps: int) -> Iterator[Array]:
    """Yield the weights [seeds, width, d] before training and after every step; one array, changed in place."""
    from infwidth.papers.mei2018.limits import PLATEAUS, SLOPE

    width, d, batch, seeds = spec.width, spec.dimension, spec.batch_size, range(spec.n_seeds)
    rngs = [numpy_stream("order", "mei2018", seed) for seed in seeds]
    draws = [numpy_stream("init", "mei2018", width, seed).standard_normal((width, d)) for seed in seeds]
    θ = spec.initial_scale / np.sqrt(d) * np.stack(draws)
    for _ in range(steps):
        yield θ
        x, y = (np.stack(z) for z in zip(*(_examples(r, batch, d, spec.separation) for r in rngs), strict=True))
        z = θ @ x.swapaxes(1, 2)
        errors = y - PLATEAUS.value(z).mean(1)
        between = PLATEAUS.slope(z) > 0
        θ += (between * (2 * spec.lr * SLOPE / batch * errors)[:, None, :]) @ x
    yield θ
