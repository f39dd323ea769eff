"""Deterministic equivalents beside what they are of: random matrices, ridge regression and random features, drawn."""

from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from pydantic import model_validator

from infwidth.results.rows import Rows
from infwidth.seeding import numpy_stream
from infwidth.specs.block import Count, Nets, NotNegative, Positive, Several, Width, unsaid
from infwidth.specs.cells import Computation

if TYPE_CHECKING:
    from infwidth.limits.deterministic_equivalents import Features, Modes
    from infwidth.limits.spectral_laws import Law
    from infwidth.papers.atanasov2024.limits import Task

Array = np.ndarray

#: The kinds of matrices: their ratios D/N_l; of the coloured one eigenvalues, and the part of D that has each, at D/P.
PRODUCTS: dict[str, tuple[float, ...]] = {
    "wishart_tall": (0.1,),
    "wishart": (0.5,),
    "wishart_square": (1.0,),
    "two_square": (1.0, 1.0),
    "three_square": (1.0, 1.0, 1.0),
    "three_oblong": (0.2, 0.5, 0.5),
}
COLOURED, _PARTS, _RATIO = (1.0, 0.05), (1 / 4, 3 / 4), 0.5

#: What errors consist of, in order, as fields of :class:`infwidth.limits.deterministic_equivalents.Errors`.
PIECES = ("bias", "var_features", "var_data", "var_data_features", "var_noise", "var_noise_features")

#: Structured features have s_j falling as j to minus this, of mean one. The gapped spectrum: eigenvalues, parts of D.
_FEATURE_DECAY = 0.5
_GAPPED = (1.0, 1e-2, 1e-5), (0.02, 0.2, 0.78)

_BINS, _CURVE = 60, 200


class Spectra(Computation):
    """Eigenvalues of random matrices of one kind, D × D with D = ``dimension``, beside their law."""

    name: Literal["atanasov2024.spectra"]
    matrix: Literal[
        "wigner", "wishart_tall", "wishart", "wishart_square", "two_square", "three_square", "three_oblong", "coloured"
    ]
    dimension: Count
    n_seeds: Nets


def spectra(spec: Spectra, data: None) -> Rows:
    """Return of every matrix (seed) the Kolmogorov ``distance`` of its spectrum from the law.

    And of all together ``density`` of eigenvalues in bins with ``bin_centre``, of their decadic logarithm but for
    Wigner's matrices; the law's at ``x`` is ``limit_density``.
    """
    law, out = _law(spec), Rows()
    drawn = [
        _eigenvalues(spec, numpy_stream("init", "spectra", spec.matrix, spec.dimension, k)) for k in range(spec.n_seeds)
    ]
    for seed, values in enumerate(drawn):
        out.add(0, "distance", law.distance(values), seed=seed)
    x, density, sample = law.x, law.density, np.concatenate(drawn)
    if spec.matrix != "wigner":
        keep = x > 1e-6 * x.max()
        density, x, sample = (
            (density * x * np.log(10))[keep],
            np.log10(x[keep]),
            np.log10(sample[sample > 1e-6 * x.max()]),
        )
    edges = np.linspace(x[0], x[-1], _BINS + 1)
    counts = np.histogram(sample, edges)[0]
    out.add(0, "bin_centre", (edges[1:] + edges[:-1]) / 2, of="ensemble")
    out.add(0, "density", counts / (spec.n_seeds * spec.dimension * np.diff(edges)), of="ensemble")
    at = np.linspace(0, len(x) - 1, _CURVE).round().astype(int)
    out.add(0, "x", x[at])
    out.add(0, "limit_density", density[at])
    return out


def _law(spec: Spectra) -> "Law":
    from infwidth.limits import spectral_laws
    from infwidth.limits.deterministic_equivalents import Modes

    if spec.matrix == "wigner":
        return spectral_laws.semicircle()
    if spec.matrix == "coloured":
        return spectral_laws.covariance_law(Modes.of(COLOURED, 1.0, _PARTS), 1 / _RATIO)
    return spectral_laws.product_law(PRODUCTS[spec.matrix])


def _eigenvalues(spec: Spectra, rng: np.random.Generator) -> Array:
    D = spec.dimension
    if spec.matrix == "wigner":
        drawn = rng.standard_normal((D, D))
        return np.linalg.eigvalsh((drawn + drawn.T) / np.sqrt(2 * D))
    if spec.matrix == "coloured":
        few = round(_PARTS[0] * D)
        x = rng.standard_normal((round(D / _RATIO), D)) * np.sqrt(np.repeat(COLOURED, (few, D - few)))
        return np.linalg.eigvalsh(x.T @ x / len(x))
    product = np.eye(D)
    for ratio in PRODUCTS[spec.matrix]:
        width = round(D / ratio)
        product = product @ rng.standard_normal((product.shape[1], width)) / np.sqrt(width)
    return np.linalg.eigvalsh(product @ product.T)


class Problem(Computation):
    """Ridge regression on ``samples`` P examples in ``dimension`` D, whose labels have ``noise`` σ².

    ``spectrum`` of the inputs is "isotropic", "gapped" (three plateaus) or "power_law", with ``capacity_exponent`` α
    and the task's ``source_exponent`` r; the task has power one where it is no power law. ``features``: the "inputs"
    themselves, or ``width`` N, "linear", "deep" (two layers, first 2N), "structured" (of unequal variance) or "relu".
    """

    dimension: Count
    spectrum: Literal["isotropic", "gapped", "power_law"]
    capacity_exponent: Positive | None = unsaid()
    source_exponent: Positive | None = unsaid()
    noise: NotNegative
    ridge: Positive
    samples: Several[Count]
    features: Literal["inputs", "linear", "deep", "structured", "relu"]
    width: Width | None = unsaid()

    @model_validator(mode="after")
    def _is_a_problem(self) -> Self:
        if (self.spectrum == "power_law") != (None not in (self.capacity_exponent, self.source_exponent)):
            raise ValueError("capacity_exponent and source_exponent are those of a power law, which needs both")
        if (self.features == "inputs") != (self.width is None):
            raise ValueError("features other than the inputs need their number, the width")
        if self.features == "relu" and self.spectrum != "isotropic":
            raise ValueError("features relu are for isotropic inputs, where they have a Gaussian equivalent")
        return self


class Learning(Problem):
    """Learning curves: each seed draws its features and its data, of which smaller P are the first."""

    name: Literal["atanasov2024.learning"]
    n_seeds: Nets


class Decomposition(Problem):
    """Variances of linear features, from ``n_seeds`` grids of ``n_draws`` data sets × as many draws of features."""

    name: Literal["atanasov2024.decomposition"]
    n_draws: Nets
    n_seeds: Nets

    @model_validator(mode="after")
    def _is_linear(self) -> Self:
        if self.features != "linear":
            raise ValueError("variances are measured of linear features")
        return self


def _modes(spec: Problem) -> "Modes":
    from infwidth.limits.deterministic_equivalents import Modes, power_law

    D = spec.dimension
    if spec.spectrum == "isotropic":
        return Modes.of(1.0, 1.0, D)
    if spec.spectrum == "gapped":
        counts = np.round(np.array(_GAPPED[1]) * D)
        return Modes.of(_GAPPED[0], 1 / 3, counts)
    assert spec.capacity_exponent is not None, "a power law has both exponents; its block has made sure"
    assert spec.source_exponent is not None, "as above"
    return power_law(spec.capacity_exponent, spec.source_exponent, D)


def _features(spec: Problem) -> "Features":
    from infwidth.limits.deterministic_equivalents import Features
    from infwidth.papers.atanasov2024.limits import Relu

    if spec.width is None:
        return Features()
    N = spec.width
    return {
        "linear": Features((N,)),
        "deep": Features((2 * N, N)),
        "structured": Features((), _feature_spectrum(N)),
        "relu": Features((N,), nonlinear=Relu.nonlinear(spec.dimension, N)),
    }[spec.features]


def _feature_spectrum(width: int) -> Array:
    s = np.arange(1, width + 1) ** -_FEATURE_DECAY
    return s / s.mean()


def _add_expected(out: Rows, spec: Problem) -> None:
    """Add the test and training error and the parts, at the samples and between them."""
    from infwidth.limits.deterministic_equivalents import errors

    ends = np.geomspace(min(spec.samples), max(spec.samples), _CURVE // 2).round().astype(int)
    P = np.unique([*spec.samples, *ends])
    found = errors(_modes(spec), samples=P, ridge=spec.ridge, noise=spec.noise, features=_features(spec))
    for metric in ("test", "train", *PIECES):
        out.add(0, metric, getattr(found, metric), index=P)


def learning(spec: Learning, data: None) -> Rows:
    """Return ``test``, ``train`` and ``gcv`` errors against P (index), of every draw (seed) and as expected.

    Test errors leave the noise of labels out, train errors and generalised cross validation, train/(1 - tr H/P)²,
    hold it. Of what is expected, also between the samples, the bias and the variances by their names in PIECES.
    """
    from infwidth.papers.atanasov2024.limits import Relu, Task, random_projection, ridge_fit

    task, out = Task.of(_modes(spec), spec.noise), Rows()
    for seed in range(spec.n_seeds):
        rng, of_features = (numpy_stream(role, "ridge", spec.dimension, seed) for role in ("order", "init"))
        x = task.inputs(rng, max(spec.samples))
        y = x @ task.target + task.noise * rng.standard_normal(len(x))
        Z, project, relu = x, None, None
        if spec.width is not None and spec.features == "relu":
            relu = Relu.draw(of_features, spec.dimension, spec.width)
            Z = relu.of(x)
        elif spec.width is not None:
            layers = _features(spec)
            widths = tuple(int(np.asarray(N)) for N in layers.widths)
            project = random_projection(of_features, spec.dimension, widths, layers.spectrum)
            Z = x @ project
        for P in spec.samples:
            fit = ridge_fit(Z[:P], y[:P, None], spec.ridge)
            weights = fit.weights[:, 0]
            if relu is not None:
                test = relu.error(task, weights)
            else:
                test = float(task.error(weights if project is None else project @ weights))
            train = (fit.residuals**2).mean()
            out.add(0, "test", test, seed=seed, index=P)
            out.add(0, "train", train, seed=seed, index=P)
            out.add(0, "gcv", train / (1 - fit.degrees / P) ** 2, seed=seed, index=P)
    _add_expected(out, spec)
    return out


def decomposition(spec: Decomposition, data: None) -> Rows:
    """Return the bias and the variances (PIECES) and ``test`` against P (index): of every grid, and as expected.

    Two-way analysis of variance without bias: the data are the rows of a grid, features its columns; one noise of
    labels a data set, the mean of whose predictor is zero.
    """
    from infwidth.papers.atanasov2024.limits import Task, random_projection, ridge_fit

    task, out, n = Task.of(_modes(spec), spec.noise), Rows(), spec.n_draws
    assert spec.width is not None, "linear features have a width; the block has made sure"
    root = np.sqrt(task.eigenvalues)
    for seed in range(spec.n_seeds):
        rng = numpy_stream("order", "grid", spec.dimension, seed)
        of_features = numpy_stream("init", "grid", spec.dimension, spec.width, seed)
        layers = [random_projection(of_features, spec.dimension, (spec.width,)) for _ in range(n)]
        inputs = [task.inputs(rng, max(spec.samples)) for _ in range(n)]
        labels = [np.stack([x @ task.target, task.noise * rng.standard_normal(len(x))], 1) for x in inputs]
        projected = [[x @ F for F in layers] for x in inputs]
        for P in spec.samples:
            fits = np.array(
                [
                    [
                        root[:, None] * (F @ ridge_fit(Z[:P], y[:P], spec.ridge).weights)
                        for F, Z in zip(layers, row, strict=True)
                    ]
                    for row, y in zip(projected, labels, strict=True)
                ]
            )
            for piece, value in _analysis(fits[..., 0], fits[..., 1], root * task.target).items():
                out.add(0, piece, value, seed=seed, index=P)
    _add_expected(out, spec)
    return out


def _analysis(signal: Array, noise: Array, target: Array) -> dict[str, float]:
    """Return unbiased estimates of the pieces from predictors [data sets, features, D] of signal and of noise."""
    n, mean = len(signal), signal.mean((0, 1))
    rows, columns = signal.mean(1), signal.mean(0)
    rest = ((signal - rows[:, None] - columns + mean) ** 2).sum() / (n - 1) ** 2
    of_data = ((rows - mean) ** 2).sum() / (n - 1) - rest / n
    of_features = ((columns - mean) ** 2).sum() / (n - 1) - rest / n
    squares = (noise**2).sum() / n**2
    shared = ((noise.sum(1) ** 2).sum() / n - squares * n) / (n * (n - 1))
    pieces = {
        "bias": ((mean - target) ** 2).sum() - (of_data + of_features + rest / n) / n,
        "var_features": of_features,
        "var_data": of_data,
        "var_data_features": rest,
        "var_noise": shared,
        "var_noise_features": squares - shared,
    }
    return {piece: float(value) for piece, value in pieces.items()} | {"test": float(sum(pieces.values()))}


class Regimes(Computation):
    """The four regimes of random features without noise and ridge, on a power law in ``dimension`` D.

    ``regime``: n = ``sizes`` "data" for infinitely many features, or "features" for infinitely many data; or what
    n "excess_data", many of them, add to the error of ``fixed`` features, and "excess_features" to that of data.
    """

    name: Literal["atanasov2024.regimes"]
    regime: Literal["data", "features", "excess_data", "excess_features"]
    dimension: Count
    capacity_exponent: Positive
    source_exponent: Positive
    sizes: Several[Count]
    n_seeds: Nets
    fixed: Count | None = unsaid()

    @model_validator(mode="after")
    def _has_a_limit(self) -> Self:
        if self.regime.startswith("excess") != (self.fixed is not None):
            raise ValueError("fixed is the number of data or features whose error the excess is over")
        return self


def regimes(spec: Regimes, data: None) -> Rows:
    """Return ``error`` against n (index), of every draw (seed) and as expected; excess is of the same draw."""
    from infwidth.limits.deterministic_equivalents import Features, errors, power_law
    from infwidth.papers.atanasov2024.limits import Task

    modes, out, sizes = (
        power_law(spec.capacity_exponent, spec.source_exponent, spec.dimension),
        Rows(),
        np.array(spec.sizes),
    )
    for seed in range(spec.n_seeds):
        out.add(0, "error", _simulated(spec, Task.of(modes, 0.0), seed), seed=seed, index=sizes)

    def of(P: Any, N: Any) -> Array:
        return errors(modes, samples=P, ridge=0.0, features=Features((N,))).test

    few, all_ = spec.fixed or 0, np.inf
    expected = {
        "data": lambda: of(sizes, all_),
        "features": lambda: of(all_, sizes),
        "excess_data": lambda: of(sizes, few) - of(all_, few),
        "excess_features": lambda: of(few, sizes) - of(few, all_),
    }[spec.regime]()
    out.add(0, "error", expected, index=sizes)
    return out


def _simulated(spec: Regimes, task: "Task", seed: int) -> list[float]:
    from infwidth.papers.atanasov2024.limits import interpolate, population_fit, random_projection

    rng, of_features = (numpy_stream(role, "regimes", spec.dimension, spec.regime, seed) for role in ("order", "init"))
    D, most, few = spec.dimension, max(spec.sizes), spec.fixed or 0
    if spec.regime == "data":
        x = task.inputs(rng, most)
        return [float(task.error(interpolate(x[:P], x[:P] @ task.target))) for P in spec.sizes]
    if spec.regime == "features":
        layers = (random_projection(of_features, D, (N,)) for N in spec.sizes)
        return [float(task.error(F @ population_fit(task, F))) for F in layers]
    if spec.regime == "excess_data":
        F, x = random_projection(of_features, D, (few,)), task.inputs(rng, most)
        Z, y = x @ F, x @ task.target
        least = task.error(F @ population_fit(task, F))
        return [float(task.error(F @ interpolate(Z[:P], y[:P])) - least) for P in spec.sizes]
    # F and its mirror image in the span of the data have one law and fit the same labels, at opposite distances from
    # the fit of infinitely many features: the mean of their two errors has no part linear in the distance.
    x = task.inputs(rng, few)
    limit = interpolate(x, x @ task.target)
    layers = (random_projection(of_features, D, (N,)) for N in spec.sizes)
    apart = (F @ interpolate(x @ F, x @ task.target) - limit for F in layers)
    return [float(task.eigenvalues @ distance**2) for distance in apart]


class Phases(Computation):
    """Exponents of the error in P for λ = P^-l and N = P^q, with ``noise`` σ², on a power law without end.

    At every place of a square grid of ``points``, l up to ``ridge_to`` and q up to ``width_to``, the exact equivalents
    from the smallest of ``samples`` P to the largest.
    """

    name: Literal["atanasov2024.phases"]
    capacity_exponent: Positive
    source_exponent: Positive
    noise: NotNegative
    ridge_to: Positive
    width_to: Positive
    points: Nets
    samples: Several[Count]


def phases(spec: Phases, data: None) -> Rows:
    """Return over the grid (index) ``l``, ``q``, ``exponent`` of the error and the formulas' ``expected`` one.

    ``bias``, ``features`` and ``noise`` are the formulas' exponents of the three parts, infinite where there is none.
    """
    from infwidth.limits.deterministic_equivalents import Features, errors, power_law
    from infwidth.papers.atanasov2024.limits import exponents

    half = np.arange(1, spec.points + 1) / spec.points
    ridge, q = (axis.ravel() for axis in np.meshgrid(spec.ridge_to * half, spec.width_to * half, indexing="ij"))
    modes = power_law(
        spec.capacity_exponent, spec.source_exponent, 1e4 * max(spec.samples) ** max(1.0, spec.width_to), per_decade=20
    )
    P = np.array([[min(spec.samples)], [max(spec.samples)]], float)
    of = errors(modes, samples=P, ridge=P**-ridge, noise=spec.noise, features=Features((P**q,))).test
    found = -np.diff(np.log(of), axis=0)[0] / np.diff(np.log(P[:, 0]))
    parts = exponents(ridge, q, capacity=spec.capacity_exponent, source=spec.source_exponent, noisy=spec.noise > 0)
    out = Rows()
    for metric, values in {
        "l": ridge,
        "q": q,
        "exponent": found,
        **parts,
        "expected": np.min([*parts.values()], axis=0),
    }.items():
        out.add(0, metric, values)
    return out
