"""The toy model of features with noise: theory, and draws."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from infwidth.results.rows import Rows
from infwidth.seeding import numpy_stream
from infwidth.specs.block import Count, Depth, Nets, NotNegative, Positive, Says, Several, Width
from infwidth.specs.cells import Computation

if TYPE_CHECKING:
    from infwidth.limits.learning_curves import Task

Dimension = Annotated[int, Field(ge=3, le=1000), Says("must be the dimension of the inputs, from 3 to 1000")]
Degree = Annotated[int, Field(ge=1, le=20), Says("must be a degree of harmonics, from 1 to 20")]

#: Points of a curve of theory.
_CURVE = 80


class NoisyFeatures(Computation):
    """Regression on the features of the infinite net's kernel with noise of variance ``noise``/N λ_k, N in ``widths``.

    Nets of ``n_hidden`` layers on the sphere in ``dimension`` d learn a harmonic of ``degree`` k from P of ``samples``.
    Features learned have the eigenvalue λ (1 + ``gain`` √P) of the target's degree and the noise of others. Draws are
    of ``simulated`` widths, and of Gaussian features up to degree ``k_max``, beyond which the kernel is a ridge.
    """

    name: Literal["atanasov2022.noisy_features"]
    dimension: Dimension
    degree: Degree
    n_hidden: Depth
    samples: Several[Count]
    n_sets: Nets
    noise: Positive
    gain: NotNegative
    k_max: Degree
    widths: Several[Width]
    simulated: Several[Width]
    theory_up_to: Count

    @model_validator(mode="after")
    def _has_what_it_draws(self) -> Self:
        if not set(self.simulated) <= set(self.widths):
            raise ValueError("simulated widths must be among the widths")
        if self.degree > self.k_max:
            raise ValueError(f"k_max {self.k_max} leaves out the target's degree {self.degree}")
        return self


def noisy_features(spec: NoisyFeatures, data: None) -> Rows:
    """Return of theory, with N as the index, ``test_error`` and ``ensemble_error`` at P, the step.

    In the layer "lazy" of features as they are, and in "rich" of those whose target's eigenvalue grows as √P. Of draws
    (seed) the same two, "lazy", of two nets on a data set, exact but for these: errors are sums over modes.
    """
    from infwidth.limits.harmonic_target import harmonic_task
    from infwidth.papers.atanasov2022.limits import noisy_ensemble_error, noisy_error

    signal, out = harmonic_task(spec.dimension, spec.degree, spec.n_hidden), Rows()
    P = np.unique(np.geomspace(min(spec.samples), spec.theory_up_to, _CURVE).round().astype(int))
    grown = 1 + spec.gain * np.sqrt(P)[:, None] * np.eye(len(signal.eigenvalues))[spec.degree]
    for N in spec.widths:
        noise = spec.noise / N * signal.eigenvalues
        out.add(P, "test_error", noisy_error(signal, noise, P), layer="lazy", index=N)
        out.add(P, "ensemble_error", noisy_ensemble_error(signal, noise, P), layer="lazy", index=N)
        tasks = [replace(signal, eigenvalues=signal.eigenvalues * factor) for factor in grown]
        for metric, error in (("test_error", noisy_error), ("ensemble_error", noisy_ensemble_error)):
            values = [error(task, noise, np.array([p]))[0] for task, p in zip(tasks, P, strict=True)]
            out.add(P, metric, values, layer="rich", index=N)
    for seed in range(spec.n_sets):
        for N in spec.simulated:
            _draw(spec, signal, N, seed, out)
    return out


def _draw(spec: NoisyFeatures, signal: "Task", width: int, seed: int, out: Rows) -> None:
    rng = numpy_stream("init", "noisy features", width, seed)
    kept = spec.k_max + 1
    counts = signal.multiplicities[:kept].astype(int)
    λ = np.repeat(signal.eigenvalues[:kept], counts)
    ridge = signal.trace - λ.sum()
    β = np.zeros(len(λ))  # all of the target is in one mode, as good as any of its shell
    mode = counts[: spec.degree].sum()
    β[mode] = 1 / np.sqrt(λ[mode])
    η = spec.noise / width * λ
    most = max(spec.samples)
    φ = rng.standard_normal((most, len(λ)))
    features = [np.sqrt(λ) * φ + np.sqrt(η) * rng.standard_normal(φ.shape) for _ in range(2)]
    for P in spec.samples:
        weights = [z.T @ np.linalg.solve(z @ z.T + ridge * np.eye(P), φ[:P, mode]) for z in (z[:P] for z in features)]
        off = [w - β for w in weights]
        single = [float(λ @ d**2 + η @ w**2) for d, w in zip(off, weights, strict=True)]
        out.add(P, "test_error", np.mean(single), layer="lazy", index=width, seed=seed)
        out.add(P, "ensemble_error", λ @ (off[0] * off[1]), layer="lazy", index=width, seed=seed)
