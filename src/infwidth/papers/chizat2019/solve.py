"""Two-layer ReLU nets and a teacher of three neurons: over the scale of their start, over their width, and by SGD."""

import math
from typing import TYPE_CHECKING, Literal

import numpy as np

from infwidth.results.rows import Rows
from infwidth.seeding import numpy_stream
from infwidth.specs.block import Count, Nets, Positive, Several, Width
from infwidth.specs.cells import Computation

if TYPE_CHECKING:
    from torch import Tensor

    from infwidth.limits.flat_nets import FlatNets
    from infwidth.limits.gradient_flow import Velocity

Array = np.ndarray

#: Places on its way at which a student's risk is taken.
_LOOKS = 40


class Student(Computation):
    """A teacher of ``n_teacher`` neurons of unit weights and random signs, times ``target_scale``.

    Inputs x are uniform on the unit sphere. The ``n_seeds`` students have ``width`` neurons, ``dimension`` inputs, and
    teachers, examples and weights of their own.
    """

    dimension: Count
    width: Width
    n_teacher: Count
    target_scale: Positive
    n_seeds: Nets


class Flowing(Student):
    """Students that follow the gradient flow of ½ the mean of (f − y)² on ``n_examples``.

    Until this is below ``fitted`` times the mean of ½ y², for ``steps`` steps at most; the flow has ``tolerance`` and
    ``stages``. Weights of both layers start from N(0, τ²), for each of ``scales`` τ.
    """

    n_examples: Count
    scales: Several[Positive]
    fitted: Positive
    tolerance: Positive
    stages: Count
    steps: Count


class Scales(Flowing):
    """f = Σ_j a_j relu(w_j·x), whose neurons start in pairs that cancel: f is 0 there."""

    name: Literal["chizat2019.scales"]


class Widths(Flowing):
    """f = m^(−p) Σ_j a_j relu(w_j·x), m the width, for each ``power`` p; nothing cancels at the start."""

    name: Literal["chizat2019.widths"]
    powers: Several[Positive]


class Circle(Flowing):
    """As ``scales``, in two dimensions: neurons a_j w_j of the first student at ``n_times`` times."""

    name: Literal["chizat2019.circle"]
    n_times: Count


class Population(Student):
    """Students f = (1/m) Σ_j a_j relu(w_j·x) of paired neurons, trained by SGD at each of ``scales`` τ.

    By ``steps`` steps of ``batch_size`` new examples. The rate is ``lr``/τ², ``largest_lr`` at most, times the
    dimension.
    """

    name: Literal["chizat2019.population"]
    scales: Several[Positive]
    batch_size: Count
    lr: Positive
    largest_lr: Positive
    steps: Count


def scales(spec: Scales, data: None) -> Rows:
    """Return the risk of every student (seed) after training, and the least on its way, for every scale τ (layer).

    ``relative_risk`` and ``least_relative_risk`` by the closed form, in units of ½ E y²; ``fitted``, whether it came to
    the end.
    """
    first = np.stack([_paired(spec, τ, seed) for τ in spec.scales for seed in range(spec.n_seeds)])
    return _risk_rows(spec, first, [repr(τ) for τ in spec.scales], power=0.0)


def widths(spec: Widths, data: None) -> Rows:
    """Return the same for every power p (layer)."""
    out = Rows()
    for power in spec.powers:
        drawn = [_draw(spec, seed).standard_normal((spec.width, spec.dimension + 1)) for seed in range(spec.n_seeds)]
        _risk_rows(spec, spec.scales[0] * np.stack(drawn), [repr(power)], power=float(power), out=out)
    return out


def circle(spec: Circle, data: None) -> Rows:
    """Return |a| w of the neurons (index) of the first student at growing steps, for every scale τ (layer).

    In units of τ²: ``neuron_x``, ``neuron_y``, and ``neuron_sign`` of a. Of the teacher: ``teacher_x``, ``teacher_y``,
    ``teacher_sign``.
    """
    out = Rows()
    for τ in spec.scales:
        path = _path(spec, _paired(spec, τ, 0)[None], np.array([0]), power=0.0)[1]
        for step in range(spec.n_times + 1):
            state = path[round(step / spec.n_times * (len(path) - 1))]
            w, a = state[0, :, :-1], state[0, :, -1]
            index, layer = np.arange(len(a)), repr(τ)
            for metric, values in zip(("x", "y"), (np.abs(a)[:, None] * w).T / τ**2, strict=True):
                out.add(step, f"neuron_{metric}", values, layer=layer, seed=0, index=index)
            out.add(step, "neuron_sign", np.sign(a), layer=layer, seed=0, index=index)
    teacher, signs = _teacher(spec, 0)
    for metric, values in zip(("x", "y"), teacher.T, strict=True):
        out.add(0, f"teacher_{metric}", values)
    out.add(0, "teacher_sign", signs)
    return out


def population(spec: Population, data: None) -> Rows:
    """Return the ``relative_risk`` of every student (seed) after SGD, in units of ½ E y², by scale τ (layer)."""
    from infwidth.papers.chizat2019.limits import risk

    d, m, n_scales, seeds = spec.dimension, spec.width, len(spec.scales), range(spec.n_seeds)
    nets = np.stack([[_paired(spec, τ, seed) for seed in seeds] for τ in spec.scales])
    teachers = [_teacher(spec, seed) for seed in seeds]
    rates = d * np.minimum(spec.lr / np.array(spec.scales) ** 2, spec.largest_lr)[:, None, None]
    w, a = nets[..., :-1].copy(), nets[..., -1].copy()
    rngs = [numpy_stream("order", "chizat2019", seed) for seed in seeds]
    for _ in range(spec.steps):
        x = np.stack([_sphere(rng, spec.batch_size, d) for rng in rngs])
        y = np.stack([_targets(spec, *teacher, points) for teacher, points in zip(teachers, x, strict=True)])
        h = x @ w.swapaxes(-1, -2)
        on = np.maximum(h, 0.0)
        errors = ((on @ a[..., None])[..., 0] / m - y) / (spec.batch_size * m)
        step_w = a[..., None] * (((h > 0) * errors[..., None]).swapaxes(-1, -2) @ x)
        a -= rates * (errors[..., None, :] @ on)[..., 0, :]
        w -= rates[..., None] * step_w
    out = Rows()
    for number in range(n_scales):
        found = [
            risk(w[number, seed], a[number, seed] / m, teacher, spec.target_scale * signs) / _power(spec, seed)
            for seed, (teacher, signs) in enumerate(teachers)
        ]
        out.add(spec.steps, "relative_risk", found, layer=repr(spec.scales[number]), seed=np.arange(spec.n_seeds))
    return out


def _risk_rows(spec: Flowing, first: Array, layers: list[str], *, power: float, out: Rows | None = None) -> Rows:
    """Record what becomes of students [layers × seeds, m, d + 1], those of one layer after another."""
    out, seeds = out or Rows(), np.arange(spec.n_seeds)
    fitted, path = _path(spec, first, np.tile(seeds, len(layers)), power=power)
    chosen = path[:: max(1, len(path) // _LOOKS)] + path[-1:]
    risks = np.stack([_risks(spec, state, power) for state in (path[0], *chosen)]).reshape(-1, len(layers), len(seeds))
    for number, layer in enumerate(layers):
        of_layer = risks[:, number]
        for metric, values in (("relative_risk", of_layer[-1]), ("least_relative_risk", of_layer.min(0))):
            out.add(0, metric, values, layer=layer, seed=seeds)
        out.add(0, "fitted", fitted.reshape(len(layers), -1)[number], layer=layer, seed=seeds)
    return out


def _risks(spec: Student, nets: Array, power: float) -> Array:
    """Return the risks of students [A, m, d + 1], those of all seeds again and again, in units of ½ E y²."""
    from infwidth.papers.chizat2019.limits import risk

    found = []
    for number, net in enumerate(nets):
        seed = number % spec.n_seeds
        teacher, signs = _teacher(spec, seed)
        readout = net[:, -1] * spec.width**-power
        found.append(risk(net[:, :-1], readout, teacher, spec.target_scale * signs) / _power(spec, seed))
    return np.array(found)


def _power(spec: Student, seed: int) -> float:
    """Return ½ E y² of a teacher."""
    from infwidth.papers.chizat2019.limits import risk

    teacher, signs = _teacher(spec, seed)
    return float(risk(np.zeros((1, spec.dimension)), np.zeros(1), teacher, spec.target_scale * signs))


def _path(spec: Flowing, first: Array, seeds: Array, *, power: float) -> tuple[Array, list[Array]]:
    """Return which students [A, m, d + 1] came to the end [A], and where all are after every step of the flow."""
    import torch

    from infwidth.limits.gradient_flow import Flow

    shape, x, y = _problem(spec, seeds, power)
    flow = Flow(_flat(first), _descent(shape, x, y), tolerance=float(spec.tolerance), stages=spec.stages)
    aim, path = spec.fitted * (y**2).mean(1), [first]
    for _ in range(spec.steps):
        flow.step()
        flow.running &= (flow.outputs**2).mean(1) > aim
        path.append(_unflat(flow.state.clone(), spec))
        if not flow.running.any():
            break
    return (~flow.running).to(torch.float64).numpy(), path


def _problem(spec: Flowing, seeds: Array, power: float) -> "tuple[FlatNets, Tensor, Tensor]":
    """Return the shape of the students, their inputs [seeds, d, P] and targets [seeds, P]."""
    import torch

    from infwidth.activations import activation_of
    from infwidth.limits.flat_nets import FlatNets

    inputs, targets = [], []
    for seed in seeds.tolist():
        x = _sphere(numpy_stream("evaluation", "chizat2019", seed), spec.n_examples, spec.dimension)
        inputs.append(x.T)
        targets.append(_targets(spec, *_teacher(spec, seed), x))
    shape = FlatNets((spec.dimension, spec.width, 1), (1.0, spec.width**-power), activation_of("relu"))
    return shape, torch.from_numpy(np.stack(inputs)), torch.from_numpy(np.stack(targets))


def _descent(shape: "FlatNets", x: "Tensor", y: "Tensor") -> "Velocity":
    def velocity(state: "Tensor", nets: "Tensor") -> "tuple[Tensor, Tensor]":
        f, passed = shape.forward(state, x[nets])
        errors = f - y[nets]
        return shape.pull(state, passed, -errors / errors.shape[1]), errors

    return velocity


def _flat(nets: Array) -> "Tensor":
    """Return students [seeds, m, d + 1], a row w_j and a_j, as rows of all w, then all a."""
    import torch

    rows = np.concatenate([nets[:, :, :-1].reshape(len(nets), -1), nets[:, :, -1]], axis=1)
    return torch.from_numpy(rows)


def _unflat(state: "Tensor", spec: Student) -> Array:
    rows = state.numpy()
    w = rows[:, : -spec.width].reshape(len(rows), spec.width, spec.dimension)
    return np.concatenate([w, rows[:, -spec.width :, None]], axis=2)


def _draw(spec: Student, seed: int) -> np.random.Generator:
    return numpy_stream("init", "chizat2019", spec.width, seed)


def _paired(spec: Student, τ: float, seed: int) -> Array:
    """Return a student [m, d + 1] whose neurons j and j + m/2 have the same w and opposite a; the same for all τ."""
    half = τ * _draw(spec, seed).standard_normal((math.ceil(spec.width / 2), spec.dimension + 1))
    mirrored = half.copy()
    mirrored[:, -1] *= -1
    return np.concatenate([half, mirrored])[: spec.width]


def _teacher(spec: Student, seed: int) -> tuple[Array, Array]:
    """Return weights [k, d] and signs [k], the same for all widths and scales."""
    rng = numpy_stream("generation", "chizat2019", spec.dimension, seed)
    return _sphere(rng, spec.n_teacher, spec.dimension), rng.choice([-1.0, 1.0], spec.n_teacher)


def _targets(spec: Student, teacher: Array, signs: Array, x: Array) -> Array:
    targets: Array = spec.target_scale * np.maximum(x @ teacher.T, 0.0) @ signs
    return targets


def _sphere(rng: np.random.Generator, n: int, dimension: int) -> Array:
    """Return points [n, d], uniform on the unit sphere."""
    x = rng.standard_normal((n, dimension))
    points: Array = x / np.linalg.norm(x, axis=1, keepdims=True)
    return points
