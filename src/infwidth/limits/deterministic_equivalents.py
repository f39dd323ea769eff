r"""Deterministic equivalents: the errors of ridge regression on many data and features, its bias and every variance.

Inputs x have covariance Σ with eigenvalues η_k; labels are y = <w, x> + ε with Var ε = σ². A predictor is linear in N
features z = Fᵀx + σ_ξ ξ, fitted to P examples with the ridge λ on Ẑ = ZᵀZ/P + λ:

    no features (F = 1)           ridge regression, and that with a kernel of eigenvalues η_k (λ is its ridge over P)
    F = F_1 … F_L                 linear random features of L layers, entries of F_l of variance 1/N_l
    a spectrum s_j                one more layer, feature j of which has variance s_j: structured features
    σ_ξ > 0                       nonlinear features, by their Gaussian equivalent: ξ is what is not linear in x

A predictor of many dimensions sees λ through two renormalizations, κ_1 for data and κ for features (Atanasov,
Zavatone-Veth & Pehlevan 2024, §§ 3-5). With u_k = η_k / (η_k + κ), n = Σ u_k, n_2 = Σ u_k² and p_k = w_k² η_k

    κ_1 + σ_ξ² = κ c(n),   c(n) = Π_l (1 - n/N_l) [κ_F n/N with n = Σ_j s_j/(s_j + κ_F)],
    λ = κ_1 (1 - ñ/P),     ñ = (κ_1 n + σ_ξ² N)/(κ_1 + σ_ξ²),

    bias² = Σ p (1 - u)²,  B = d log κ / d log κ_1,  γ_1 = Σ's of the fitted features, γ_2 = n_2/P,
    error = [bias² + (1 - B) Σ p u (1 - u) + γ_1 σ²] / (1 - γ_1),     training error = (λ/κ_1)² (error + σ²).

The left of the second line is negative below its one root and positive above, in κ as well, so that κ is bracketed and
found by Chandrupatla's method, for all settings at once. Sums over modes are sums over shells of equal eigenvalues,
which may hold 10^30 modes.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import elementwise

from infwidth.activations import Array
from infwidth.errors import SpecError

#: Entries of a block of (settings, shells) that stays in the cache.
_BLOCK = 2**17
#: κ at which n is known before roots are sought, per decade that they may lie in.
_PER_DECADE = 3
#: Of log κ.
ACCURACY = 1e-12


class Modes(NamedTuple):
    """Eigenvalues η [K] > 0 of shells, the power Σ w² η of the task in each [K], and how many modes each has [K]."""

    eigenvalues: Array
    power: Array
    multiplicities: Array

    @classmethod
    def of(cls, eigenvalues: ArrayLike, power: ArrayLike, multiplicities: ArrayLike = 1.0) -> "Modes":
        """Return the modes of these values, broadcast; SpecError for a value that is negative or not finite."""
        η, p, m = (np.array(v, float) for v in np.broadcast_arrays(np.atleast_1d(eigenvalues), power, multiplicities))
        for name, values in (("eigenvalues", η), ("power", p), ("multiplicities", m)):
            if values.ndim != 1 or not (np.isfinite(values).all() and (values >= 0).all()):
                raise SpecError(f"{name} of modes must be a vector of finite numbers from 0")
        if not (η > 0).any():
            raise SpecError("modes need an eigenvalue above 0")
        return cls(η, p, m)


def power_law(capacity: float, source: float, n_modes: float, *, per_decade: int = 0) -> Modes:
    """Return η_k = k^-α and p_k = k^-(1 + 2 α r), with α the ``capacity`` and r the ``source``, k = 1 … ``n_modes``.

    Modes beyond the first hundred are gathered in shells, ``per_decade`` of them in one of k, with the sums of their
    members: for 10^9 modes; 0 keeps single modes.
    """
    if not per_decade:
        k = np.arange(1, int(n_modes) + 1, dtype=float)
        return Modes.of(k**-capacity, k ** -(1 + 2 * capacity * source))
    first = np.arange(1, 101, dtype=float)
    edges = np.unique(np.round(np.geomspace(100, n_modes, int(per_decade * np.log10(n_modes / 100)) + 2))) + 0.5
    count = np.diff(edges)

    def summed(exponent: float) -> Array:  # of k^-exponent between edges; of the midpoint rule, whose error is 1e-5
        if abs(exponent - 1) < 1e-12:
            return np.diff(np.log(edges))
        return np.diff(edges ** (1 - exponent)) / (1 - exponent)

    power = 1 + 2 * capacity * source
    return Modes.of(
        np.concatenate([first**-capacity, summed(capacity) / count]),
        np.concatenate([first**-power, summed(power)]),
        np.concatenate([np.ones(100), count]),
    )


class Features(NamedTuple):
    """The features of a predictor; without any layer they are the inputs themselves, or the modes of a kernel.

    ``widths``: N_l of white layers, from the inputs on, each a number or an array of settings. ``spectrum`` [N]: the
    variances s_j of one more layer. ``nonlinear``: σ_ξ², of N features, the last layer's.
    """

    widths: tuple[ArrayLike, ...] = ()
    spectrum: Array | None = None
    nonlinear: ArrayLike = 0.0


class Errors(NamedTuple):
    """Errors of prediction on new inputs, without the noise of their labels, and more; arrays of settings.

    ``bias`` is that of the mean over data, noise and features; variances are those of two-way (data with their noise,
    features) analysis: ``var_features`` of the mean over data, ``var_data`` and ``var_noise`` of the mean over
    features, from inputs and from noise of labels, ``var_data_features`` and ``var_noise_features`` what is left.
    ``train`` is the mean square on training labels; ``degrees`` is tr H of the fit H y, so that generalised cross
    validation is train / (1 - degrees/P)². ``kappa`` is κ.
    """

    bias: Array
    var_features: Array
    var_data: Array
    var_data_features: Array
    var_noise: Array
    var_noise_features: Array
    train: Array
    degrees: Array
    kappa: Array

    @property
    def test(self) -> Array:
        """The mean square of prediction less the noiseless label: the sum of the bias and all variances."""
        return sum(self[1:6], self.bias)


def errors(
    modes: Modes, *, samples: ArrayLike, ridge: ArrayLike, noise: ArrayLike = 0.0, features: Features | None = None
) -> Errors:
    """Return the errors of all settings: ``samples`` P, ``ridge`` λ, ``noise`` σ² and those of ``features`` broadcast.

    P and N_l may be infinite and λ zero. Raises SpecError for a number that is none, and for P or N_l not above zero.
    """
    features = features or Features()
    layers = (*features.widths, *([] if features.spectrum is None else [len(features.spectrum)]))
    P, λ, σ2, ξ2, *widths = (
        np.array(v, float)
        for v in np.broadcast_arrays(*map(np.asarray, (samples, ridge, noise, features.nonlinear, *layers)))
    )
    for name, values, least in (
        ("samples", P, 0.0), ("ridge", λ, -1e-300), ("noise", σ2, -1e-300), ("nonlinear", ξ2, -1e-300),
        *(("widths", N, 0.0) for N in widths),
    ):  # fmt: skip
        if not (values > least).all():
            raise SpecError(f"{name} of a deterministic equivalent must be {'positive' if least == 0 else 'from 0'}")
    if (ξ2 > 0).any() and not widths:
        raise SpecError("nonlinear features need the number of features: a width or a spectrum")
    shape = P.shape
    P, λ, σ2, ξ2, *widths = (v.ravel() for v in (P, λ, σ2, ξ2, *widths))
    net = _Features(np.array(widths[: len(features.widths)]).reshape(-1, P.size), features.spectrum, ξ2)
    κ = _renormalized(modes, P, λ, net)
    return Errors(*(v.reshape(shape) for v in _at(modes, κ, P, λ, σ2, net)))


class _Features(NamedTuple):
    """Widths of white layers [L, settings], spectrum [N] or None, σ_ξ² [settings]."""

    widths: Array
    spectrum: Array | None
    nonlinear: Array

    def only(self, chosen: np.ndarray) -> "_Features":
        return self._replace(widths=self.widths[:, chosen], nonlinear=self.nonlinear[chosen])

    @property
    def last(self) -> Array | float:
        """The number of features."""
        if self.spectrum is not None:
            return float(len(self.spectrum))
        return self.widths[-1] if len(self.widths) else np.inf

    @property
    def narrowest(self) -> Array:
        """The largest n that all layers can carry."""
        of_spectrum = np.inf if self.spectrum is None else float((self.spectrum > 0).sum())
        return np.minimum(self.widths.min(axis=0, initial=np.inf), of_spectrum)

    def transmitted(self, n: Array) -> tuple[Array, Array]:
        """Return c(n), zero where a layer is too narrow for n, and -d log c / d log n."""
        part = n / self.widths
        c = np.prod(np.maximum(1 - part, 0), axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = np.where(part < 1, part / (1 - part), np.inf).sum(axis=0)
        if self.spectrum is not None:
            s, N = self.spectrum, len(self.spectrum)
            fits = n < (s > 0).sum()
            κ_F = np.zeros_like(n)
            if fits.any():
                κ_F[fits] = _root_of_degrees(s, n[fits])
            share = s / (s + κ_F[:, None])
            n_2 = (share**2).sum(axis=1)
            c = c * κ_F * n / N
            with np.errstate(divide="ignore"):
                slope = slope + np.where(fits, n_2 / np.where(fits, n - n_2, 1), np.inf)
        return c, slope


def _root_of_degrees(spectrum: Array, n: Array) -> Array:
    """Return κ_F with Σ_j s_j/(s_j + κ_F) = n, 0 < n < N."""
    s = spectrum[spectrum > 0]
    low, high = np.log(s.min() * (len(s) - n) / n), np.log(s.max() * (len(s) - n) / n)
    found = elementwise.find_root(
        lambda x, n: n - (s / (s + np.exp(x)[:, None])).sum(axis=1), (low - 1e-3, high + 1e-3), args=(n,),
        tolerances={"xatol": ACCURACY, "xrtol": 0},
    )  # fmt: skip
    return np.exp(found.x)


def _sums(modes: Modes, κ: Array, of: Callable[[Array, Array], tuple[Array, ...]]) -> list[Array]:
    """Return sums over shells [settings] of what ``of`` makes of u and 1 - u [block, K]; κ is a vector of settings."""
    block = max(1, _BLOCK // len(modes.eigenvalues))
    parts = []
    for start in range(0, len(κ), block):
        k = κ[start : start + block, None]
        rest = modes.eigenvalues + k
        parts.append(of(modes.eigenvalues / rest, k / rest))
    return [np.concatenate(column) for column in zip(*parts, strict=True)]


def _degrees(modes: Modes, κ: Array) -> Array:
    (n,) = _sums(modes, κ, lambda u, _: (u @ modes.multiplicities,))
    return n


def _excess(κ: Array, n: Array, P: Array, λ: Array, net: _Features) -> Array:
    """Return (κ_1 (1 - ñ/P) - λ)/κ, continued below what layers can carry: it rises through zero at the one root."""
    c, _ = net.transmitted(n)
    κ1 = κ * c - net.nonlinear
    ñ = _fitted(n, np.maximum(κ1, 0), net)
    inside = np.where(κ1 > 0, κ1 * (1 - ñ / P), κ1)
    return (inside - λ) / κ - np.maximum(n / net.narrowest - 1, 0)


def _fitted(n: Array, κ1: Array, net: _Features) -> Array:
    """Return ñ, the degrees of freedom of the fit."""
    linear = net.nonlinear == 0
    N = np.where(linear, 0.0, net.last)
    share = np.where(linear, 1.0, κ1 / np.where(linear, 1.0, κ1 + net.nonlinear))
    return share * n + (1 - share) * N


def _renormalized(modes: Modes, P: Array, λ: Array, net: _Features) -> Array:
    """Return κ [settings]; zero where there is nothing that renormalizes, a ridge of zero on fewer modes than data."""
    some = modes.eigenvalues > 0
    η, m = modes.eigenvalues[some], modes.multiplicities[some]
    rank, limit, trace = m.sum(), np.minimum(P, net.narrowest), float(η @ m)
    solved = (λ > 0) | (net.nonlinear > 0) | (rank > limit)
    κ = np.zeros_like(P)
    if not solved.any():
        return κ
    P, λ, limit, net = P[solved], λ[solved], limit[solved], net.only(solved)
    with np.errstate(invalid="ignore"):
        floor = np.where(np.isfinite(limit), η.min() * np.maximum(rank - limit, 0) / limit, 0.0)
    low = np.maximum(λ + net.nonlinear, floor)
    low = np.where(low > 0, low, η.min() * 1e-12) / 2
    widths = 0.0 if net.spectrum is None else 1 / (len(net.spectrum) * net.spectrum.mean())
    high = 2 * (λ + net.nonlinear * (1 + np.where(net.nonlinear > 0, net.last, 0) / P))
    high = high + 2 * trace * (1 / P + (1 / net.widths).sum(axis=0) + widths)
    # A table of n holds for all settings, and brackets each within a part of a decade.
    start, stop = np.log(low.min()), np.log(high.max() * 1e6)
    x = np.linspace(start, stop, max(8, int(_PER_DECADE * (stop - start) / np.log(10))))
    n = _degrees(modes, np.exp(x))
    settings = [np.arange(len(P))[start : start + 4096] for start in range(0, len(P), 4096)]
    first = np.concatenate([_first_above(x, n, P[i], λ[i], net.only(i)) for i in settings])

    def excess(y: Array, i: Array) -> Array:
        at = i.astype(int)
        return _excess(np.exp(y), _degrees(modes, np.exp(y)), P[at], λ[at], net.only(at))

    found = elementwise.find_root(
        excess, (x[first - 1], x[first]), args=(np.arange(len(P), dtype=float),),
        tolerances={"xatol": ACCURACY, "xrtol": 0, "fatol": 0, "frtol": 0},
    )  # fmt: skip
    assert found.success.all(), "the root is bracketed"
    κ[solved] = np.exp(found.x)
    return κ


def _first_above(x: Array, n: Array, P: Array, λ: Array, net: _Features) -> Array:
    """Return for each setting the first place of the table at which the excess is not negative, at least 1."""
    grid, settings = np.meshgrid(np.arange(len(x)), np.arange(len(P)), indexing="ij")
    at = settings.ravel()
    values = _excess(np.exp(x)[grid.ravel()], n[grid.ravel()], P[at], λ[at], net.only(at)).reshape(grid.shape)
    return np.maximum(np.argmax(values > 0, axis=0), 1)


def _at(modes: Modes, κ: Array, P: Array, λ: Array, σ2: Array, net: _Features) -> tuple[Array, ...]:
    """Return the fields of :class:`Errors` from κ; see the formulas above."""
    p, m = modes.power, modes.multiplicities
    n, n_less_n2, bias, mixed = _sums(modes, κ, lambda u, v: (u @ m, (u * v) @ m, (v * v) @ p, (u * v) @ p))
    n = np.minimum(n, np.minimum(net.narrowest, P if not net.nonlinear.any() else np.inf))
    c, slope = net.transmitted(n)
    κ1 = np.maximum(κ * c - net.nonlinear, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(net.nonlinear == 0, 1.0, κ1 / (κ1 + net.nonlinear))
        A = 1 + np.where(n_less_n2 > 0, n_less_n2 / n * slope, 0.0)
    B = share / A
    ñ = _fitted(n, κ1, net)
    N = np.where(net.nonlinear == 0, 0.0, net.last)
    γ1 = (ñ - share * ((1 - share) * np.where(net.nonlinear == 0, 0.0, N - n) + n_less_n2 * B)) / P
    γ2 = (n - n_less_n2) / P
    var_features = (1 - B) * mixed
    with np.errstate(divide="ignore", invalid="ignore"):
        test, var_data, var_noise = (bias + var_features) / (1 - γ1), bias * γ2 / (1 - γ2), σ2 * γ2 / (1 - γ2)
        all_noise = σ2 * γ1 / (1 - γ1)
        left = np.where(κ1 > 1e-6 * κ, λ / κ1, 1 - ñ / P)  # of a label in training: equal, one of them without rounding
    train = left**2 * (test + all_noise + σ2)
    rest = test - bias - var_features - var_data
    return bias, var_features, var_data, rest, var_noise, all_noise - var_noise, train, ñ, κ
