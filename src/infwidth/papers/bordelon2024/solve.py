"""The solvable model of scaling laws: gradient flow on random features of power laws, theory beside drawn nets."""

from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from pydantic import model_validator

from infwidth.results.rows import Rows
from infwidth.seeding import numpy_stream
from infwidth.specs.block import Count, Nets, NotNegative, Positive, Several, Width, unsaid
from infwidth.specs.cells import Computation

if TYPE_CHECKING:
    from infwidth.limits.deterministic_equivalents import Modes

Array = np.ndarray

#: Times at which theory is drawn between those of the nets.
_CURVE = 40
#: Theory's errors, as fields of :class:`infwidth.limits.flow_equivalents.FlowErrors`.
PIECES = ("bias", "var_features", "var_data", "var_data_features", "var_noise", "var_noise_features")


class PowerLaws(Computation):
    """Features of ``n_modes`` kernel modes with eigenvalues k^-b and power of the task k^-a.

    ``spectrum_exponent`` is b, ``power_exponent`` a > 1.
    """

    spectrum_exponent: Positive
    power_exponent: Positive
    n_modes: Count

    @model_validator(mode="after")
    def _has_finite_power(self) -> Self:
        if self.power_exponent <= 1:
            raise ValueError(f"power_exponent {self.power_exponent} must be above 1, that the task has finite power")
        return self


class Flow(PowerLaws):
    """Gradient flow of nets with ``width`` N random features on ``samples`` P examples, each infinite if not said.

    Labels have ``noise`` σ². Ensembles are of ``members`` nets on the same data.
    """

    name: Literal["bordelon2024.flow"]
    width: Width | None = unsaid()
    samples: Count | None = unsaid()
    noise: NotNegative
    members: Count
    times: Several[Count]
    n_seeds: Nets


class Gap(PowerLaws):
    """Gradient flow of nets with ``width`` N random features on ``samples`` P examples without noise: the gap."""

    name: Literal["bordelon2024.gap"]
    width: Width
    samples: Count
    times: Several[Count]
    n_seeds: Nets


class Envelope(PowerLaws):
    """The least loss at a compute C = N t of gradient flow on infinitely many data, C from ``start`` to ``stop``.

    ``per_decade`` values of compute, each over ``n_widths`` widths; modes beyond the first hundred in shells.
    """

    name: Literal["bordelon2024.envelope"]
    start: Count
    stop: Count
    per_decade: Count
    n_widths: Nets


def _modes(spec: PowerLaws, per_decade: int = 0) -> "Modes":
    from infwidth.limits.deterministic_equivalents import power_law

    b, a = spec.spectrum_exponent, spec.power_exponent
    return power_law(b, (a - 1) / (2 * b), spec.n_modes, per_decade=per_decade)


def flow(spec: Flow, data: None) -> Rows:
    """Return ``test``, ``train`` and ``ensemble`` losses of drawn nets (seeds) at the times (steps), and theory's.

    Each seed has its data and ``members`` nets, whose losses are averaged; an ensemble's loss is that of their mean
    output. Theory has the bias and variances by their names in PIECES too, times between, and ``infinite_width``.
    Test losses leave the noise of labels out.
    """
    from infwidth.limits.flow_equivalents import flow_errors
    from infwidth.papers.bordelon2024.limits import descend

    modes, out, times = _modes(spec), Rows(lr=1.0), np.array(spec.times, float)
    η, target = modes.eigenvalues, np.sqrt(modes.power / modes.eigenvalues)
    for seed in range(spec.n_seeds):
        x = y = None
        if spec.samples is not None:
            x, y = _examples(modes, spec.samples, spec.noise, "flow", seed)
        mean, tests, trains = np.zeros((len(η), len(times))), np.zeros(len(times)), np.zeros(len(times))
        for member in range(spec.members):
            F = None if spec.width is None else _projection(modes, spec.width, seed, member)
            weights, residuals = descend(η, target, x, y, F, times)
            mean += weights / spec.members
            test = η @ (target[:, None] - weights) ** 2
            tests += test / spec.members
            trains += (test if residuals is None else (residuals**2).mean(0)) / spec.members
        out.add(spec.times, "test", tests, seed=seed)
        out.add(spec.times, "train", trains, seed=seed)
        if spec.members > 1:
            out.add(spec.times, "ensemble", η @ (target[:, None] - mean) ** 2, seed=seed)
    steps = _steps(spec.times)
    found = flow_errors(
        modes, times=steps, samples=spec.samples or np.inf, width=spec.width or np.inf, noise=spec.noise
    )
    for metric in ("test", "train", *PIECES):
        out.add(steps, metric, getattr(found, metric))
    wide = flow_errors(modes, times=steps, samples=spec.samples or np.inf, noise=spec.noise)
    out.add(steps, "infinite_width", wide.test)
    if spec.members > 1:
        out.add(steps, "ensemble", found.ensemble(spec.members))
    return out


def _examples(modes: "Modes", n: int, noise: float, *stream: str | int) -> tuple[Array, Array]:
    """Return inputs [n, D] and labels [n]."""
    rng = numpy_stream("order", *stream)
    x = rng.standard_normal((n, len(modes.eigenvalues))) * np.sqrt(modes.eigenvalues)
    return x, x @ np.sqrt(modes.power / modes.eigenvalues) + np.sqrt(noise) * rng.standard_normal(n)


def _projection(modes: "Modes", width: int, *stream: int) -> Array:
    """Return the features [D, N] of a net."""
    rng = numpy_stream("init", "flow", width, *stream)
    return rng.standard_normal((len(modes.eigenvalues), width)) / np.sqrt(width)


def _steps(times: tuple[int, ...]) -> Array:
    """Return the times, and others between."""
    between = np.geomspace(min(times), max(times), _CURVE).round().astype(int)
    return np.unique([*times, *between])


def gap(spec: Gap, data: None) -> Rows:
    """Return ``test`` and ``train`` losses and their ``gap`` at the times (steps), of drawn nets (seeds) and theory.

    Each seed trains one net on two data sets. Its gap is the loss on the other set less that on its own, averaged over
    the two: what one set is easier than the other by, of order P^(-1/2), is in both and drops out.
    """
    from infwidth.limits.flow_equivalents import flow_errors
    from infwidth.papers.bordelon2024.limits import descend

    modes, out, times = _modes(spec), Rows(lr=1.0), np.array(spec.times, float)
    η, target = modes.eigenvalues, np.sqrt(modes.power / modes.eigenvalues)
    for seed in range(spec.n_seeds):
        F = _projection(modes, spec.width, seed)
        sets = [_examples(modes, spec.samples, 0.0, "gap", seed, k) for k in range(2)]
        nets = [descend(η, target, x, y, F, times)[0] for x, y in sets]
        on = np.array([[((y[:, None] - x @ weights) ** 2).mean(0) for x, y in sets] for weights in nets])
        out.add(spec.times, "test", np.mean([η @ (target[:, None] - w) ** 2 for w in nets], axis=0), seed=seed)
        out.add(spec.times, "train", (on[0, 0] + on[1, 1]) / 2, seed=seed)
        out.add(spec.times, "gap", (on[0, 1] + on[1, 0] - on[0, 0] - on[1, 1]) / 2, seed=seed)
    steps = _steps(spec.times)
    found = flow_errors(modes, times=steps, samples=spec.samples, width=spec.width)
    for metric, values in (("test", found.test), ("train", found.train), ("gap", found.test - found.train)):
        out.add(steps, metric, values)
    return out


def envelope(spec: Envelope, data: None) -> Rows:
    """Return ``compute``, and the ``loss``, ``width`` and ``time`` of the best net there (index); theory alone."""
    from infwidth.limits.flow_equivalents import flow_errors

    modes = _modes(spec, per_decade=20)
    n = round(np.log10(spec.stop / spec.start) * spec.per_decade) + 1
    compute = np.geomspace(spec.start, spec.stop, n)
    part = np.linspace(0.2, 0.7, spec.n_widths)
    widths = compute[:, None] ** part
    losses = np.log(flow_errors(modes, times=compute[:, None] / widths, width=widths).test)
    out = Rows(lr=1.0)
    least = np.clip(losses.argmin(axis=1), 1, spec.n_widths - 2)
    rows = np.arange(n)
    left, middle, right = (losses[rows, least + side] for side in (-1, 0, 1))
    # The vertex of the parabola through three values.
    shift = (left - right) / (2 * (left - 2 * middle + right))
    best = compute ** (part[least] + shift * (part[1] - part[0]))
    loss = np.exp(middle - (left - right) * shift / 4)
    for metric, values in (("compute", compute), ("loss", loss), ("width", best), ("time", compute / best)):
        out.add(0, metric, values)
    return out
