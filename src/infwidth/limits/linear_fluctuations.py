r"""Fluctuations of linear nets of one hidden layer in closed form: one direction of data, or many.

With one example, units of the net of :mod:`infwidth.limits.fluctuations` (φ linear, |x|² = D) have h + z and h − z
multiplied by 1 ± η γ0 Δ(t) at every step. Let p and m be the products of these, and X = (h + z)/√2, Y = (h − z)/√2 at
the start, two independent normals: z h = (p² X² − m² Y²)/2 and h² + z² = p² X² + m² Y². So all that a net of N units
has of chance is in two numbers, the means of X² and of Y², each χ²_N/N, and the influence of a unit on anything is a
combination of X² − 1 and Y² − 1, whose variances are 2.

With inputs of unit covariance in D directions and a target along the first (descent on the population), the other D − 1
directions have errors that are fluctuations only, all alike and independent to this order: they fluctuate by
a(t) w_⊥/γ0 and are learned with the kernel of the first. P orthogonal examples are such directions too.
"""

from typing import NamedTuple

import numpy as np
from scipy.linalg import solve_triangular

from infwidth.activations import Array
from infwidth.errors import SpecError


class LinearFluctuations(NamedTuple):
    """Limit and N Var at times 0, …, steps, each [steps + 1]."""

    outputs: Array
    kernels: Array
    output_variance: Array
    """N Var f, the same as of the error."""
    kernel_variance: Array
    uncoupled: Array
    """N Var K if the errors did not fluctuate: κ."""
    across: Array
    """N Var of the error of a direction across the target."""


class _Growth(NamedTuple):
    """p and m at times 0, …, T, and their derivatives by Δ(s) over η γ0, [T + 1, T]."""

    p: Array
    m: Array
    dp: Array
    dm: Array


def _grown(c: Array) -> _Growth:
    """Return the products over s < t of 1 ± c(s); a factor may be zero, as it is where η γ0 Δ = 1."""
    T = len(c)
    earlier = np.arange(T + 1)[:, None] > np.arange(T)
    found = []
    for sign in (1.0, -1.0):
        factors = 1 + sign * c
        grown = np.concatenate([[1.0], np.cumprod(factors)])
        # Without the factor of s: the products before s and, starting after it, up to t.
        after = np.ones((T + 1, T))
        for t in range(1, T + 1):
            after[t, : t - 1] = after[t - 1, : t - 1] * factors[t - 1]
        found += [grown, sign * grown[:T] * after * earlier]
    return _Growth(found[0], found[2], found[1], found[3])


def linear_fluctuations(
    target: float, *, gamma0: float, lr: float, steps: int, centred: bool = True
) -> LinearFluctuations:
    """Return limit and fluctuations of the linear net with one example, or one direction, of this target.

    ``centred``: whether the output is f less the net's initial f. Raises SpecError for arguments without meaning.
    """
    if not (gamma0 > 0 and lr > 0 and steps >= 1):
        raise SpecError(f"gamma0 {gamma0}, lr {lr} and steps {steps} must be positive")
    c, p, m = np.zeros(steps), 1.0, 1.0
    for t in range(steps):
        c[t] = lr * gamma0 * (target - (p**2 - m**2) / (2 * gamma0))
        p, m = p * (1 + c[t]), m * (1 - c[t])
    g = _grown(c)
    squares = np.stack([g.p**2, g.m**2], axis=1)
    source = (squares - centred * squares[0]) * [1, -1] / (2 * gamma0)
    by_p, by_m = 2 * g.p[:, None] * g.dp, 2 * g.m[:, None] * g.dm
    answered = _answer(lr / 2 * (by_p - by_m)[:-1], source[:-1])
    of_output = source - lr / 2 * (by_p - by_m) @ answered
    of_kernel = squares - lr * gamma0 * (by_p + by_m) @ answered
    return LinearFluctuations(
        (g.p**2 - g.m**2) / (2 * gamma0),
        squares.sum(1),
        2 * (of_output**2).sum(1),
        2 * (of_kernel**2).sum(1),
        2 * (squares**2).sum(1),
        _across(g, gamma0, lr, centred),
    )


def _across(g: _Growth, gamma0: float, lr: float, centred: bool) -> Array:
    """Return N Var of what the net gives across the target: a w_⊥/γ0, and its response (η ⟨a a⟩ + η ∂a/∂a)."""
    H = (np.outer(g.p, g.p) + np.outer(g.m, g.m)) / 2
    source = H - centred * (H[:, :1] + H[:1] - 1)
    # dp and dm are without the factor of s: what a kick at s + 1 has become at t is dp over what p was at s.
    T = len(g.p) - 1
    kicked = (g.dp / g.p[:T] + np.divide(-g.dm, g.m[:T], where=g.m[:T] != 0, out=np.zeros_like(g.dm))) / 2
    response = lr * (np.tril(H[:, :T], -1) + kicked)
    whole = np.zeros((T + 1, T + 1))
    whole[:, :T] = response
    half = _answer(whole, source / gamma0**2)
    return np.diag(_answer(whole, half.T)).copy()


def _answer(response: Array, source: Array) -> Array:
    """Return (1 + J)^{-1} of a source."""
    return np.asarray(solve_triangular(np.eye(len(response)) + response, source, lower=True, unit_diagonal=True))


def linear_nets(
    squares: Array, target: float, *, gamma0: float, lr: float, steps: int, centred: bool = True
) -> tuple[Array, Array]:
    """Return outputs and tangent kernels [steps + 1, S] of nets with one example, given the means of X², Y² [2, S]."""
    x, y = squares
    p, m = np.ones_like(x), np.ones_like(y)
    start = (x - y) / (2 * gamma0)
    outputs, kernels = [], []
    for _ in range(steps + 1):
        f = (p**2 * x - m**2 * y) / (2 * gamma0) - centred * start
        outputs.append(f)
        kernels.append(p**2 * x + m**2 * y)
        c = lr * gamma0 * (target - f)
        p, m = p * (1 + c), m * (1 - c)
    return np.array(outputs), np.array(kernels)


def population_errors(gram: Array, *, gamma0: float, lr: float, steps: int) -> Array:
    """Return β* − β of linear nets trained on the population, target the first unit vector, [steps + 1, S, D].

    ``gram`` are the averages over units of products of their D weights and, last, their readout, [S, D + 1, D + 1]:
    these close among themselves, whatever the width. Outputs are centred.
    """
    M, D = gram.copy(), gram.shape[1] - 1
    start, errors = M[:, :D, D] / gamma0, []
    target = np.eye(D)[0]
    for t in range(steps + 1):
        errors.append(target - M[:, :D, D] / gamma0 + start)
        if t < steps:
            d = lr * gamma0 * errors[-1]
            for _ in range(2):  # (1 + S) M (1 + S), S = [[0, d], [dᵀ, 0]]; M is symmetric
                row = M[:, D].copy()
                M[:, D] += (d[:, None] @ M[:, :D])[:, 0]
                M[:, :D] += d[:, :, None] * row[:, None]
                M = np.ascontiguousarray(M.swapaxes(1, 2))
    return np.array(errors)
