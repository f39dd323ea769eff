r"""Deterministic equivalents in time: gradient flow on P examples with N linear random features, at any time t.

The weights of features z = Fᵀx, entries of F of variance 1/N, start at zero and follow the gradient of the mean square
on the training set: dv/dt = -FFᵀ Σ_P v for what is left of the target, v(0) = w. Its Laplace transform at s is the
resolvent of a ridge s, so that with κ(s) of :mod:`infwidth.limits.deterministic_equivalents`, and n = Σ η/(η + κ),

    s = κ R_1 R_3,    R_1 = 1 - n/P,    R_3 = 1 - n/N,    H_k(s) = 1/(s + η_k R_1 R_3)

are the response functions of the dynamical mean-field theory of Bordelon, Atanasov & Pehlevan (2024, § 3), and
correlations of s and s' solve two linear equations, with C_1 = R_1 R_1' (C_0 + σ²/(s s')) and C_3 = R_3 R_3' C_2

    C_0 = Σ η H H' [w² + C_3/N + η R_3 R_3' C_1/P],
    C_2 = Σ η H H' [η R_1 R_1' (w² + C_3/N) + s s' C_1/P].

The error on new inputs is C_0(t, t), on training labels C_1(t, t): inverse transforms in s and in s', on Talbot's
contour around the negative axis, where all decay rates are (Weideman 2006). κ is continued along it from its real
start.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from infwidth.activations import Array
from infwidth.errors import SpecError
from infwidth.limits.deterministic_equivalents import Features, Modes, errors

#: Nodes of a contour; errors fall as 3.89 to minus this.
_NODES = 20
#: Steps of the continuation from node to node, and of Newton's method at each and, at most, at a node.
_STEPS, _NEWTON, _MOST = 6, 3, 20
#: Settings solved together.
_BLOCK = 2**21
#: What κ may miss of its equation, relative to |s|; and of rounding, relative to |κ|.
ACCURACY, _ROUNDING = 1e-9, 1e-13


class FlowErrors(NamedTuple):
    """As :class:`infwidth.limits.deterministic_equivalents.Errors`, at a time; arrays of settings."""

    bias: Array
    var_features: Array
    var_data: Array
    var_data_features: Array
    var_noise: Array
    var_noise_features: Array
    train: Array

    @property
    def test(self) -> Array:
        """The mean square of prediction less the noiseless label."""
        return sum(self[1:6], self.bias)

    def ensemble(self, members: int) -> Array:
        """Return the error of the mean over nets of other features on the same data."""
        over = self.var_features + self.var_data_features + self.var_noise_features
        return self.test - over * (1 - 1 / members)


def flow_errors(
    modes: Modes, *, times: ArrayLike, samples: ArrayLike = np.inf, width: ArrayLike = np.inf, noise: ArrayLike = 0.0
) -> FlowErrors:
    """Return the errors at ``times`` t > 0 of P = ``samples``, N = ``width`` and σ² = ``noise``, broadcast.

    Raises SpecError for times, samples and widths not above zero.
    """
    t, P, N, σ2 = (np.array(v, float) for v in np.broadcast_arrays(times, samples, width, noise))
    if not all((v > 0).all() for v in (t, P, N)) or not np.isfinite(t).all():
        raise SpecError("a gradient flow has times, samples and widths above 0, and finite times")
    shape = t.shape
    t, P, N, σ2 = (v.ravel() for v in (t, P, N, σ2))
    block = max(1, _BLOCK // (_NODES * len(modes.eigenvalues)))
    parts = [_block(modes, *(v[i : i + block] for v in (t, P, N, σ2))) for i in range(0, len(t), block)]
    return FlowErrors(*(np.concatenate(column).reshape(shape) for column in zip(*parts, strict=True)))


def _contour(θ: Array) -> tuple[Array, Array]:
    """Return the modified contour of Talbot at angles in (-π, π), in units of _NODES / t, and its derivative."""
    a, b, c, d = 0.5017, 0.6407, 0.6122, 0.2645
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(θ == 0, a / b, a * θ / np.tan(b * θ)) - c + 1j * d * θ
        slope = a / np.tan(b * θ) - a * b * θ / np.sin(b * θ) ** 2 + 1j * d
    return z, slope


def _newton(modes: Modes, κ: Array, s: Array, P: Array, N: Array) -> Array:
    """Return by what Newton's method changes κ, [settings] all."""
    share = 1 / (modes.eigenvalues + κ[:, None])
    weight = modes.multiplicities * modes.eigenvalues
    n, slope = share @ weight, -(share**2) @ weight
    R1, R3 = 1 - n / P, 1 - n / N
    return (κ * R1 * R3 - s) / (R1 * R3 - κ * slope * (R3 / P + R1 / N))


def _continued(modes: Modes, t: Array, P: Array, N: Array) -> tuple[Array, Array, Array]:
    """Return s, κ and the weights of the inverse transform, [settings, _NODES / 2] all, of the upper half contour."""
    η, m = modes.eigenvalues, modes.multiplicities
    θ = (np.arange(_NODES // 2) + 0.5) * 2 * np.pi / _NODES
    scale = _NODES / t
    start = scale * _contour(np.zeros(1))[0].real
    κ = errors(modes, samples=P, ridge=start, features=Features((N,))).kappa.astype(complex)
    found, before = [], 0.0
    for angle in θ:
        for step in np.linspace(before, angle, _STEPS + 1)[1:]:
            s = scale * _contour(np.array([step]))[0]
            for _ in range(_NEWTON):
                κ = κ - _newton(modes, κ, s, P, N)
        for _ in range(_MOST):
            change = _newton(modes, κ, s, P, N)
            κ = κ - change
            if (np.abs(change) < 1e-13 * np.abs(κ)).all():
                break
        before = angle
        found.append(κ)
    z, slope = _contour(θ)
    s, κ = scale[:, None] * z, np.stack(found, axis=1)
    n = (1 / (η + κ[..., None])) @ (m * η)
    missed = np.abs(κ * (1 - n / P[:, None]) * (1 - n / N[:, None]) - s)
    if not (missed < ACCURACY * np.abs(s) + _ROUNDING * np.abs(κ)).all():
        raise ArithmeticError(f"κ was lost on its way around the contour: it misses by {missed.max():.1e}")
    return s, κ, np.exp(_NODES * z) * slope / (1j * t[:, None])


def _block(modes: Modes, t: Array, P: Array, N: Array, σ2: Array) -> tuple[Array, ...]:
    η, p, m = modes.eigenvalues, modes.power, modes.multiplicities
    s, κ, weight = _continued(modes, t, P, N)
    whole = [np.concatenate([half, half.conj()], axis=1) for half in (s, κ)]
    R1, R3 = (1 - (1 / (η + whole[1][..., None])) @ (m * η) / of[:, None] for of in (P, N))
    H = whole[1][..., None] / (whole[0][..., None] * (η + whole[1][..., None]))
    half = _NODES // 2

    def summed(of: Array) -> Array:  # Σ of H H', [settings, half, nodes]
        return (H[:, :half] * of) @ H.swapaxes(1, 2)

    def outer(of: Array) -> Array:
        return of[:, :half, None] * of[:, None, :]

    r1, r3, ss = outer(R1), outer(R3), outer(whole[0])
    by_P, by_N = 1 / P[:, None, None], 1 / N[:, None, None]
    a, a2, once, twice = summed(p), r1 * summed(η * p), summed(m * η), summed(m * η**2)
    # C_0 = a + of_data (C_0 + σ²/ss) + of_features C_2,  C_2 = a2 + to_features (C_0 + σ²/ss) + of_both C_2.
    of_data, of_features = r1 * r3 * twice * by_P, r3 * once * by_N
    to_features, of_both = r1 * ss * once * by_P, r1 * r3 * twice * by_N

    def solved(first: Array, second: Array) -> Array:
        determinant = (1 - of_data) * (1 - of_both) - of_features * to_features
        return (first * (1 - of_both) + of_features * second) / determinant

    signal = solved(a, a2)
    of_noise = solved(of_data / ss, to_features / ss)
    weights = np.concatenate([weight, weight.conj()], axis=1)
    both = weight[:, :, None] * weights[:, None, :]

    def at_t(of: Array) -> Array:  # the lower half of the contour is the conjugate of the upper one
        return 2 * (both * of).sum((1, 2)).real

    bias, test, noise = at_t(a), at_t(signal), σ2 * at_t(of_noise)
    features = at_t(a + of_features * a2 / (1 - of_both))
    data, shared_noise = at_t(a / (1 - of_data)), σ2 * at_t(of_data / ss / (1 - of_data))
    train = at_t(r1 * signal) + σ2 * at_t(r1 * (of_noise + 1 / ss))
    return bias, features - bias, data - bias, test - features - data + bias, shared_noise, noise - shared_noise, train
