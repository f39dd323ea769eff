r"""Two isotropic Gaussians told apart by a wide two-layer net: its mean-field limit, and SGD on finitely many units.

y = ±1 with equal odds, x ~ N(0, (1 + yΔ)² I_d), the net is f(x) = (1/N) Σ_i σ(<θ_i, x>). Every unit is a particle θ_i
in R^d, SGD with one fresh example a step moves it by 2ε (y - f(x)) σ'(<θ_i, x>) x, and with t = kε their distribution
follows, for N → ∞ and ε → 0, the gradient flow of the risk R = E (y - f(x))². The problem is isotropic, and so is the
distribution if it starts so; what is left are the radii r = |θ|. With s = |x| / √d and ω the first coordinate of a
random point on the unit sphere of R^d

    f(x) = E_r h(r s),    h(τ) = E σ(τ √d ω),    dr/dt = 2 E_{y,s} (y - f) s h'(r s).

This is exact for every d. In the paper's reduced dynamics, d → ∞, √d ω is a standard normal and s = 1 + yΔ, no more.
σ is linear between two plateaus, so that h needs the distribution function Φ of √d ω and E[√d ω; √d ω > z] only.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import interpolate, special

from infwidth.errors import SpecError
from infwidth.seeding import numpy_stream

Array = np.ndarray

#: σ is LOW up to START, HIGH from END on, and linear between.
LOW, HIGH, START, END = -2.5, 7.5, 0.5, 1.5
SLOPE = (HIGH - LOW) / (END - START)

#: Nodes for |x| of each class.
_NODES = 8
_RECORDS, _BINS, _TEST_SIZE = 20, 50, 2000


def activation(z: Array) -> Array:
    """Return σ(z)."""
    return np.clip(LOW + SLOPE * (z - START), LOW, HIGH)


def projected(τ: Array, dimension: int | None) -> tuple[Array, Array]:
    """Return h(τ) and h'(τ), τ > 0; ``dimension`` None is d → ∞."""
    (tail_a, Φ_a), (tail_b, Φ_b) = _tail(START / τ, dimension), _tail(END / τ, dimension)
    h = LOW * Φ_a + HIGH * (1 - Φ_b) + (LOW - SLOPE * START) * (Φ_b - Φ_a) + SLOPE * τ * (tail_a - tail_b)
    return h, SLOPE * (tail_a - tail_b)


def _tail(z: Array, d: int | None) -> tuple[Array, Array]:
    """Return E[Z; Z > z] and P(Z < z) of Z = √d ω, whose density goes as (1 - z²/d)^((d-3)/2); z > 0."""
    if d is None:
        return np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi), special.ndtr(z)
    square = np.minimum(z**2 / d, 1.0)
    height = np.exp(special.gammaln(d / 2) - special.gammaln((d - 1) / 2)) / np.sqrt(np.pi * d) * d / (d - 1)
    return height * (1 - square) ** ((d - 1) / 2), 0.5 + 0.5 * special.betainc(0.5, (d - 1) / 2, square)


class Inputs(NamedTuple):
    """What the limit sees of an input: s = |x| / √d, the label y, and weights that sum to one."""

    s: Array
    y: Array
    weight: Array


def input_nodes(separation: float, dimension: int | None) -> Inputs:
    """Return nodes for the distribution of s and y: Gauss-Laguerre in |x|², one node a class for d → ∞."""
    s, weight = np.ones(1), np.ones(1)
    if dimension is not None:
        half_squares, weight = special.roots_genlaguerre(_NODES, dimension / 2 - 1)
        s = np.sqrt(2 * half_squares / dimension)
    y = np.repeat([1.0, -1.0], len(s))
    return Inputs(np.tile(s, 2) * (1 + separation * y), y, np.tile(weight / weight.sum(), 2) / 2)


def initial_radii(scale: float, dimension: int, n: int) -> Array:
    """Return n quantiles of |θ| for θ ~ N(0, scale²/d I), in order; the flow keeps them so."""
    return scale * np.sqrt(2 * special.gammaincinv(dimension / 2, _levels(n)) / dimension)


def flow(radii: Array, inputs: Inputs, dimension: int | None, *, dt: float, steps: int) -> tuple[Array, Array]:
    """Return radii [steps + 1, quantiles] and risk [steps + 1] of the limit; Runge-Kutta of fourth order."""

    def at(r: Array) -> tuple[Array, float]:
        h, slope = projected(r[:, None] * inputs.s, dimension)
        error = inputs.weight * (inputs.y - h.mean(0))
        return 2 * slope @ (error * inputs.s), float((error**2 / inputs.weight).sum())

    r, history, risks = radii, [], []
    for _ in range(steps + 1):
        v1, risk = at(r)
        history.append(r)
        risks.append(risk)
        v2 = at(r + dt / 2 * v1)[0]
        v3 = at(r + dt / 2 * v2)[0]
        r = r + dt / 6 * (v1 + 2 * v2 + 2 * v3 + at(r + dt * v3)[0])
    return np.array(history), np.array(risks)


def radial_limit(limit: Mapping[str, Any], _data: object) -> pd.DataFrame:
    """Return the risk in the limit N → ∞, at every step of its integration; the time is step times lr.

    ``risk``, exact for dimension d, and ``reduced_risk``, with the drift of d → ∞ from the same initial radii.
    """
    d, dt = limit["dimension"], limit["lr"]
    radii, steps = initial_radii(limit["initial_scale"], d, limit["n_quantiles"]), round(limit["horizon"] / dt)
    risks = {
        metric: flow(radii, input_nodes(limit["separation"], of), of, dt=dt, steps=steps)[1]
        for metric, of in (("risk", d), ("reduced_risk", None))
    }
    return pd.concat([pd.DataFrame({"metric": m, "step": range(steps + 1), "value": x}) for m, x in risks.items()])


def particles(limit: Mapping[str, Any], _data: object) -> pd.DataFrame:
    """Return what SGD makes of nets of ``width`` units, beside the limit of their dimension; the time is step times lr.

    At times that are dense at the start: ``risk`` of every net (seed) on fresh points, ``limit_risk`` on these, and
    ``distance``, the root mean square there of the difference of the two functions. At the times ``show``: ``density``
    of the radii of all nets together and ``limit_density``, in bins (index) with centres ``bin_centre``. At the end
    ``wasserstein``, the distance of a net's radii from the limit's. Each net has its own initial weights; examples are
    those of its seed, the same for all widths. Raises SpecError where ``dt`` is no multiple of ``lr``.
    """
    d, separation, seeds = limit["dimension"], limit["separation"], range(limit["n_seeds"])
    every, n_times = round(limit["dt"] / limit["lr"]), round(limit["horizon"] / limit["dt"])
    if abs(every * limit["lr"] / limit["dt"] - 1) > 1e-9:
        raise SpecError(f"limit '{limit['name']}': dt {limit['dt']} must be a multiple of lr {limit['lr']}")
    inputs, start = input_nodes(separation, d), initial_radii(limit["initial_scale"], d, limit["n_quantiles"])
    radii = flow(start, inputs, d, dt=limit["dt"], steps=n_times)[0]
    x, y = _examples(numpy_stream("evaluation", "mei2018"), _TEST_SIZE, d, separation)
    s = np.sqrt((x**2).sum(1) / d)
    edges = np.linspace(0, 1.15 * radii.max(), _BINS + 1)
    shown = {round(t / limit["dt"]) for t in limit["show"]}
    recorded = {round((k / _RECORDS) ** 2 * n_times) for k in range(_RECORDS + 1)}
    records: list[tuple[str, int, int, int, float]] = [
        ("bin_centre", -1, 0, i, c) for i, c in enumerate((edges[1:] + edges[:-1]) / 2)
    ]
    for step, θ in enumerate(_sgd(limit, n_times * every)):
        time, rest = divmod(step, every)
        if rest:
            continue
        r = radii[time]
        if time in recorded:
            f = _function(r, s, d)
            nets = np.stack([activation(x @ net.T).mean(1) for net in θ])
            records.append(("limit_risk", -1, step, -1, ((y - f) ** 2).mean()))
            for seed, net in enumerate(nets):
                records.append(("risk", seed, step, -1, ((y - net) ** 2).mean()))
                records.append(("distance", seed, step, -1, np.sqrt(((net - f) ** 2).mean())))
        if time in shown:
            of_nets = np.histogram(np.linalg.norm(θ, axis=2), edges, density=True)[0]
            of_limit = np.diff(np.interp(edges, r, _levels(len(r)), left=0, right=1)) / np.diff(edges)
            records += [("density", -1, step, i, v) for i, v in enumerate(of_nets)]
            records += [("limit_density", -1, step, i, v) for i, v in enumerate(of_limit)]
        if time == n_times:
            there = np.interp(_levels(limit["width"]), _levels(len(r)), r)
            apart = np.abs(np.sort(np.linalg.norm(θ, axis=2), axis=1) - there).mean(1)
            records += [("wasserstein", seed, step, -1, w) for seed, w in zip(seeds, apart, strict=True)]
    rows = pd.DataFrame(records, columns=["metric", "seed", "step", "index", "value"])
    of_all = rows.metric.isin(("density", "bin_centre"))
    return rows.assign(of=np.select([rows.seed >= 0, of_all], ["net", "ensemble"], "limit"))


def _levels(n: int) -> Array:
    return (np.arange(n) + 0.5) / n


def _function(radii: Array, s: Array, dimension: int) -> Array:
    """Return f of the limit where |x| = s √d; it is smooth in s, and h is dear."""
    nodes = np.linspace(s.min(), s.max(), 80)
    return interpolate.CubicSpline(nodes, projected(radii[:, None] * nodes, dimension)[0].mean(0))(s)


def _examples(rng: np.random.Generator, n: int, dimension: int, separation: float) -> tuple[Array, Array]:
    """Return inputs [n, d] and their labels."""
    y = rng.choice([-1.0, 1.0], n)
    return (1 + separation * y)[:, None] * rng.standard_normal((n, dimension)), y


def _sgd(limit: Mapping[str, Any], steps: int) -> Iterator[Array]:
    """Yield the weights [seeds, width, d] before training and after every step; one array, changed in place."""
    width, d, batch, seeds = limit["width"], limit["dimension"], limit["batch_size"], range(limit["n_seeds"])
    rngs = [numpy_stream("order", "mei2018", seed) for seed in seeds]
    draws = [numpy_stream("init", "mei2018", width, seed).standard_normal((width, d)) for seed in seeds]
    θ = limit["initial_scale"] / np.sqrt(d) * np.stack(draws)
    for _ in range(steps):
        yield θ
        x, y = (np.stack(z) for z in zip(*(_examples(r, batch, d, limit["separation"]) for r in rngs), strict=True))
        z = θ @ x.swapaxes(1, 2)
        errors = y - activation(z).mean(1)
        θ += (((z > START) & (z < END)) * (2 * limit["lr"] * SLOPE / batch * errors)[:, None, :]) @ x
    yield θ
