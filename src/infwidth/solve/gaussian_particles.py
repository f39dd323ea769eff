"""Two Gaussian classes told apart by two-layer nets: one-pass SGD on N units beside their mean-field limit."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from infwidth.results.rows import Rows
from infwidth.seeding import numpy_stream
from infwidth.specs.block import LARGEST, Count, Positive, Says, Width
from infwidth.specs.cells import Computation

if TYPE_CHECKING:
    from infwidth.limits.gaussian_particles import Ramps

Array = np.ndarray

_RECORDS, _TEST_SIZE = 20, 1000


class Spec(Computation):
    """Nets of ``width`` units (infwidth.limits.gaussian_particles) up to time ``horizon``; the time is step times lr.

    Of the ``dimension`` d of the inputs the first ``informative`` coordinates have standard deviation 1 ± Δ by class,
    Δ = ``separation``, the others one. Units start as N(0, ``initial_scale``²/d I). SGD takes ``batch_size`` new
    examples a step; the limit, of ``n_points`` pairs of radii, has steps of ``dt``.
    """

    name: Literal["gaussian_particles"]
    activation: Literal["ramp", "dip"]
    dimension: Annotated[int, Field(ge=3, le=LARGEST), Says("must be the dimension of the inputs, at least 3")]
    informative: Count
    separation: Annotated[int | float, Field(gt=0, lt=1), Says("must be Δ, between 0 and 1")]
    initial_scale: Positive
    horizon: Positive
    n_points: Count
    width: Width
    lr: Positive
    dt: Positive
    batch_size: Count
    n_seeds: Count

    @model_validator(mode="after")
    def _meets_the_limit(self) -> Self:
        if self.informative > self.dimension:
            raise ValueError(f"informative {self.informative} must be at most the dimension {self.dimension}")
        if abs(self.every * self.lr / self.dt - 1) > 1e-9:
            raise ValueError(f"dt {self.dt} must be a multiple of lr {self.lr}")
        return self

    @property
    def every(self) -> int:
        """Steps of SGD in one of the limit."""
        return round(self.dt / self.lr)

    @property
    def sizes(self) -> tuple[int, ...]:
        """The numbers of coordinates of each part: informative ones and, if there are any, others."""
        others = self.dimension - self.informative
        return (self.informative, others) if others else (self.informative,)


def rows(spec: Spec, data: None) -> Rows:
    """Return what SGD makes of nets of ``width`` units, beside the limit: that of high dimension, or,
    where all coordinates are informative, of their dimension.

    At times that are dense at the start: ``risk`` of every net (seed) on fresh points and ``limit_risk``; mean
    ``radius`` over units of each part (layer "1", informative, and "2") of every net and of the limit. If all
    coordinates are informative also ``least_risk`` of any net and ``one_radius_risk``. Examples of a seed are
    the same for all widths, separations and initial scales, up to their variance.
    """
    from infwidth.limits.gaussian_particles import ACTIVATIONS, Inputs, flow, initial_radii, least_risks

    σ = ACTIVATIONS[spec.activation]
    n_times, sizes = round(spec.horizon / spec.dt), spec.sizes
    inputs = Inputs.of(spec.separation, spec.dimension, spec.informative)
    start = initial_radii(spec.initial_scale, sizes, spec.dimension, spec.n_points)
    radii, risks = flow(start, inputs, σ, dt=spec.dt, steps=n_times)
    recorded = sorted({round((k / _RECORDS) ** 2 * n_times) for k in range(_RECORDS + 1)})
    at = np.array(recorded) * spec.every
    out = Rows(spec.lr)
    out.add(at, "limit_risk", risks[recorded])
    for part in range(len(sizes)):
        out.add(at, "radius", radii[recorded, :, part].mean(1), layer=str(part + 1))
    if len(sizes) == 1:
        for metric, risk in zip(("least_risk", "one_radius_risk"), least_risks(inputs, σ), strict=True):
            out.add(0, metric, risk)
    x, y = _examples(numpy_stream("evaluation", "gaussian particles"), _TEST_SIZE, spec)
    for step, θ in enumerate(_sgd(spec, σ, n_times * spec.every)):
        if step % spec.every or step // spec.every not in recorded:
            continue
        for seed, net in enumerate(θ):
            out.add(step, "risk", ((y - σ.value(x @ net.T).mean(1)) ** 2).mean(), seed=seed)
        for part, of in enumerate(np.split(θ, np.cumsum(sizes)[:-1], axis=2)):
            out.add(step, "radius", np.linalg.norm(of, axis=2).mean(1), layer=str(part + 1), seed=range(spec.n_seeds))
    return out


def _examples(rng: np.random.Generator, n: int, spec: Spec) -> tuple[Array, Array]:
    """Return inputs [n, d] and their labels."""
    y = rng.choice([-1.0, 1.0], n)
    x = rng.standard_normal((n, spec.dimension))
    x[:, : spec.informative] *= (1 + spec.separation * y)[:, None]
    return x, y


def _sgd(spec: Spec, σ: "Ramps", steps: int) -> Iterator[Array]:
    """Yield the weights [seeds, width, d] before training and after every step; one array, changed in place."""
    width, d, seeds = spec.width, spec.dimension, range(spec.n_seeds)
    rngs = [numpy_stream("order", "gaussian particles", seed) for seed in seeds]
    draws = [numpy_stream("init", "gaussian particles", width, seed).standard_normal((width, d)) for seed in seeds]
    θ = spec.initial_scale / np.sqrt(d) * np.stack(draws)
    for _ in range(steps):
        yield θ
        x, y = (np.stack(z) for z in zip(*(_examples(rng, spec.batch_size, spec) for rng in rngs), strict=True))
        z = θ @ x.swapaxes(1, 2)
        errors = y - σ.value(z).mean(1)
        θ += (σ.slope(z) * (2 * spec.lr / spec.batch_size * errors)[:, None, :]) @ x
    yield θ
