r"""Diagonal linear nets: where gradient flow from w_± = α·1 ends, without following it (Woodworth et al. 2020).

The net is f(x) = <β, x>, β = w_+^D - w_-^D (D = ``depth``, entry by entry), the loss Σ (f - y)². Gradient flow moves
w_±' = ∓ D w_±^(D-1) g with g = ∂L/∂β in the span of the inputs. Both equations integrate: at every time

    w_± = α exp(±s/2)  (D = 2),    w_± = (α^(2-D) ∓ s)^(-1/(D-2))  (D > 2),    s = Xᵀν,

for some ν in R^N (units of s are ours). The end is where the examples are learned, Xβ = y: the ν that minimises the
convex

    Σ_i [w_+² + w_-²]_i max(1, (D-2)/2) - <y, ν>,

whose gradient is Xβ - y. It is the dual of the least Q(β) = α^D Σ_i q_D(β_i / α^D) among all β that interpolate,
q_D = ∫ h_D^(-1), h_2(z) = 2 sinh z and h_D(z) = (1-z)^(-p) - (1+z)^(-p), p = D/(D-2).
In s nothing overflows as α → 0: w_± are weights, of the size of the solution's.
"""

from typing import NamedTuple

import numpy as np
from scipy import linalg, optimize
from scipy.optimize import elementwise

Array = np.ndarray

#: Residuals below this part of the labels are none; Newton steps before giving up; halvings of a step.
_TOLERANCE, _MOST_STEPS, _HALVINGS = 1e-10, 200, 60
#: For D > 2 s is rounded to α^(2-D) times the precision of numbers: residuals below so many of these are none.
_ROUNDINGS = 100
#: Ratios β/α^D below which q_D is quadratic to eight digits.
_SERIES = 1e-4
#: Least α^(D-2), below which rounding would leave no six digits.
SMALLEST = 1e-8


class Weights(NamedTuple):
    """What s means at one scale α: β, dβ/ds and dβ/dlog α [d], and what is minimised (without <y, ν>)."""

    β: Array
    slope: Array
    by_scale: Array
    potential: float


def weights(s: Array, scale: float, depth: int) -> Weights | None:
    """Return what s [d] means at scale α; None where no weights belong to it."""
    if depth == 2:
        with np.errstate(over="ignore"):
            up, down = scale**2 * np.exp(s), scale**2 * np.exp(-s)
        if not np.isfinite(up.max() + down.max()):
            return None
        β = 2 * scale**2 * np.sinh(s)
        return Weights(β, up + down, 2 * β, float((up + down).sum()))
    room = scale ** (2.0 - depth)
    if np.abs(s).max() >= room:
        return None
    up, down = (room - s) ** (-1 / (depth - 2)), (room + s) ** (-1 / (depth - 2))
    power, p = 2 * depth - 2, depth / (depth - 2)
    slope_up, slope_down = p * up**power, p * down**power
    # w_+^D - w_-^D without the loss of digits where s is small: (1 ∓ z)^(-p) = (1 - z²)^(-p/2) exp(±p artanh z).
    z, even = s / room, (room - s) * (room + s)
    return Weights(
        2 * even ** (-p / 2) * np.sinh(p * np.arctanh(z)),
        slope_up + slope_down,
        (depth - 2) * room * (slope_up - slope_down),
        float((depth - 2) / 2 * (up**2 + down**2).sum()),
    )


def interpolators(x: Array, y: Array, scales: Array, depth: int) -> Array:
    """Return β [scales, d] at the end of gradient flow from each scale α; examples are x [N, d], y [N], N < d.

    Newton's method with a line search on the dual, from the largest scale down: the solution at one is carried to the
    next along dν/dlog α. Raises ArithmeticError where it does not converge.
    """
    order = np.argsort(scales)[::-1]
    found = np.empty((len(scales), x.shape[1]))
    ν, before = np.zeros(len(y)), float(scales[order[0]])
    for k in order:
        ν = _carried(x, ν, before, float(scales[k]), depth)
        ν, found[k] = _newton(x, y, ν, float(scales[k]), depth)
        before = float(scales[k])
    return found


def _carried(x: Array, ν: Array, before: float, scale: float, depth: int) -> Array:
    """Return where ν starts at the next scale: along the solution's tangent as far as there are weights."""
    if scale == before or not ν.any():
        return ν
    there = weights(x.T @ ν, before, depth)
    assert there is not None, "it is the solution at the scale before"
    tangent = -np.linalg.solve((x * there.slope) @ x.T, x @ there.by_scale)
    if depth == 2:
        return ν + np.log(scale / before) * tangent
    # In units of the room for s, which the step would leave else: z = s α^(D-2).
    tangent = tangent + (depth - 2) * ν
    room = (scale / before) ** (2 - depth)
    for part in (1.0, 0.5, 0.25, 0.0):
        start: Array = room * (ν + part * np.log(scale / before) * tangent)
        if weights(x.T @ start, scale, depth) is not None:
            return start
    return ν


def _newton(x: Array, y: Array, ν: Array, scale: float, depth: int) -> tuple[Array, Array]:
    """Return ν and β where Xβ = y."""
    here = weights(x.T @ ν, scale, depth)
    assert here is not None, "starts have weights"
    tolerance = max(_TOLERANCE, _ROUNDINGS * np.finfo(float).eps * scale ** (2.0 - depth))
    for _ in range(_MOST_STEPS):
        residual = x @ here.β - y
        if np.abs(residual).max() <= tolerance * np.abs(y).max():
            return ν, here.β
        step = -np.linalg.solve((x * here.slope) @ x.T, residual)
        height, fall = here.potential - y @ ν, residual @ step
        for halving in range(_HALVINGS):
            part = 0.5**halving
            there = weights(x.T @ (ν + part * step), scale, depth)
            if there is None:
                continue
            lower = there.potential - y @ (ν + part * step) <= height + 1e-4 * part * fall
            # Near the end the potential falls by less than it is rounded by; the residual still tells.
            if lower or np.linalg.norm(x @ there.β - y) < 0.9 * np.linalg.norm(residual):
                ν, here = ν + part * step, there
                break
        else:
            break
    raise ArithmeticError(f"Newton's method has not converged at scale {scale:g} and depth {depth}")


def least_l2(x: Array, y: Array) -> Array:
    """Return the interpolator [d] of least ℓ2 norm, the limit α → ∞."""
    β: Array = x.T @ linalg.solve(x @ x.T, y, assume_a="pos")
    return β


def least_l1(x: Array, y: Array) -> Array:
    """Return the interpolator [d] of least ℓ1 norm, the limit α → 0: a linear program in β = β_+ - β_-."""
    d = x.shape[1]
    found = optimize.linprog(np.ones(2 * d), A_eq=np.hstack([x, -x]), b_eq=y, bounds=(0, None), method="highs")
    if not found.success:
        raise ArithmeticError(f"the linear program of least ℓ1 norm failed: {found.message}")
    β: Array = found.x[:d] - found.x[d:]
    return β


def penalty(ratio: Array, depth: int) -> Array:
    """Return q_D at ratios β/α^D ≥ 0, any shape: quadratic near zero, far out growing as |β| (D > 2) or |β| log |β|."""
    if depth == 2:
        exact = 2 - np.sqrt(4 + ratio**2) + ratio * np.arcsinh(ratio / 2)
        return np.where(ratio < _SERIES, ratio**2 / 4, exact)
    p = depth / (depth - 2)

    def h(gap: Array, ratio: Array) -> Array:
        return np.asarray(gap**-p - (2 - gap) ** -p - ratio)

    gap = elementwise.find_root(h, (np.full_like(ratio, 1e-300 ** (1 / p)), np.ones_like(ratio)), args=(ratio,)).x
    height = (gap ** (1 - p) + (2 - gap) ** (1 - p) - 2) / (p - 1)
    # Near zero the difference loses its digits, and the first term of the series in β/α^D has them all.
    return np.where(ratio < _SERIES, ratio**2 / (4 * p), ratio * (1 - gap) - height)
