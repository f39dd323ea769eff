"""Two-layer nets of one width on growing parts of a data set, in the NTK and the maximal update parametrization."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from infwidth.results.rows import Rows
from infwidth.seeding import numpy_stream
from infwidth.specs.block import LARGEST, Count, Nets, Positive, Says, Several, Width
from infwidth.specs.cells import Computation

Array = np.ndarray

_TEST_SIZE, _EVALUATIONS, _MOMENTUM = 2000, 20, 0.9


class WidthLaw(Computation):
    """Nets f = √(2/N) Σ a_j relu(w_j·x/√d) / γ, N = ``width``, that learn a random net of ``n_teacher`` units.

    γ is 1 for ``rule`` "ntk" and √(N/``base_width``) for "mup"; rates are ``lr`` γ². All of a data set of D examples, D
    in ``samples``, is a batch, for ``steps`` steps with momentum. Targets have mean zero and variance one.
    """

    name: Literal["kaplan2020.width_law"]
    rule: Literal["ntk", "mup"]
    width: Width
    base_width: Count
    dimension: Annotated[int, Field(ge=1, le=LARGEST), Says("must be the dimension of the inputs")]
    n_teacher: Count
    samples: Several[Count]
    lr: Positive
    steps: Count
    n_seeds: Nets


def width_law(spec: WidthLaw, data: None) -> Rows:
    """Return ``test_loss``, ½ mean (f − y)², the least at any evaluation, by D (index), of every net (seed).

    And ``train_loss`` at the end. Teachers, examples (of smaller D the first ones) and, but for γ, initial weights of a
    seed are the same for both rules.
    """
    import torch

    d, seeds = spec.dimension, range(spec.n_seeds)
    tasks = [_task(spec, seed) for seed in seeds]
    x, y, y_test = (torch.from_numpy(np.stack(parts)) for parts in zip(*tasks, strict=True))
    x_test = torch.from_numpy(_test_inputs(d))
    γ = 1.0 if spec.rule == "ntk" else (spec.width / spec.base_width) ** 0.5
    scale, rate, out = (2 / spec.width) ** 0.5 / γ, spec.lr * γ**2, Rows(spec.lr)
    for examples in spec.samples:
        w, a = (torch.from_numpy(np.stack(part)) for part in zip(*(_weights(spec, s) for s in seeds), strict=True))
        at, labels = x[:, :examples], y[:, :examples]
        velocity_w, velocity_a = torch.zeros_like(w), torch.zeros_like(a)
        least = torch.full((spec.n_seeds,), torch.inf)
        every = max(1, spec.steps // _EVALUATIONS)
        for step in range(1, spec.steps + 1):
            φ = (w @ at.mT).relu()
            errors = (scale * (a * φ).sum(1) - labels)[:, None]
            pushes = scale * rate / examples * errors
            velocity_a = _MOMENTUM * velocity_a - φ @ pushes.mT
            velocity_w = _MOMENTUM * velocity_w - ((φ > 0) * (a * pushes)) @ at / d
            w, a = w + velocity_w, a + velocity_a
            if step % every == 0:
                found = scale * (a * (w @ x_test.T).relu()).sum(1)
                least = torch.minimum(least, (found - y_test).square().mean(1) / 2)
        out.add(spec.steps, "test_loss", least.double().numpy(), index=examples, seed=seeds)
        out.add(
            spec.steps, "train_loss", errors[:, 0].square().mean(1).double().numpy() / 2, index=examples, seed=seeds
        )
    return out


def _test_inputs(d: int) -> Array:
    return numpy_stream("evaluation", "width law", d).standard_normal((_TEST_SIZE, d), dtype=np.float32)


def _task(spec: WidthLaw, seed: int) -> tuple[Array, Array, Array]:
    """Return inputs [D, d] and targets [D] for the largest D, and targets of the test inputs."""
    d = spec.dimension
    rng = numpy_stream("order", "width law", d, seed)
    units = rng.standard_normal((spec.n_teacher, d), dtype=np.float32) / d**0.5
    readout = rng.standard_normal(spec.n_teacher, dtype=np.float32)
    x = rng.standard_normal((max(spec.samples), d), dtype=np.float32)
    y, y_test = (np.maximum(at @ units.T, 0) @ readout for at in (x, _test_inputs(d)))
    mean, size = y_test.mean(), y_test.std()
    return x, (y - mean) / size, (y_test - mean) / size


def _weights(spec: WidthLaw, seed: int) -> tuple[Array, Array]:
    """Return w/√d [N, d] and a [N, 1] before training; with them the rate of w is divided by d."""
    drawn = numpy_stream("init", "width law", spec.width, seed).standard_normal(
        (spec.width, spec.dimension + 1), dtype=np.float32
    )
    return drawn[:, 1:] / np.float32(spec.dimension**0.5), drawn[:, :1]
